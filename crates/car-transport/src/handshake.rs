//! The one WebSocket handshake (RFC 6455, section 4), as functions of a request's head.
//!
//! A web page may open a WebSocket to any address, loopback included, and no rule of the browser but the `Origin`
//! header stands in between; a page whose name suddenly resolves to 127.0.0.1 gives itself away by its `Host`. So
//! both are decided about before the connection is upgraded: the host must be this machine, or a name that was
//! configured, and an origin must be one that was configured. Programs send no origin.

mod host;
mod rules;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};
use thiserror::Error;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

pub use self::rules::{InvalidRule, Rules};

/// A request that may be upgraded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accept {
    accept: HeaderValue,
}

impl Accept {
    /// The answer 101, after which the connection speaks WebSocket. No subprotocol and no extension is chosen.
    pub fn response<B: Default>(&self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept.clone());
        response
    }
}

/// Why a request is not upgraded. The display is for the answer's body, and says no more than the client knows.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum Rejection {
    /// The method is not GET.
    #[error("a WebSocket is opened with GET")]
    Method,
    /// The request is older than HTTP/1.1.
    #[error("a WebSocket needs HTTP/1.1")]
    HttpVersion,
    /// The `Host`, or the host in the request line, is missing, unreadable, or not one of ours.
    #[error("this host is not served here")]
    Host,
    /// The `Origin` is not one that was configured.
    #[error("this origin is not allowed to connect")]
    Origin,
    /// The request asks for no upgrade to WebSocket.
    #[error("this is a WebSocket: connect with `Upgrade: websocket` and `Connection: Upgrade`")]
    NoUpgrade,
    /// The version is not 13.
    #[error("only version 13 of WebSocket is spoken")]
    Version,
    /// The key is missing, double, or not 16 bytes of base64.
    #[error("Sec-WebSocket-Key must be 16 bytes of base64, once")]
    Key,
}

impl Rejection {
    /// The status to answer with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::HttpVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::Host | Self::Origin => StatusCode::FORBIDDEN,
            Self::NoUpgrade | Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Key => StatusCode::BAD_REQUEST,
        }
    }

    /// The headers that go with the status.
    pub fn headers(self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        const NONE: &[(HeaderName, &str)] = &[];
        const ALLOW: &[(HeaderName, &str)] = &[(http::header::ALLOW, "GET")];
        const UPGRADABLE: &[(HeaderName, &str)] = &[
            (UPGRADE, "websocket"),
            (CONNECTION, "Upgrade"),
            (SEC_WEBSOCKET_VERSION, "13"),
        ];
        let headers = match self {
            Self::Method => ALLOW,
            Self::NoUpgrade | Self::Version => UPGRADABLE,
            _ => NONE,
        };
        headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
    }
}

/// Decides about a request that wants to become a WebSocket.
///
/// # Errors
/// [`Rejection`]. Host and origin come first, so that a foreign page learns nothing else.
pub fn accept(request: &Parts, rules: &Rules) -> Result<Accept, Rejection> {
    rules.check(request)?;
    if request.method != Method::GET {
        return Err(Rejection::Method);
    }
    if request.version < Version::HTTP_11 {
        return Err(Rejection::HttpVersion);
    }
    let headers = &request.headers;
    if !has_token(headers, &UPGRADE, "websocket") || !has_token(headers, &CONNECTION, "upgrade") {
        return Err(Rejection::NoUpgrade);
    }
    if only(headers, &SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Rejection::Version);
    }
    let key = only(headers, &SEC_WEBSOCKET_KEY).ok_or(Rejection::Key)?;
    let decoded = STANDARD.decode(key.as_bytes());
    if decoded.is_ok_and(|decoded| decoded.len() == 16) {
        let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()));
        Ok(Accept {
            accept: accept.map_err(|_| Rejection::Key)?,
        })
    } else {
        Err(Rejection::Key)
    }
}

/// Whether one of the comma-separated values of a header is `token`, whatever its case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(token))
}

