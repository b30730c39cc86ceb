use std::fmt;
#[cfg(unix)]
use std::path::PathBuf;
use std::str::FromStr;

use http::Uri;
use http::uri::Authority;
use thiserror::Error;

/// Where a daemon listens.
///
/// Read from `ws://host[:port][/path]` and, on Unix, from `unix:/path/of/the/socket`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Target {
    /// A TCP port.
    Tcp {
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
        /// The path of the request, with its query.
        path: String,
    },
    /// A Unix socket.
    #[cfg(unix)]
    Unix {
        /// The socket.
        path: PathBuf,
    },
}

/// A text that names no target.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum InvalidTarget {
    /// TLS is not spoken: a daemon is on this machine, or behind a tunnel.
    #[error("`{0}`: wss is not supported; use ws:// on this machine or through a tunnel")]
    Tls(String),
    /// Something else.
    #[error("`{0}` is not an address: write ws://host:port or unix:/path")]
    Unknown(String),
}

impl Target {
    /// A port of this machine.
    #[must_use]
    pub fn loopback(port: u16) -> Self {
        Self::Tcp {
            host: "127.0.0.1".to_owned(),
            port,
            path: "/".to_owned(),
        }
    }

    /// A Unix socket.
    #[cfg(unix)]
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::Unix { path: path.into() }
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || InvalidTarget::Unknown(text.to_owned());
        #[cfg(unix)]
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() {
                Err(unknown())
            } else {
                Ok(Self::unix(path))
            };
        }
        let uri: Uri = text.parse().map_err(|_| unknown())?;
        match uri.scheme_str() {
            Some("ws") => {}
            Some("wss") => return Err(InvalidTarget::Tls(text.to_owned())),
            _ => return Err(unknown()),
        }
        let authority = uri.authority().ok_or_else(unknown)?;
        if authority.as_str().contains('@') || !has_proper_port(authority) {
            return Err(unknown());
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        if host.is_empty() {
            return Err(unknown());
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self::Tcp {
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(80),
            path: path.to_owned(),
        })
    }
}

/// Whether the authority has no port, or one that is a number of 16 bits.
fn has_proper_port(authority: &Authority) -> bool {
    authority.as_str() == authority.host() || authority.port_u16().is_some()
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port, path } if host.contains(':') => {
                write!(f, "ws://[{host}]:{port}{path}")
            }
            Self::Tcp { host, port, path } => write!(f, "ws://{host}:{port}{path}"),
            #[cfg(unix)]
            Self::Unix { path } => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_shown_the_same() {
        for text in [
            "ws://127.0.0.1:9100/",
            "ws://[::1]:9100/",
            "ws://localhost:9100/ws?a=b",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_an_address_leaves_out_is_filled_in() {
        assert_eq!("ws://127.0.0.1:9100".parse(), Ok(Target::loopback(9100)));
        assert_eq!(
            "ws://localhost".parse::<Target>().unwrap().to_string(),
            "ws://localhost:80/"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_unix_socket_has_two_spellings() {
        let target = Target::unix("/run/car.sock");
        assert_eq!("unix:/run/car.sock".parse(), Ok(target.clone()));
        assert_eq!("unix:///run/car.sock".parse(), Ok(target));
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_right_spelling() {
        for text in [
            "",
            "127.0.0.1:9100",
            "http://localhost",
            "ws://",
            "ws:///",
            "ws://u@localhost",
            "ws://a:b",
            "ws://a:",
            "ws://a:70000",
            "unix:",
        ] {
            assert!(
                matches!(text.parse::<Target>(), Err(InvalidTarget::Unknown(_))),
                "{text}"
            );
        }
        assert!(matches!(
            "wss://a".parse::<Target>(),
            Err(InvalidTarget::Tls(_))
        ));
    }
}
