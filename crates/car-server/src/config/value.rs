//! The types that an option can have: how each is read, and how it is said.

mod count;
mod door;
mod duration;
mod gate;
mod identity;
mod log;
mod policy;
mod recogniser;
mod route;
mod size;

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

pub use count::Count;
pub use door::{AllowedHost, AllowedOrigin};
pub use duration::Deadline;
pub use gate::MethodName;
pub use identity::{Limited, PerClass, Rate};
pub use log::{LogFilter, LogFormat};
pub use policy::Policy;
pub use recogniser::Recogniser;
pub use route::RouteWord;
pub use size::ByteSize;

use super::Raw;

/// What a value may need to know about the source that it stands in.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What `~` means.
    pub user_home: Option<PathBuf>,
    /// What relative paths are relative to; the working folder of the process if nothing is said.
    pub base: Option<PathBuf>,
}

/// A type that an option can have.
pub trait OptionValue: Sized {
    /// What values look like, for a person: "a port number, 0 to 65535".
    const KIND: &'static str;
    /// Whether several values may be given.
    const IS_LIST: bool = false;

    /// Reads a value.
    ///
    /// # Errors
    /// What would have been right, as the end of a sentence about the value.
    fn read(raw: &Raw, reading: &Reading) -> Result<Self, String>;

    /// Says the value so that [`read`](Self::read) reads the same again.
    fn raw(&self) -> Raw;
}

/// The usual refusal.
fn expected<T: OptionValue, R>() -> Result<R, String> {
    Err(format!("expected {}", T::KIND))
}

impl OptionValue for bool {
    const KIND: &'static str = "`true` or `false`";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        match raw {
            Raw::Switch(on) => Ok(*on),
            Raw::Text(text) => match text.to_ascii_lowercase().as_str() {
                "1" | "true" | "yes" | "on" => Ok(true),
                "0" | "false" | "no" | "off" => Ok(false),
                _ => expected::<Self, _>(),
            },
            _ => expected::<Self, _>(),
        }
    }

    fn raw(&self) -> Raw {
        Raw::Switch(*self)
    }
}

/// Reads a whole number.
fn integer<T: TryFrom<i64> + OptionValue>(raw: &Raw) -> Result<T, String> {
    let number = match raw {
        Raw::Integer(number) => Some(*number),
        Raw::Text(text) => text.replace('_', "").parse().ok(),
        _ => None,
    };
    match number.and_then(|number| T::try_from(number).ok()) {
        Some(number) => Ok(number),
        None => expected::<T, _>(),
    }
}

impl OptionValue for u16 {
    const KIND: &'static str = "a number from 0 to 65535";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        integer(raw)
    }

    fn raw(&self) -> Raw {
        Raw::Integer((*self).into())
    }
}

impl OptionValue for IpAddr {
    const KIND: &'static str = "an IP address";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        match raw {
            Raw::Text(text) if text == "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
            Raw::Text(text) => text
                .trim_matches(['[', ']'])
                .parse()
                .or_else(|_| expected::<Self, _>()),
            _ => expected::<Self, _>(),
        }
    }

    fn raw(&self) -> Raw {
        Raw::Text(self.to_string())
    }
}

impl OptionValue for PathBuf {
    const KIND: &'static str = "a path; `~` is the user's home folder";

    fn read(raw: &Raw, reading: &Reading) -> Result<Self, String> {
        let Raw::Text(text) = raw else {
            return expected::<Self, _>();
        };
        if text.is_empty() {
            return expected::<Self, _>();
        }
        let rest = if text == "~" {
            Some("")
        } else {
            text.strip_prefix("~/")
        };
        let path = match (rest, &reading.user_home) {
            (Some(rest), Some(home)) => home.join(rest),
            (Some(_), None) => return Err("the user's home folder is unknown".to_owned()),
            (None, _) => match &reading.base {
                Some(base) => base.join(text),
                None => PathBuf::from(text),
            },
        };
        std::path::absolute(&path)
            .map(|path| path.components().collect())
            .map_err(|error| format!("the path cannot be made absolute: {error}"))
    }

    fn raw(&self) -> Raw {
        text_of(self)
    }
}

fn text_of(path: &Path) -> Raw {
    Raw::Text(path.to_string_lossy().into_owned())
}

impl OptionValue for String {
    const KIND: &'static str = "text";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        match raw {
            Raw::Text(text) if !text.is_empty() => Ok(text.clone()),
            _ => expected::<Self, _>(),
        }
    }

    fn raw(&self) -> Raw {
        Raw::Text(self.clone())
    }
}

impl<T: OptionValue> OptionValue for Vec<T> {
    const KIND: &'static str = T::KIND;
    const IS_LIST: bool = true;

    fn read(raw: &Raw, reading: &Reading) -> Result<Self, String> {
        match raw {
            Raw::List(values) => values.iter().map(|value| T::read(value, reading)).collect(),
            single => Ok(vec![T::read(single, reading)?]),
        }
    }

    fn raw(&self) -> Raw {
        Raw::List(self.iter().map(T::raw).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T: OptionValue>(text: &str) -> Result<T, String> {
        let reading = Reading {
            user_home: Some("/u/ada".into()),
            base: Some("/etc/car".into()),
        };
        T::read(&Raw::Text(text.to_owned()), &reading)
    }

    #[test]
    fn a_switch_understands_what_people_write() {
        assert_eq!(text("1"), Ok(true));
        assert_eq!(text("Off"), Ok(false));
        assert_eq!(
            text::<bool>("maybe").unwrap_err(),
            "expected `true` or `false`"
        );
    }

    #[test]
    fn a_port_beyond_its_range_is_refused() {
        assert_eq!(
            text::<u16>("65536").unwrap_err(),
            "expected a number from 0 to 65535"
        );
        assert!(u16::read(&Raw::Integer(-1), &Reading::default()).is_err());
    }

    #[test]
    #[cfg(unix)]
    fn a_path_may_start_at_home_or_beside_the_file() {
        assert_eq!(text("~/x"), Ok(PathBuf::from("/u/ada/x")));
        assert_eq!(text("run/s"), Ok(PathBuf::from("/etc/car/run/s")));
        assert_eq!(text("/a/./b/"), Ok(PathBuf::from("/a/b")));
    }

    #[test]
    fn an_address_may_be_called_localhost() {
        assert_eq!(text("localhost"), Ok(IpAddr::from(Ipv4Addr::LOCALHOST)));
        assert_eq!(
            text("[::1]"),
            Ok(IpAddr::from(std::net::Ipv6Addr::LOCALHOST))
        );
    }
}
