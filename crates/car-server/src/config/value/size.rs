//! Amounts of memory.

use super::{OptionValue, Raw, Reading, expected};

/// Bytes per unit, the largest first.
const UNITS: &[(&str, usize)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("", 1),
];

/// A number of bytes, at least one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ByteSize(pub usize);

impl OptionValue for ByteSize {
    const KIND: &'static str = "a number of bytes, or a size such as `64KiB` or `8MiB`";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        let text = match raw {
            Raw::Integer(number) => number.to_string(),
            Raw::Text(text) => text.trim().to_owned(),
            _ => return expected::<Self, _>(),
        };
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = &text[digits.len()..];
        let factor = UNITS.iter().find(|(name, _)| *name == unit);
        let number = digits.trim_end().parse::<usize>().ok();
        match number.zip(factor).and_then(|(n, (_, f))| n.checked_mul(*f)) {
            Some(bytes) if bytes > 0 => Ok(Self(bytes)),
            _ => expected::<Self, _>(),
        }
    }

    fn raw(&self) -> Raw {
        let fits = |factor: usize| self.0.is_multiple_of(factor) && self.0 >= factor;
        match UNITS.iter().find(|(_, factor)| fits(*factor)) {
            Some((unit, factor)) if *factor > 1 => Raw::Text(format!("{}{unit}", self.0 / factor)),
            _ => Raw::Integer(i64::try_from(self.0).unwrap_or(i64::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ByteSize, String> {
        ByteSize::read(&Raw::Text(text.to_owned()), &Reading::default())
    }

    #[test]
    fn a_size_is_said_in_its_largest_whole_unit() {
        assert_eq!(read("8 MiB").unwrap(), ByteSize(8 << 20));
        assert_eq!(ByteSize(64 << 10).raw(), Raw::Text("64KiB".to_owned()));
        assert_eq!(ByteSize(1025).raw(), Raw::Integer(1025));
    }

    #[test]
    fn an_unknown_unit_is_refused() {
        for text in ["8MB", "0", "-1", "MiB", "99999999999GiB"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
