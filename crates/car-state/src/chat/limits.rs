use std::time::Duration;

/// How much is taken on of chats.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChatLimits {
    /// How long an agent may take to take a prompt.
    pub ack: Duration,
    /// How long an agent may be silent, at most and usually. While a person is asked it may be silent for longer.
    pub idle: Duration,
    /// How long a turn may take in all, at most and usually; waiting for others of its chat is a part of it.
    pub total: Duration,
    /// Chats that are remembered; those that nothing runs in are forgotten first, the oldest before. What was said in
    /// them is kept all the same.
    pub chats: usize,
    /// Turns of one chat that wait.
    pub waiting: usize,
    /// Bytes of a prompt.
    pub prompt_bytes: usize,
    /// Bytes of what an agent says that are kept of one turn.
    pub text_bytes: usize,
    /// Bytes of one event.
    pub event_bytes: usize,
    /// Turns that are kept of one chat.
    pub kept_of_chat: usize,
    /// Turns that are kept in all.
    pub kept: usize,
    /// How long they are kept.
    pub age: Duration,
}

impl Default for ChatLimits {
    fn default() -> Self {
        Self {
            ack: Duration::from_secs(5),
            idle: Duration::from_secs(5 * 60),
            total: Duration::from_secs(60 * 60),
            chats: 1_000,
            waiting: 16,
            prompt_bytes: 1 << 20,
            text_bytes: 1 << 20,
            event_bytes: 256 << 10,
            kept_of_chat: 200,
            kept: 10_000,
            age: Duration::from_secs(30 * 24 * 3_600),
        }
    }
}
