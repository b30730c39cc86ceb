use std::time::Duration;

/// How much is taken on of an agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AcpLimits {
    /// How long it may take from its start until it has answered `initialize`. Adapters that load themselves first take
    /// their time.
    pub start: Duration,
    /// How long it may take to make a session.
    pub session: Duration,
    /// How long it may take to end a prompt that was cancelled, before the next one of the same chat is refused.
    pub stop: Duration,
    /// Bytes of one message of its.
    pub line_bytes: usize,
    /// Requests of its that are not answered yet; with so many it is not read any further.
    pub requests: usize,
    /// Updates of one prompt that wait to be told; likewise.
    pub updates: usize,
    /// Chats that it has a session for. One more, and that which was silent for longest begins anew the next time.
    pub talks: usize,
    /// Bytes of a file that it reads or writes.
    pub file_bytes: usize,
    /// Bytes of what comes along with one prompt.
    pub attached_bytes: usize,
    /// Bytes of an event that is told; of a larger one the contents are left out.
    pub event_bytes: usize,
}

impl Default for AcpLimits {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(60),
            session: Duration::from_secs(60),
            stop: Duration::from_secs(10),
            line_bytes: 16 << 20,
            requests: 64,
            updates: 256,
            talks: 64,
            file_bytes: 8 << 20,
            attached_bytes: 4 << 20,
            event_bytes: 128 << 10,
        }
    }
}
