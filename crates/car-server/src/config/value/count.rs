//! Numbers of things.

use super::{OptionValue, Raw, Reading, expected};

/// How many of something there may be: at least one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Count(pub usize);

impl TryFrom<i64> for Count {
    type Error = ();

    fn try_from(number: i64) -> Result<Self, ()> {
        // Counters of the daemon have 32 bits where that saves memory.
        match u32::try_from(number) {
            Ok(number) if number > 0 => Ok(Self(number as usize)),
            _ => Err(()),
        }
    }
}

impl OptionValue for Count {
    const KIND: &'static str = "a whole number from 1";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        match raw {
            Raw::Integer(_) | Raw::Text(_) => super::integer(raw),
            _ => expected::<Self, _>(),
        }
    }

    fn raw(&self) -> Raw {
        Raw::Integer(i64::try_from(self.0).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_room_for_one() {
        assert_eq!(
            Count::read(&Raw::Integer(1), &Reading::default()),
            Ok(Count(1))
        );
        for number in [0, -1, 1 << 32] {
            assert!(Count::read(&Raw::Integer(number), &Reading::default()).is_err());
        }
    }
}
