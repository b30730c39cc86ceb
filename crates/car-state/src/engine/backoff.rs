use std::time::Duration;

use super::EngineLimits;
use crate::clock::IdSource;

/// The longest delay after so many failed attempts: it doubles with each, up to a bound.
fn longest(limits: &EngineLimits, failed: u32) -> Duration {
    let doublings = failed.saturating_sub(1).min(31);
    limits
        .first_backoff
        .saturating_mul(1 << doublings)
        .min(limits.longest_backoff)
}

/// The delay after so many failed attempts: anything from none to the longest, so that those who failed together do
/// not come back together. The chance comes from the id source, which a test can pin.
pub(super) fn delay(limits: &EngineLimits, failed: u32, ids: &dyn IdSource) -> Duration {
    let bits = u64::from_str_radix(&ids.hex12(), 16).unwrap_or(0) & 0xffff_ffff;
    let millis = u64::try_from(longest(limits, failed).as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(((u128::from(millis) * u128::from(bits)) >> 32) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::RandomIds;

    #[test]
    fn the_longest_delay_doubles_up_to_its_bound() {
        let limits = EngineLimits::default();
        let millis: Vec<_> = [1, 2, 3, 7, 8, 100, u32::MAX]
            .map(|n| longest(&limits, n).as_millis())
            .into();
        assert_eq!(millis, [100, 200, 400, 6_400, 10_000, 10_000, 10_000]);
    }

    #[test]
    fn delays_spread_over_the_whole_range() {
        let limits = EngineLimits::default();
        let delays: Vec<_> = (0..500).map(|_| delay(&limits, 100, &RandomIds)).collect();
        assert!(delays.iter().all(|delay| *delay <= limits.longest_backoff));
        assert!(delays.iter().any(|delay| *delay < Duration::from_secs(3)));
        assert!(delays.iter().any(|delay| *delay > Duration::from_secs(7)));
    }
}
