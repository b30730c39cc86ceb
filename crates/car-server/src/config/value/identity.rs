//! Limits of identities: one for all classes, and others for some of them.

use std::num::NonZeroU32;

use car_state::quota::Class;

use super::{Count, OptionValue, Raw, Reading, expected};

/// A value for every class of identities.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PerClass<T> {
    usual: T,
    /// In the order of [`Class::ALL`]; none for what is usual.
    others: [Option<T>; Class::ALL.len()],
}

impl<T: Copy> PerClass<T> {
    /// The same for all.
    #[must_use]
    pub fn all(usual: T) -> Self {
        Self {
            usual,
            others: [None; Class::ALL.len()],
        }
    }

    /// Another one for a class.
    #[must_use]
    pub fn but(mut self, class: Class, value: T) -> Self {
        if let Some(other) = self.others.get_mut(class as usize) {
            *other = Some(value);
        }
        self
    }

    /// The one of a class.
    #[must_use]
    pub fn of(&self, class: Class) -> T {
        let other = self.others.get(class as usize).copied().flatten();
        other.unwrap_or(self.usual)
    }
}

/// What can be limited for each identity.
pub trait Limited: OptionValue + Copy {
    /// What a list of values for classes looks like.
    const LIST: &'static str;
}

impl Limited for Count {
    const LIST: &'static str = "a whole number from 1, and `class=number` for those of `client`, `host`, `agent` and `anonymous` that are to have another one";
}

impl Limited for Rate {
    const LIST: &'static str = "a whole number from 1 or `unlimited`, and `class=number` for those of `client`, `host`, `agent` and `anonymous` that are to have another one";
}

impl<T: Limited> OptionValue for PerClass<T> {
    const KIND: &'static str = T::LIST;
    const IS_LIST: bool = true;

    fn read(raw: &Raw, reading: &Reading) -> Result<Self, String> {
        let one = std::slice::from_ref(raw);
        let values = match raw {
            Raw::List(values) => values,
            _ => one,
        };
        let (mut usual, mut others) = (None, [None; Class::ALL.len()]);
        for value in values {
            let (place, value) = match value {
                Raw::Text(text) if let Some((name, value)) = text.split_once('=') => {
                    let named = |class: &Class| class.as_str() == name.trim();
                    let class = Class::ALL.into_iter().find(named);
                    let place = class.and_then(|class| others.get_mut(class as usize));
                    let Some(place) = place else {
                        return Err(format!("there is no class `{}`", name.trim()));
                    };
                    (
                        place,
                        T::read(&Raw::Text(value.trim().to_owned()), reading)?,
                    )
                }
                value => (&mut usual, T::read(value, reading)?),
            };
            if place.replace(value).is_some() {
                return Err("one of them has two values".to_owned());
            }
        }
        match usual {
            Some(usual) => Ok(Self { usual, others }),
            None => expected::<Self, _>(),
        }
    }

    fn raw(&self) -> Raw {
        let others = Class::ALL.into_iter().zip(&self.others);
        let said = others.filter_map(|(class, other)| {
            let value = other.as_ref()?.raw();
            Some(Raw::Text(format!("{}={value}", class.as_str())))
        });
        let values: Vec<_> = [self.usual.raw()].into_iter().chain(said).collect();
        match <[Raw; 1]>::try_from(values) {
            Ok([usual]) => usual,
            Err(values) => Raw::List(values),
        }
    }
}

/// So many a second, or as many as come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate(pub Option<NonZeroU32>);

impl OptionValue for Rate {
    const KIND: &'static str = "a whole number from 1, or `unlimited`";

    fn read(raw: &Raw, reading: &Reading) -> Result<Self, String> {
        match raw {
            Raw::Text(text) if text == "unlimited" => Ok(Self(None)),
            raw => match Count::read(raw, reading) {
                Ok(Count(number)) => Ok(Self(u32::try_from(number).ok().and_then(NonZeroU32::new))),
                Err(_) => expected::<Self, _>(),
            },
        }
    }

    fn raw(&self) -> Raw {
        match self.0 {
            Some(rate) => Raw::Integer(rate.get().into()),
            None => Raw::Text("unlimited".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Limited>(raw: Raw) -> Result<PerClass<T>, String> {
        PerClass::read(&raw, &Reading::default())
    }

    fn text(text: &str) -> Raw {
        Raw::Text(text.to_owned())
    }

    #[test]
    fn one_number_is_for_all_and_a_class_may_have_its_own() {
        let all: PerClass<Count> = read(Raw::Integer(7)).unwrap();
        assert_eq!(all.raw(), Raw::Integer(7));
        assert_eq!(all.of(Class::Host), Count(7));
        let list = Raw::List(vec![text("anonymous = 1"), Raw::Integer(7)]);
        let some: PerClass<Count> = read(list).unwrap();
        assert_eq!(some.of(Class::Anonymous), Count(1));
        assert_eq!(some.of(Class::Client), Count(7));
        assert_eq!(read(some.raw()), Ok(some));
    }

    #[test]
    fn a_rate_may_be_unlimited() {
        let list = Raw::List(vec![text("unlimited"), text("client=200")]);
        let rate: PerClass<Rate> = read(list).unwrap();
        assert_eq!(rate.of(Class::Host), Rate(None));
        assert_eq!(rate.of(Class::Client), Rate(NonZeroU32::new(200)));
        assert_eq!(read(rate.raw()), Ok(rate));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for (raw, wanted) in [
            (vec![text("host=1")], "expected a whole number"),
            (vec![Raw::Integer(1), Raw::Integer(2)], "two values"),
            (vec![Raw::Integer(1), text("guest=2")], "no class `guest`"),
            (vec![Raw::Integer(0)], "expected a whole number"),
        ] {
            let error = read::<Count>(Raw::List(raw)).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
