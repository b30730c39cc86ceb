use std::collections::HashSet;

use http::Uri;
use http::header::{HOST, ORIGIN};
use http::request::Parts;
use thiserror::Error;

use super::host::Host;
use super::{Rejection, only};

/// Which hosts are served and which origins may connect.
///
/// By default this machine's loopback names and addresses, and no origin.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Rules {
    any_host: bool,
    hosts: HashSet<Host>,
    origins: HashSet<String>,
}

/// A rule that can never match.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum InvalidRule {
    /// Not `name` or `address`.
    #[error("`{0}` is not a host name or address")]
    Host(String),
    /// Not `scheme://host[:port]`.
    #[error(
        "`{0}` is not an origin: write it as a browser does, `https://host` or `https://host:port`"
    )]
    Origin(String),
}

impl Rules {
    /// The rules for a socket that only this machine's processes can open: any host.
    #[must_use]
    pub fn any_host() -> Self {
        Self {
            any_host: true,
            ..Self::default()
        }
    }

    /// The same rules on a transport where the host says nothing, such as a Unix socket.
    #[must_use]
    pub fn with_any_host(mut self) -> Self {
        self.any_host = true;
        self
    }

    /// Serves this host too, whatever the port.
    ///
    /// # Errors
    /// It is no host.
    pub fn allow_host(mut self, host: &str) -> Result<Self, InvalidRule> {
        let parsed = Host::parse(host).ok_or_else(|| InvalidRule::Host(host.to_owned()))?;
        self.hosts.insert(parsed);
        Ok(self)
    }

    /// Lets pages of this origin connect: `scheme://host` or `scheme://host:port`, compared as a whole.
    ///
    /// # Errors
    /// It is no origin; `null` is none.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self, InvalidRule> {
        let parsed = parse_origin(origin).ok_or_else(|| InvalidRule::Origin(origin.to_owned()))?;
        self.origins.insert(parsed);
        Ok(self)
    }

    /// Whether a request may be answered at all.
    ///
    /// # Errors
    /// [`Rejection::Host`] or [`Rejection::Origin`].
    pub fn check(&self, request: &Parts) -> Result<(), Rejection> {
        if !self.any_host {
            let host = only(&request.headers, &HOST).and_then(|host| host.to_str().ok());
            let served = host.is_some_and(|host| self.serves(host));
            // Where the request line names a host, it goes before the header (RFC 9112, section 3.2.2).
            let named = request.uri.authority().map(http::uri::Authority::as_str);
            if !served || named.is_some_and(|host| !self.serves(host)) {
                return Err(Rejection::Host);
            }
        }
        if request.headers.contains_key(ORIGIN) {
            let origin = only(&request.headers, &ORIGIN).and_then(|origin| origin.to_str().ok());
            let known =
                origin.is_some_and(|origin| self.origins.contains(&origin.to_ascii_lowercase()));
            if !known {
                return Err(Rejection::Origin);
            }
        }
        Ok(())
    }

    fn serves(&self, host: &str) -> bool {
        Host::parse(host).is_some_and(|host| host.is_loopback() || self.hosts.contains(&host))
    }
}

/// An origin in lower case: a scheme and an authority without a user, and nothing else.
fn parse_origin(text: &str) -> Option<String> {
    let (scheme, authority) = text.split_once("://")?;
    let uri: Uri = text.parse().ok()?;
    let whole = !scheme.is_empty() && uri.authority()?.as_str() == authority;
    Host::parse(authority)?;
    whole.then(|| text.to_ascii_lowercase())
}
