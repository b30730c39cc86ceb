use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::tools::RateLimit;
use parking_lot::Mutex;
use tokio::time::Instant;

/// A token bucket: `max_calls` at once, refilled evenly over the interval.
///
/// Kept as the one moment at which the bucket will be full again (the generic cell rate algorithm), on the runtime's
/// clock, which a test can pause. Whoever waits holds a place in the line.
#[derive(Debug)]
pub struct RateBucket {
    /// The time that one call takes to grow back.
    each: Duration,
    /// How far ahead of now the bucket may be spoken for without a wait.
    ahead: Duration,
    full_at: Mutex<Option<Instant>>,
}

impl RateBucket {
    /// A full bucket; `None` when the limit allows nothing or is no number.
    #[must_use]
    pub fn new(limit: &RateLimit) -> Option<Self> {
        if limit.max_calls == 0 || limit.interval_secs <= 0.0 {
            return None;
        }
        let each = Duration::try_from_secs_f64(limit.interval_secs).ok()? / limit.max_calls;
        Some(Self {
            each,
            ahead: each.checked_mul(limit.max_calls - 1)?,
            full_at: Mutex::new(None),
        })
    }

    /// Takes the next place.
    ///
    /// # Errors
    /// The place would come only after `patience`; none is taken then. The duration tells after how long it would come.
    pub fn reserve(self: &Arc<Self>, patience: Duration) -> Result<Reservation, Duration> {
        let now = Instant::now();
        let mut full_at = self.full_at.lock();
        let from = full_at.map_or(now, |at| at.max(now));
        let wait = (from - now).saturating_sub(self.ahead);
        if wait > patience {
            return Err(wait);
        }
        *full_at = from.checked_add(self.each);
        Ok(Reservation {
            bucket: Arc::clone(self),
            wait,
            used: false,
        })
    }
}

/// A place in the line. Dropped before it is used, it is free again.
#[derive(Debug)]
#[must_use]
pub struct Reservation {
    bucket: Arc<RateBucket>,
    wait: Duration,
    used: bool,
}

impl Reservation {
    /// How long until the call may be made.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// The call is made.
    pub fn use_up(mut self) {
        self.used = true;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.used {
            let mut full_at = self.bucket.full_at.lock();
            *full_at = full_at.and_then(|at| at.checked_sub(self.bucket.each));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn bucket(max_calls: u32, interval_secs: f64) -> Arc<RateBucket> {
        let limit = RateLimit {
            max_calls,
            interval_secs,
        };
        Arc::new(RateBucket::new(&limit).unwrap())
    }

    fn wait(bucket: &Arc<RateBucket>) -> u64 {
        let reservation = bucket.reserve(LONG).unwrap();
        let wait = u64::try_from(reservation.wait().as_millis()).unwrap();
        reservation.use_up();
        wait
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_calls_go_at_once_and_the_rest_evenly() {
        let bucket = bucket(2, 1.0);
        let waits: Vec<_> = (0..5).map(|_| wait(&bucket)).collect();
        assert_eq!(waits, [0, 0, 500, 1000, 1500]);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!([wait(&bucket), wait(&bucket), wait(&bucket)], [0, 0, 500]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_impatient_caller_takes_no_place() {
        let bucket = bucket(1, 60.0);
        assert_eq!(wait(&bucket), 0);
        for _ in 0..3 {
            let refused = bucket.reserve(Duration::from_secs(5)).unwrap_err();
            assert_eq!(refused, Duration::from_secs(60));
        }
        assert_eq!(wait(&bucket), 60_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_was_not_used_is_free_again() {
        let bucket = bucket(1, 60.0);
        drop(bucket.reserve(LONG).unwrap());
        assert_eq!(wait(&bucket), 0);
    }

    #[test]
    fn a_limit_that_allows_nothing_is_none() {
        for (max_calls, interval_secs) in
            [(0, 1.0), (1, 0.0), (1, -1.0), (1, f64::NAN), (1, f64::MAX)]
        {
            let limit = RateLimit {
                max_calls,
                interval_secs,
            };
            assert!(RateBucket::new(&limit).is_none(), "{limit:?}");
        }
    }
}
