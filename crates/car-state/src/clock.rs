//! Wall time and ids: the two sources of values that a test must be able to pin.

use std::cell::RefCell;
use std::fmt::Debug;
use std::mem;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use car_protocol::Timestamp;
use car_protocol::trace::SpanId;

/// Tells the wall time. Durations and deadlines use `tokio::time`, which tests may pause.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where wall time comes from"
        )]
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still, for tests.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Makes the random part of ids.
pub trait IdSource: Debug + Send + Sync + 'static {
    /// 48 fresh bits, as 12 hex digits.
    fn hex12(&self) -> String;

    /// `prefix` and 12 hex digits: `approval-0f3a…`.
    fn prefixed(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.hex12())
    }

    /// The id of a step in a trace.
    fn span_id(&self) -> SpanId {
        let number = u64::from_str_radix(&self.hex12(), 16).ok();
        SpanId::new(number.and_then(NonZeroU64::new).unwrap_or(NonZeroU64::MIN))
    }
}

/// Ids that nobody can guess, from the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn hex12(&self) -> String {
        let word = RANDOM.with_borrow_mut(Random::word);
        format!("{:012x}", word & 0xffff_ffff_ffff)
    }
}

/// Random words that a thread has fetched ahead: an id of its own would cost a call of the operating system.
struct Random {
    words: [u64; 32],
    left: usize,
}

thread_local! {
    static RANDOM: RefCell<Random> = const { RefCell::new(Random { words: [0; 32], left: 0 }) };
}

impl Random {
    /// The next word. None is given twice.
    fn word(&mut self) -> u64 {
        if self.left == 0 {
            self.fetch();
        }
        self.left = self.left.saturating_sub(1);
        self.words
            .get_mut(self.left)
            .map(mem::take)
            .unwrap_or_default()
    }

    fn fetch(&mut self) {
        let mut bytes = [0_u8; 256];
        let failed = getrandom::fill(&mut bytes).is_err();
        for (word, bytes) in self.words.iter_mut().zip(bytes.chunks_exact(8)) {
            // Without entropy from the system, ids stay unique for the process; secrets never come from here.
            static FALLBACK: AtomicU64 = AtomicU64::new(1);
            let random = bytes.try_into().map_or(0, u64::from_ne_bytes);
            *word = if failed {
                FALLBACK.fetch_add(1, Ordering::Relaxed)
            } else {
                random
            };
        }
        self.left = self.words.len();
    }
}

/// Ids that count, for tests.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl IdSource for CountingIds {
    fn hex12(&self) -> String {
        format!("{:012x}", self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_random_id_comes_twice() {
        let ids: HashSet<_> = (0..1000).map(|_| RandomIds.hex12()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 12));
    }
}
