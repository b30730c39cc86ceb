//! `host[:port]` as in a `Host` header, read strictly: what a browser would not write is not understood.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host without its port.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Host {
    Address(IpAddr),
    /// In lower case, without a dot at the end.
    Name(String),
}

impl Host {
    /// Reads `host[:port]`. Not understood: a user before the host, an empty host, a port that is none, an address
    /// in another spelling than four decimal numbers or brackets, and any character that no name has.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            is_port(port).then_some(())?;
            let address: Ipv6Addr = address.parse().ok()?;
            return Some(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        let (name, port) = text
            .find(':')
            .map_or((text, ""), |colon| text.split_at(colon));
        is_port(port).then_some(())?;
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let name = name.strip_suffix('.').unwrap_or(name);
        let labels_are_names = name.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        });
        // What ends in a number is an address in a spelling of long ago, and not the one it seems to be.
        let last_is_number = name.rsplit('.').next().is_some_and(|label| {
            label.bytes().all(|byte| byte.is_ascii_digit())
                || label
                    .strip_prefix("0x")
                    .or_else(|| label.strip_prefix("0X"))
                    .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        });
        (labels_are_names && !last_is_number).then(|| Self::Name(name.to_ascii_lowercase()))
    }

    /// Whether it is this machine and can be nothing else.
    pub(super) fn is_loopback(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Name(name) => name == "localhost",
        }
    }
}

/// Nothing, or a colon and a port. HTTP allows the colon alone.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|digits| {
            digits.bytes().all(|byte| byte.is_ascii_digit())
                && (digits.is_empty() || digits.parse::<u16>().is_ok())
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_loopback(text: &str) -> bool {
        Host::parse(text).is_some_and(|host| host.is_loopback())
    }

    #[test]
    fn this_machine_is_recognised_in_every_proper_spelling() {
        for text in [
            "localhost",
            "LocalHost:9100",
            "localhost.",
            "localhost.:80",
            "localhost:",
            "127.0.0.1",
            "127.0.0.1:9100",
            "127.255.255.254:1",
            "[::1]",
            "[::1]:9100",
            "[0:0:0:0:0:0:0:1]:80",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(text), "{text}");
        }
    }

    #[test]
    fn tricks_are_not_this_machine() {
        for text in [
            "",
            ":",
            ":9100",
            ".",
            "..",
            "localhost..",
            ".localhost",
            "evil.example",
            "localhost.evil.example",
            "evil.example.localhost",
            "127.0.0.1.evil.example",
            "127.0.0.1.",
            "127.1",
            "127.0.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "0177.0.0.1",
            "2130706433",
            "017700000001",
            "127.0.0.01",
            "0.0.0.0",
            "128.0.0.1",
            "[::]",
            "[::2]",
            "[::1",
            "::1",
            "[::1]x",
            "[::1]:x",
            "[::1%lo]",
            "[127.0.0.1]",
            "localhost:99999",
            "localhost:-1",
            "localhost:+1",
            "localhost:80:80",
            "localhost:x",
            "user@localhost",
            "localhost@evil.example",
            "localhost:80@evil.example",
            "localhost/",
            "localhost#",
            "localhost?",
            "localhost\\evil",
            "localhost ",
            " localhost",
            "local%68ost",
            "localhost,evil.example",
            "loc\u{0430}lhost",
            "\u{ff4c}ocalhost",
            "localhost\0",
        ] {
            assert!(!is_loopback(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in ".{0,40}") {
            Host::parse(&text);
        }

        #[test]
        fn an_address_is_loopback_exactly_if_its_first_byte_says_so(address: [u8; 4], port in proptest::option::of(any::<u16>())) {
            let text = Ipv4Addr::from(address).to_string();
            let text = port.map_or(text.clone(), |port| format!("{text}:{port}"));
            prop_assert_eq!(is_loopback(&text), address[0] == 127);
        }

        #[test]
        fn what_is_put_around_localhost_makes_it_another_host(
            before in "[a-z0-9@./\\\\%_-]{0,4}",
            after in "[a-z0-9@/\\\\%_.-]{0,4}",
        ) {
            let proper = before.is_empty() && matches!(after.as_str(), "" | ".");
            let text = format!("{before}localhost{after}");
            prop_assert_eq!(is_loopback(&text), proper);
        }

        #[test]
        fn a_user_before_the_host_is_never_understood(user in "[a-z0-9.:-]{0,12}", host in "[a-z.]{1,12}") {
            let text = format!("{user}@{host}");
            prop_assert_eq!(Host::parse(&text), None);
        }
    }
}
