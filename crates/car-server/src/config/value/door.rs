//! Who may knock: names of this machine, and web pages.

use car_transport::handshake::Rules;

use super::{OptionValue, Raw, Reading, expected};

/// A name or address under which clients reach the daemon.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AllowedHost(String);

impl AllowedHost {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl OptionValue for AllowedHost {
    const KIND: &'static str = "a host name or address without a port, such as `car.example.org`";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        match raw {
            Raw::Text(text) if Rules::default().allow_host(text).is_ok() => Ok(Self(text.clone())),
            _ => expected::<Self, _>(),
        }
    }

    fn raw(&self) -> Raw {
        Raw::Text(self.0.clone())
    }
}

/// A web page, by its origin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AllowedOrigin(String);

impl AllowedOrigin {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl OptionValue for AllowedOrigin {
    const KIND: &'static str = "an origin as a browser writes it, such as `https://example.org` or `http://localhost:5173`";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        match raw {
            Raw::Text(text) if Rules::default().allow_origin(text).is_ok() => {
                Ok(Self(text.clone()))
            }
            _ => expected::<Self, _>(),
        }
    }

    fn raw(&self) -> Raw {
        Raw::Text(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_that_no_browser_writes_is_refused() {
        let read =
            |text: &str| AllowedOrigin::read(&Raw::Text(text.to_owned()), &Reading::default());
        assert!(read("http://localhost:5173").is_ok());
        assert!(read("*").is_err() && read("localhost").is_err() && read("http://a/b").is_err());
    }
}