/// The value of a header that stands exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).into_iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn request(change: impl FnOnce(&mut Request<()>)) -> Parts {
        let mut request = Request::builder()
            .uri("/")
            .header("Host", "127.0.0.1:9100")
            .header("Upgrade", "websocket")
            .header("Connection", "keep-alive, Upgrade")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .body(())
            .unwrap();
        change(&mut request);
        request.into_parts().0
    }

    fn with(name: &'static str, value: &'static str) -> Parts {
        request(|request| {
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        })
    }

    fn without(name: &'static str) -> Parts {
        request(|request| drop(request.headers_mut().remove(name)))
    }

    fn twice(name: &'static str) -> Parts {
        request(|request| {
            let value = request.headers()[name].clone();
            request.headers_mut().append(name, value);
        })
    }

    #[test]
    fn the_key_of_the_specification_is_answered_as_there() {
        let response: Response<()> = accept(&request(|_| {}), &Rules::default())
            .unwrap()
            .response();
        assert_eq!(response.status(), 101);
        assert_eq!(
            response.headers()[SEC_WEBSOCKET_ACCEPT],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        assert_eq!(response.headers()[UPGRADE], "websocket");
        assert_eq!(response.headers()[CONNECTION], "Upgrade");
    }

    #[test]
    fn tokens_are_compared_whatever_their_case() {
        for (name, value) in [
            ("Upgrade", "h2c, WebSocket"),
            ("Connection", "UPGRADE"),
            ("Connection", "a,upgrade , b"),
        ] {
            assert!(
                accept(&with(name, value), &Rules::default()).is_ok(),
                "{name}: {value}"
            );
        }
    }

    #[test]
    fn what_is_no_handshake_is_rejected_with_the_reason() {
        let old = request(|request| *request.version_mut() = Version::HTTP_10);
        let post = request(|request| *request.method_mut() = Method::POST);
        let cases = [
            (post, Rejection::Method, 405),
            (old, Rejection::HttpVersion, 505),
            (without("Upgrade"), Rejection::NoUpgrade, 426),
            (with("Upgrade", "h2c"), Rejection::NoUpgrade, 426),
            (without("Connection"), Rejection::NoUpgrade, 426),
            (with("Connection", "keep-alive"), Rejection::NoUpgrade, 426),
            (without("Sec-WebSocket-Version"), Rejection::Version, 426),
            (with("Sec-WebSocket-Version", "8"), Rejection::Version, 426),
            (twice("Sec-WebSocket-Version"), Rejection::Version, 426),
            (without("Sec-WebSocket-Key"), Rejection::Key, 400),
            (twice("Sec-WebSocket-Key"), Rejection::Key, 400),
            (
                with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ"),
                Rejection::Key,
                400,
            ),
            (with("Sec-WebSocket-Key", "c2hvcnQ="), Rejection::Key, 400),
            (without("Host"), Rejection::Host, 403),
            (twice("Host"), Rejection::Host, 403),
            (with("Host", "evil.example:9100"), Rejection::Host, 403),
            (
                with("Origin", "http://localhost:9100"),
                Rejection::Origin,
                403,
            ),
            (with("Origin", "null"), Rejection::Origin, 403),
        ];
        for (request, rejection, status) in cases {
            assert_eq!(
                accept(&request, &Rules::default()),
                Err(rejection),
                "{:?}",
                request.headers
            );
            assert_eq!(rejection.status(), status, "{rejection:?}");
        }
    }

    #[test]
    fn a_wrong_version_is_told_the_right_one() {
        for rejection in [Rejection::Version, Rejection::NoUpgrade] {
            assert!(
                rejection
                    .headers()
                    .any(|(name, value)| name == SEC_WEBSOCKET_VERSION && value == "13")
            );
        }
    }

    #[test]
    fn a_host_in_the_request_line_counts_too() {
        let elsewhere =
            request(|request| *request.uri_mut() = "http://evil.example/".parse().unwrap());
        assert_eq!(accept(&elsewhere, &Rules::default()), Err(Rejection::Host));
        let here = request(|request| *request.uri_mut() = "http://localhost/".parse().unwrap());
        assert!(accept(&here, &Rules::default()).is_ok());
        let user =
            request(|request| *request.uri_mut() = "http://evil@localhost/".parse().unwrap());
        assert_eq!(accept(&user, &Rules::default()), Err(Rejection::Host));
    }

    #[test]
    fn a_configured_host_is_served_on_any_port() {
        let rules = Rules::default().allow_host("Car.Example").unwrap();
        assert!(accept(&with("Host", "car.example:443"), &rules).is_ok());
        assert!(accept(&with("Host", "sub.car.example"), &rules).is_err());
    }

    #[test]
    fn a_configured_origin_may_connect_and_only_it() {
        let rules = Rules::default()
            .allow_origin("http://localhost:5173")
            .unwrap();
        assert!(accept(&with("Origin", "http://localhost:5173"), &rules).is_ok());
        assert!(accept(&with("Origin", "HTTP://LocalHost:5173"), &rules).is_ok());
        for other in [
            "https://localhost:5173",
            "http://localhost",
            "http://localhost:51730",
            "http://localhost:5173/",
            "null",
            "",
        ] {
            assert_eq!(
                accept(&with("Origin", other), &rules),
                Err(Rejection::Origin),
                "{other}"
            );
        }
    }

    #[test]
    fn on_a_unix_socket_the_host_says_nothing_and_the_origin_still_counts() {
        let rules = Rules::any_host();
        assert!(accept(&without("Host"), &rules).is_ok());
        assert!(accept(&with("Host", "whatever"), &rules).is_ok());
        assert_eq!(
            accept(&with("Origin", "http://evil.example"), &rules),
            Err(Rejection::Origin)
        );
    }

    #[test]
    fn rules_that_can_never_match_are_refused() {
        for origin in [
            "",
            "null",
            "localhost",
            "http://",
            "http://a/",
            "http://a/b",
            "http://u@a",
            "://a",
            "*",
        ] {
            assert!(Rules::default().allow_origin(origin).is_err(), "{origin}");
        }
        for host in ["", "http://a", "a/b", "u@a", "*"] {
            assert!(Rules::default().allow_host(host).is_err(), "{host}");
        }
    }
}
