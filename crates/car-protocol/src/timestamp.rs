use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment in UTC, with milliseconds; on the wire RFC 3339, for example `2026-01-02T03:04:05.678Z`.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// The moment so many milliseconds after 1970-01-01T00:00:00Z, held within the years -9999 to 9999.
    #[must_use]
    pub fn from_unix_millis(millis: i64) -> Self {
        let bounded = if millis < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        Self(jiff::Timestamp::from_millisecond(millis).unwrap_or(bounded))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Appends the moment as text.
    pub fn push_to(self, text: &mut String) {
        let millis = self.unix_millis();
        let usual = (0..FIVE_DIGITS).contains(&millis).then(|| usual(millis));
        match usual.as_ref().map(|text| str::from_utf8(text)) {
            Some(Ok(usual)) => text.push_str(usual),
            _ => text.push_str(&self.to_string()),
        }
    }
}

/// The first moment whose year has five digits, in milliseconds.
const FIVE_DIGITS: i64 = 253_402_300_800_000;

/// A moment of the years 1970 to 9999 as text. Every event and every result has one, so it is made without a formatter.
fn usual(millis: i64) -> [u8; 24] {
    const DAY: i64 = 86_400_000;
    let (day, time) = (millis / DAY, millis % DAY);
    // Days since the first of March of the year 0, so that the leap day is the last of its year; then the 400 years, in
    // which the calendar repeats itself, the year of them, and the month and day of that.
    let day = day + 719_468;
    let (cycle, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = 400 * cycle + year + next;
    let (hour, minute) = (time / 3_600_000, time / 60_000 % 60);
    let (second, milli) = (time / 1_000 % 60, time % 1_000);
    let digit = |number: i64| b'0' + u8::try_from(number % 10).unwrap_or_default();
    [
        digit(year / 1_000),
        digit(year / 100),
        digit(year / 10),
        digit(year),
        b'-',
        digit(month / 10),
        digit(month),
        b'-',
        digit(day / 10),
        digit(day),
        b'T',
        digit(hour / 10),
        digit(hour),
        b':',
        digit(minute / 10),
        digit(minute),
        b':',
        digit(second / 10),
        digit(second),
        b'.',
        digit(milli / 100),
        digit(milli / 10),
        digit(milli),
        b'Z',
    ]
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.unix_millis();
        if (0..FIVE_DIGITS).contains(&millis) {
            f.write_str(str::from_utf8(&usual(millis)).map_err(|_| fmt::Error)?)
        } else {
            write!(f, "{:.3}", self.0)
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .map(Self)
            .map_err(|error: jiff::Error| error.to_string())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.unix_millis();
        let usual = (0..FIVE_DIGITS).contains(&millis).then(|| usual(millis));
        match usual.as_ref().map(|text| str::from_utf8(text)) {
            Some(Ok(text)) => serializer.serialize_str(text),
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "RFC 3339, UTC, with milliseconds."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_always_written() {
        assert_eq!(
            Timestamp::from_unix_millis(0).to_string(),
            "1970-01-01T00:00:00.000Z"
        );
        assert_eq!(
            Timestamp::from_unix_millis(1_767_323_045_678).to_string(),
            "2026-01-02T03:04:05.678Z"
        );
    }

    #[test]
    fn every_day_of_every_year_is_written_as_the_library_would() {
        let written = |millis| {
            let moment = Timestamp::from_unix_millis(millis);
            let usual = serde_json::to_string(&moment).unwrap();
            assert_eq!(usual, format!("\"{:.3}\"", moment.0));
            assert_eq!(usual, format!("\"{moment}\""));
            let mut pushed = String::new();
            moment.push_to(&mut pushed);
            assert_eq!(usual, format!("\"{pushed}\""));
        };
        // A prime number of milliseconds, a little less than a day.
        (0..FIVE_DIGITS).step_by(86_399_981).for_each(written);
        for moment in [-1, 0, FIVE_DIGITS - 1, FIVE_DIGITS] {
            written(moment);
        }
    }

    #[test]
    fn offsets_are_read_and_the_range_is_held() {
        assert_eq!(
            "2026-01-02T04:04:05+01:00"
                .parse::<Timestamp>()
                .unwrap()
                .to_string(),
            "2026-01-02T03:04:05.000Z"
        );
        assert!(Timestamp::from_unix_millis(i64::MAX).unix_millis() > 0);
    }
}
