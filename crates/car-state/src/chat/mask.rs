//! Secrets in what is kept of turns. What an agent says comes in pieces, and a piece may end in the middle of one.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use crate::approval::{mask_of, masked};
use crate::secret::ENDINGS;

/// A name as of a secret with a colon or an equals sign behind it, or an option of a command with such a name, or the
/// scheme `Bearer`. In prose more than a name is asked for: people talk about tokens.
fn named() -> String {
    let endings = ENDINGS.join("|").replace('_', "[_-]?");
    format!(
        r#"(?:(?:(?:{endings})\\*["']?\s*[:=]|-[a-z0-9_-]*(?:{endings})\s)\s*\\*["']?(?:(?:bearer|basic|token)\s+)?|\bbearer\s+)"#
    )
}

/// What a secret is made of.
const VALUE: &str = r#"[^\s"'\\$`();|&<>{}\[\],]"#;

/// A secret with its name.
static SECRET: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!("(?i)({})({VALUE}+)", named())).ok());

/// A secret, or the name of one, that the next piece may go on with.
static OPEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let endings = ENDINGS.join("|").replace('_', "[_-]?");
    let name = format!(r#"(?:{endings})\\*["']?\s*"#);
    let word = "[a-z0-9_-]+";
    Regex::new(&format!(
        r"(?i)(?:{}{VALUE}*|-?{name}|\bbearer\s*|-?{word})$",
        named()
    ))
    .ok()
});

/// The text as it is kept: with a mask in the place of each secret that goes by its name. A text that is JSON has its
/// members masked as those of a call that a person is asked about.
pub(super) fn kept(text: &str) -> String {
    if text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        && let Value::String(shown) = masked(Value::String(text.to_owned()))
    {
        return shown;
    }
    let Some(secret) = &*SECRET else {
        return text.to_owned();
    };
    let shown = secret.replace_all(text, |found: &Captures<'_>| {
        let name = found.get(1).map_or("", |name| name.as_str());
        let value = found.get(2).map_or(0, |value| value.len());
        format!("{name}{}", mask_of(value))
    });
    match shown {
        Cow::Borrowed(_) => text.to_owned(),
        Cow::Owned(shown) => shown,
    }
}

/// How much of a text that is still being said can be kept already: up to what may become a secret.
pub(super) fn settled(text: &str) -> usize {
    let open = OPEN.as_ref().and_then(|open| open.find(text));
    open.map_or(text.len(), |open| open.start())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What is kept of a text that comes in these pieces.
    fn in_pieces(pieces: &[&str]) -> String {
        let (mut text, mut noted, mut written) = (String::new(), 0, String::new());
        for piece in pieces {
            text.push_str(piece);
            let end = noted + settled(&text[noted..]);
            written.push_str(&kept(&text[noted..end]));
            noted = end;
        }
        written + &kept(&text[noted..])
    }

    #[test]
    fn what_goes_by_the_name_of_a_secret_is_masked_and_prose_is_not() {
        for (text, shown) in [
            (
                "my password: hunter2, ok",
                "my password: [secret, 7 bytes], ok",
            ),
            ("API_KEY=abc run", "API_KEY=[secret, 3 bytes] run"),
            ("login --token abc -v", "login --token [secret, 3 bytes] -v"),
            (
                "Authorization: Bearer a.b.c",
                "Authorization: Bearer [secret, 5 bytes]",
            ),
            (
                "send Bearer abc along",
                "send Bearer [secret, 3 bytes] along",
            ),
            (
                "each token is a word, the secret sauce",
                "each token is a word, the secret sauce",
            ),
            ("reads token_file=/etc/t", "reads token_file=/etc/t"),
        ] {
            assert_eq!(kept(text), shown);
        }
        let shown = kept(&json!({ "password": "correct horse" }).to_string());
        assert_eq!(shown, r#"{"password":"[secret, 13 bytes]"}"#);
    }

    #[test]
    fn a_secret_that_comes_in_pieces_is_masked_whole() {
        for pieces in [
            ["pass", "word: hun", "ter2 there"],
            ["password", ": ", "hunter2 there"],
            ["--pass", "word hunte", "r2 there"],
            ["Authorization: Bea", "rer hunt", "er2 there"],
            ["\"api_key\"", " : \"hunt", "er2\" there"],
        ] {
            let shown = in_pieces(&pieces);
            assert!(!shown.contains("hunt") && !shown.contains("er2"), "{shown}");
            assert!(shown.ends_with(" there"), "{shown}");
        }
        // What cannot become one is kept at once.
        assert_eq!(settled("One word, and "), 14);
        assert_eq!(settled("One word, and an"), 14);
    }

    proptest! {
        #[test]
        fn pieces_are_kept_as_the_whole_is(
            before in "[a-z :=\n]{0,12}",
            name in prop::sample::select(vec!["password: ", "api_key=", "--token ", "authorization: bearer "]),
            value in "[a-z0-9]{8}",
            after in "[ ,\n][a-z ]{0,12}",
            cuts in prop::collection::vec(0..60_usize, 0..6),
        ) {
            let text = format!("{before}{name}{value}{after}");
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            prop_assert_eq!(in_pieces(&pieces), kept(&text));
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            prop_assert!(text.is_char_boundary(settled(&text)));
            let _ = kept(&text);
        }
    }
}
