//! Hides secrets from who is shown arguments, and nothing else: what a call does must stay to be seen. So a mask says how
//! much it hides, and in running text it ends where a shell or a program could read on.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use crate::secret::{ENDINGS, is_secret};

/// How often JSON is looked for in the strings of JSON.
const DEPTH: u8 = 4;

/// A name as of a secret, what separates it from its value, and the value: in quotes that may be escaped, after a scheme
/// of HTTP authentication.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let endings = ENDINGS.join("|").replace('_', "[_-]?");
    Regex::new(&format!(
        r#"(?i)((?:{endings})\\*["']?(?:\s*[:=]\s*|\s+)\\*["']?(?:(?:bearer|basic|token)\s+)?)([^\s"'\\$`();|&<>{{}}\[\],]+)"#
    ))
    .ok()
});

/// The value without its secrets. A member whose name is that of a secret ([`is_secret`]) is masked whole, at any depth;
/// so it is in strings that hold JSON. In other strings the word after such a name is: `password=…`, `Authorization:
/// Bearer …`, `--token …`.
#[must_use]
pub fn masked(value: Value) -> Value {
    mask(value, DEPTH)
}

fn mask(value: Value, depth: u8) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let shown = if is_secret(&name) {
                    hidden(value)
                } else {
                    mask(value, depth)
                };
                (name, shown)
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(elements) => elements
            .into_iter()
            .map(|element| mask(element, depth))
            .collect(),
        Value::String(text) => Value::String(mask_text(text, depth)),
        other => other,
    }
}

/// That there is a value is no secret, and that there is none is worth knowing.
fn hidden(value: Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value,
        Value::String(text) => Value::String(mask_of(text.len())),
        other => Value::String(mask_of(other.to_string().len())),
    }
}

/// What stands in the place of a secret of so many bytes.
pub(crate) fn mask_of(bytes: usize) -> String {
    format!("[secret, {bytes} bytes]")
}

fn mask_text(text: String, depth: u8) -> String {
    if depth > 0
        && text.trim_start().starts_with(['{', '[', '"'])
        && let Ok(inner) = serde_json::from_str::<Value>(&text)
    {
        let shown = mask(inner.clone(), depth - 1);
        // Without a secret the text stays as it was written.
        return if shown == inner {
            text
        } else {
            shown.to_string()
        };
    }
    let Some(named) = &*NAMED else { return text };
    match named.replace_all(&text, |found: &Captures<'_>| {
        let value = found.get(2).map_or(0, |value| value.len());
        format!(
            "{}{}",
            found.get(1).map_or("", |name| name.as_str()),
            mask_of(value)
        )
    }) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(shown) => shown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn members_with_the_name_of_a_secret_are_masked_at_any_depth() {
        let shown = masked(json!({
            "url": "https://x",
            "headers": [{"Authorization": "Bearer abc"}, {"X-Api-Key": "k"}],
            "login": {"user": "u", "password": {"old": "a", "new": "b"}, "token": null},
            "token_file": "/etc/t",
        }));
        assert_eq!(
            shown,
            json!({
                "url": "https://x",
                "headers": [
                    {"Authorization": "[secret, 10 bytes]"},
                    {"X-Api-Key": "[secret, 1 bytes]"},
                ],
                "login": {"user": "u", "password": "[secret, 21 bytes]", "token": null},
                "token_file": "/etc/t",
            })
        );
    }

    #[test]
    fn json_in_strings_is_looked_into() {
        let inner = json!({"password": "hunter2", "n": [1]}).to_string();
        let body = json!({"body": inner, "more": "{}"}).to_string();
        for value in [
            json!(inner),
            json!({"body": inner}),
            json!([{"request": body}]),
        ] {
            let shown = masked(value).to_string();
            assert!(
                !shown.contains("hunter2") && shown.contains("[secret, 7 bytes]"),
                "{shown}"
            );
        }
        // Without one it is not written anew.
        assert_eq!(masked(json!(r#"{ "a" : 1 }"#)), json!(r#"{ "a" : 1 }"#));
    }

    #[test]
    fn json_below_the_depth_that_is_looked_into_is_masked_as_text() {
        let mut text = json!({"password": "hunter2"}).to_string();
        for _ in 0..DEPTH + 3 {
            text = json!([text]).to_string();
        }
        let shown = masked(json!(text)).to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn in_running_text_the_word_after_the_name_is_masked() {
        for (text, shown) in [
            (
                r#"curl -H "Authorization: Bearer abc.def" https://x"#,
                r#"curl -H "Authorization: Bearer [secret, 7 bytes]" https://x"#,
            ),
            ("PGPASSWORD=p@ss psql", "PGPASSWORD=[secret, 4 bytes] psql"),
            (
                "login --password hunter2 --user u",
                "login --password [secret, 7 bytes] --user u",
            ),
            (
                "https://x/?access_token=abc&q=1",
                "https://x/?access_token=[secret, 3 bytes]&q=1",
            ),
            (
                r#"body: {"api_key": "k1"} end"#,
                r#"body: {"api_key": "[secret, 2 bytes]"} end"#,
            ),
            ("reads token_file=/etc/t", "reads token_file=/etc/t"),
        ] {
            assert_eq!(masked(json!(text)), json!(shown));
        }
    }

    #[test]
    fn what_a_shell_would_run_stays_to_be_seen() {
        for command in [
            "token=$(rm -rf /)",
            "token=x;rm -rf /",
            "password: `rm -rf /`",
            "secret=a&&rm -rf /",
            "cookie=|rm -rf /",
        ] {
            let shown = masked(json!(command)).to_string();
            assert!(shown.contains("rm -rf /"), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let shown = masked(json!({"a": text}));
            prop_assert!(shown.is_object());
        }

        #[test]
        fn a_secret_is_masked_in_every_shell(layers in prop::collection::vec(0..4_u8, 0..6)) {
            let mut value = json!({"client_secret": "hunter2"});
            for layer in layers {
                value = match layer {
                    0 => json!([value]),
                    1 => json!({"in": value}),
                    2 => json!(value.to_string()),
                    _ => json!({"text": value.to_string()}),
                };
            }
            let shown = masked(value).to_string();
            prop_assert!(!shown.contains("hunter2"), "{}", shown);
        }
    }
}
