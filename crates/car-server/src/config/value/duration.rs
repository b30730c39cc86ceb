//! Spans of time, always with their unit.

use std::time::Duration;

use super::{OptionValue, Raw, Reading, expected};

/// Milliseconds per unit, the longest first.
const UNITS: &[(&str, u64)] = &[
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl OptionValue for Duration {
    const KIND: &'static str = "a time with its unit, such as `500ms`, `10s`, `2m` or `1h`";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        let Raw::Text(text) = raw else {
            return expected::<Self, _>();
        };
        let text = text.trim();
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = &text[digits.len()..];
        let factor = UNITS.iter().find(|(name, _)| *name == unit);
        let number = digits.trim_end().parse::<u64>().ok();
        match (number, factor) {
            (Some(number), Some((_, factor))) => match number.checked_mul(*factor) {
                Some(millis) => Ok(Self::from_millis(millis)),
                None => expected::<Self, _>(),
            },
            _ => expected::<Self, _>(),
        }
    }

    fn raw(&self) -> Raw {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let fits = |factor: u64| millis.is_multiple_of(factor) && millis >= factor;
        let (unit, factor) = UNITS
            .iter()
            .find(|(_, factor)| fits(*factor))
            .unwrap_or(&("s", 1_000));
        Raw::Text(format!("{}{unit}", millis / factor))
    }
}

/// A time after which patience ends; never zero.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Deadline(pub Duration);

impl OptionValue for Deadline {
    const KIND: &'static str = Duration::KIND;

    fn read(raw: &Raw, reading: &Reading) -> Result<Self, String> {
        match Duration::read(raw, reading)? {
            Duration::ZERO => Err("expected more than no time at all".to_owned()),
            time => Ok(Self(time)),
        }
    }

    fn raw(&self) -> Raw {
        self.0.raw()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Duration, String> {
        Duration::read(&Raw::Text(text.to_owned()), &Reading::default())
    }

    #[test]
    fn a_time_is_said_in_its_largest_whole_unit() {
        for text in ["500ms", "10s", "90s", "2m", "1h", "0s"] {
            assert_eq!(read(text).unwrap().raw(), Raw::Text(text.to_owned()));
        }
        assert_eq!(read("120 s").unwrap().raw(), Raw::Text("2m".to_owned()));
    }

    #[test]
    fn a_time_without_its_unit_is_refused() {
        for text in [
            "10",
            "s",
            "",
            "1.5s",
            "-1s",
            "10 parsecs",
            "99999999999999999d",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(Duration::read(&Raw::Integer(10), &Reading::default()).is_err());
    }
}
