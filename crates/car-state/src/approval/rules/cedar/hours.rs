//! The time of day where the daemon runs, as a person there reads it from a clock.

use car_protocol::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

/// A time of day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Hours {
    /// 0 to 23.
    pub(super) hour: i64,
    /// 0 to 59.
    pub(super) minute: i64,
    /// `monday` to `sunday`.
    pub(super) weekday: &'static str,
    /// Whether it is a Saturday or a Sunday.
    pub(super) weekend: bool,
}

impl Hours {
    /// The time of day at a moment.
    pub(super) fn at(moment: Timestamp, zone: &TimeZone) -> Self {
        let moment = jiff::Timestamp::from_millisecond(moment.unix_millis()).unwrap_or_default();
        let local = moment.to_zoned(zone.clone());
        let (weekday, weekend) = match local.weekday() {
            Weekday::Monday => ("monday", false),
            Weekday::Tuesday => ("tuesday", false),
            Weekday::Wednesday => ("wednesday", false),
            Weekday::Thursday => ("thursday", false),
            Weekday::Friday => ("friday", false),
            Weekday::Saturday => ("saturday", true),
            Weekday::Sunday => ("sunday", true),
        };
        Self {
            hour: local.hour().into(),
            minute: local.minute().into(),
            weekday,
            weekend,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_is_that_of_the_place() {
        // 2026-01-02T03:04:05Z, a Friday.
        let moment = Timestamp::from_unix_millis(1_767_323_045_000);
        let utc = Hours::at(moment, &TimeZone::UTC);
        assert_eq!((utc.hour, utc.minute, utc.weekday), (3, 4, "friday"));
        let west = TimeZone::fixed(jiff::tz::offset(-8));
        let there = Hours::at(moment, &west);
        assert_eq!(
            (there.hour, there.weekday, there.weekend),
            (19, "thursday", false)
        );
        let later = Timestamp::from_unix_millis(1_767_323_045_000 + 86_400_000);
        assert!(Hours::at(later, &TimeZone::UTC).weekend);
    }
}
