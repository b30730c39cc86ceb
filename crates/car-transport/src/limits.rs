//! Every bound of a connection and of the daemon, in one place.

use std::time::Duration;

use car_state::budget::DEFAULT_BUDGET;
use car_state::outbox::OutboxLimits;
use car_state::session::resume::ResumeLimits;

/// What one daemon takes on. All sizes are bytes.
///
/// ```
/// use car_transport::Limits;
///
/// let limits = Limits::default().with(|limits| limits.connections = 16);
/// assert_eq!(limits.message_bytes, 8 << 20);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at once, over all listeners. Further ones wait in the backlog of their listener until one ends.
    pub connections: usize,
    /// The longest message of an authenticated connection. Beyond it: close code 1009.
    pub message_bytes: usize,
    /// The longest message before authentication. Beyond it: close code 1009.
    pub pre_auth_message_bytes: usize,
    /// What a connection may have under way and unwritten.
    pub outbox: OutboxLimits,
    /// How long and how much is kept of sessions whose connection was lost.
    pub session: ResumeLimits,
    /// What waits for all connections and what all streams hold in memory, together. Beyond it whoever holds most pays
    /// first.
    pub memory_budget_bytes: usize,
    /// Calls of one connection that wait for a person. Beyond it the answer is `overloaded`.
    pub parked_approvals: usize,

    /// How long the peer may take for the head of an HTTP request, the one that upgrades included.
    pub header_timeout: Duration,
    /// How long the head of an HTTP request may be.
    pub header_bytes: usize,
    /// From the upgrade to a successful authentication, where authentication is on.
    pub auth_deadline: Duration,
    /// After a failed authentication was answered: how long nothing more is read from the connection, which limits
    /// how fast it can guess.
    pub auth_failure_delay: Duration,
    /// Failed authentications of one connection; the last of them closes it.
    pub auth_failures: u32,
    /// Between two pings to the peer.
    pub ping_interval: Duration,
    /// How long nothing at all may come from the peer before it counts as dead. Time in which this machine was
    /// suspended is not silence.
    pub silence: Duration,
    /// How long one batch of frames may take to be written.
    pub write_deadline: Duration,
    /// After our close frame: how long to wait for the peer's.
    pub close_deadline: Duration,
    /// How long the calls that run at shutdown may take.
    pub drain: Duration,

    /// The block that a connection reads into, which it keeps.
    pub read_buffer_bytes: usize,
    /// How much is collected before it is written without being flushed.
    pub write_threshold_bytes: usize,
    /// How often a connection that was just busy looks for the next frame before its thread may sleep, about a
    /// microsecond each. A peer that does not answer that fast is soon not waited for. It helps where a connection stays
    /// on the thread that watches its socket, as in the daemon. 0 turns it off.
    pub linger_looks: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            message_bytes: 8 << 20,
            pre_auth_message_bytes: 64 << 10,
            outbox: OutboxLimits::default(),
            session: ResumeLimits::default(),
            memory_budget_bytes: DEFAULT_BUDGET,
            parked_approvals: 64,
            header_timeout: Duration::from_secs(10),
            header_bytes: 16 << 10,
            auth_deadline: Duration::from_secs(10),
            auth_failure_delay: Duration::from_millis(500),
            auth_failures: 5,
            ping_interval: Duration::from_secs(30),
            silence: Duration::from_secs(90),
            write_deadline: Duration::from_secs(10),
            close_deadline: Duration::from_secs(2),
            drain: Duration::from_secs(10),
            read_buffer_bytes: 4 << 10,
            write_threshold_bytes: 16 << 10,
            linger_looks: 48,
        }
    }
}

impl Limits {
    /// The same with some of them changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}
