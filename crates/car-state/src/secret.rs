//! Which names stand for secrets. What goes by one is neither shown nor kept.

/// How names of secrets end, in lower case; a dash counts as an underscore. Where a secret lies (`token_file`) is none.
pub(crate) const ENDINGS: &[&str] = &[
    "token",
    "secret",
    "password",
    "passphrase",
    "credential",
    "credentials",
    "authorization",
    "cookie",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
];

/// Whether what goes by this name is a secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name_and_the_place_of_one_is_none() {
        for secret in [
            "token",
            "host_token",
            "relay.Password",
            "api_key",
            "X-Api-Key",
        ] {
            assert!(is_secret(secret), "{secret}");
        }
        for open in ["token_file", "port", "key", "limits.outbox.bytes"] {
            assert!(!is_secret(open), "{open}");
        }
    }
}
