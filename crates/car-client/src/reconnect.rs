//! How a lost connection is made again, and what the embedding program hears of that.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use car_protocol::rpc::events::Cursor;
use tokio::sync::watch;

/// How a client comes back after a lost connection. See [`ClientBuilder::resume`](crate::ClientBuilder::resume).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reconnect {
    /// How long the daemon is asked to keep the session without a connection; as long as it allows when left out.
    pub grace: Option<Duration>,
    /// How long to try, counted from the moment in which the loss is noticed; as long as the daemon keeps the session
    /// when left out. Beyond that time a new session is begun, where this is longer.
    pub limit: Option<Duration>,
    /// The longest pause before the first attempt. It doubles with each attempt.
    pub first: Duration,
    /// The longest pause of all. What is waited is drawn between nothing and the longest pause, so that those who lost a
    /// daemon together do not come back together.
    pub longest: Duration,
    /// A connection on which nothing came for so long counts as lost. Before that the daemon is asked for a sign.
    pub silence: Duration,
}

impl Default for Reconnect {
    /// Pauses of 100 ms to 5 s, and 90 s of silence.
    fn default() -> Self {
        Self {
            grace: None,
            limit: None,
            first: Duration::from_millis(100),
            longest: Duration::from_secs(5),
            silence: Duration::from_secs(90),
        }
    }
}

/// The pauses between attempts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    limit: Duration,
    /// Attempts so far.
    pub(crate) attempt: u32,
}

impl Backoff {
    pub(crate) fn new(options: &Reconnect, limit: Duration) -> Self {
        Self {
            first: options.first,
            longest: options.longest,
            limit,
            attempt: 0,
        }
    }

    /// How long to wait before the next attempt, `elapsed` after the loss; none where it is time to give up. `random` is
    /// drawn anew each time.
    pub(crate) fn next(&mut self, elapsed: Duration, random: u64) -> Option<Duration> {
        let left = self.limit.checked_sub(elapsed)?;
        if left.is_zero() {
            return None;
        }
        let doubled = 1_u32.checked_shl(self.attempt).unwrap_or(u32::MAX);
        let most = self.first.saturating_mul(doubled).min(self.longest);
        self.attempt = self.attempt.saturating_add(1);
        let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        let pause = Duration::from_nanos(random % most.saturating_add(1).max(1));
        Some(pause.min(left))
    }
}

/// A number that nobody can foresee, which is all that is asked of it here.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// How a client stands with its daemon.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConnectionState {
    /// On its first connection.
    Connected,
    /// The connection is lost, and it tries for the so many-th time to make it again.
    Reconnecting {
        /// 1 for the first attempt.
        attempt: u32,
    },
    /// On another connection.
    Resumed(Resumption),
    /// Without a connection, and it tries no more.
    Lost {
        /// Why, for a person.
        reason: String,
    },
    /// Ended as this program, or the daemon on its behalf, wanted.
    Closed,
}

/// What is there after a connection was made again.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Resumption {
    /// Whether it is another session: the daemon did not keep the one of before. What could be said again was.
    pub begun_anew: bool,
    /// Whether the daemon was started again meanwhile.
    pub restarted: bool,
    /// What is as before, by the names of `session.resume`, and what this client has registered again.
    pub restored: Vec<String>,
    /// What is gone.
    pub lost: Vec<String>,
    /// The streams in which what came next is no longer kept, and the place before the oldest event that is. A
    /// [`Subscription`](crate::Subscription) is told as well, and goes on from there.
    pub resync: BTreeMap<String, Cursor>,
}

/// The states of a connection, as they come. One that is over before anybody looks is left out.
pub struct ConnectionStates(pub(crate) watch::Receiver<ConnectionState>);

impl ConnectionStates {
    /// How things are.
    #[must_use]
    pub fn current(&self) -> ConnectionState {
        self.0.borrow().clone()
    }

    /// The next state after the one that was seen last; `None` after the last one.
    pub async fn next(&mut self) -> Option<ConnectionState> {
        self.0.changed().await.ok()?;
        Some(self.0.borrow_and_update().clone())
    }
}

impl fmt::Debug for ConnectionStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConnectionStates")
            .field(&self.current())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff(limit: u64) -> Backoff {
        Backoff::new(&Reconnect::default(), Duration::from_secs(limit))
    }

    #[test]
    fn a_pause_is_drawn_below_a_bound_that_doubles_up_to_the_longest() {
        let mut backoff = backoff(u64::MAX);
        let mut bounds = Vec::new();
        for _ in 0..40 {
            // The bound itself is the largest that can be drawn.
            let most = (0..64).map(|bits| {
                let mut copy = backoff;
                copy.next(Duration::ZERO, u64::MAX >> bits).unwrap()
            });
            bounds.push(most.max().unwrap());
            let least = backoff.next(Duration::ZERO, 0).unwrap();
            assert_eq!(least, Duration::ZERO);
        }
        assert!(bounds.iter().all(|most| *most <= Duration::from_secs(5)));
        assert!(bounds[0] <= Duration::from_millis(100));
        assert_eq!(backoff.attempt, 40);
    }

    #[test]
    fn a_pause_ends_with_the_limit_and_none_follows() {
        let mut backoff = backoff(10);
        let just_before = Duration::from_millis(9_999);
        let pause = backoff.next(just_before, 50_000_000).unwrap();
        assert_eq!(pause, Duration::from_millis(1));
        assert_eq!(backoff.next(Duration::from_secs(10), 0), None);
        assert_eq!(backoff.next(Duration::from_secs(11), 0), None);
    }

    #[test]
    fn a_client_that_is_not_to_try_does_not() {
        assert_eq!(backoff(0).next(Duration::ZERO, 0), None);
    }
}
