//! Names of the routes to a person.

use std::fmt;

use car_state::approval::route::RouteName;

use super::{OptionValue, Raw, Reading, expected};

/// A route by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RouteWord(pub RouteName);

impl RouteWord {
    /// Every route.
    pub(crate) fn all() -> Vec<Self> {
        RouteName::ALL.map(Self).to_vec()
    }
}

impl fmt::Display for RouteWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl OptionValue for RouteWord {
    const KIND: &'static str = "`desktop` or `command`";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        let Raw::Text(said) = raw else {
            return expected::<Self, _>();
        };
        match RouteName::named(said) {
            Some(route) => Ok(Self(route)),
            None => expected::<Self, _>(),
        }
    }

    fn raw(&self) -> Raw {
        Raw::Text(self.0.as_str().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_read_by_its_name() {
        let read = |text: &str| RouteWord::read(&Raw::Text(text.to_owned()), &Reading::default());
        assert_eq!(read("command"), Ok(RouteWord(RouteName::Command)));
        assert_eq!(
            read("pigeon"),
            Err("expected `desktop` or `command`".to_owned())
        );
    }
}
