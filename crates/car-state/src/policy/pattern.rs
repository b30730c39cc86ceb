//! What `deny_tool_param` looks for, and how much it may look at.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::PolicyError;
use crate::store::measure;

/// What a regular expression begins with on the wire.
const PREFIX: &str = "regex:";
/// Bytes of a regular expression as it is written.
pub const REGEX_BYTES: usize = 1024;
/// Bytes of a regular expression once it is compiled. Together with [`REGEX_TEXT_BYTES`] it bounds a search, whose time
/// is linear in the product of both.
pub const COMPILED_BYTES: usize = 256 << 10;
/// Bytes of a parameter that a regular expression is held against.
pub const REGEX_TEXT_BYTES: usize = 128 << 10;

/// A text, or a regular expression without look-around and back-references.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Text(String),
    Regex(Regex),
}

/// There is more of a parameter than is looked at.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct TooLong;

impl Pattern {
    /// Reads a pattern as it stands on the wire.
    pub(super) fn of(written: &str) -> Result<Self, PolicyError> {
        let Some(expression) = written.strip_prefix(PREFIX) else {
            return Ok(Self::Text(written.to_owned()));
        };
        if expression.len() > REGEX_BYTES {
            return Err(PolicyError::Pattern {
                reason: format!("it has more than {REGEX_BYTES} bytes"),
            });
        }
        let built = RegexBuilder::new(expression)
            .size_limit(COMPILED_BYTES)
            .dfa_size_limit(4 * COMPILED_BYTES)
            .nest_limit(32)
            .build();
        built.map(Self::Regex).map_err(|error| {
            let reason = match error {
                regex::Error::CompiledTooBig(limit) => {
                    format!("it takes more than {limit} bytes once it is compiled")
                }
                // The last line says what is wrong; those before show where, with the expression itself.
                other => {
                    let told = other.to_string();
                    let last = told.lines().last().unwrap_or_default();
                    last.trim_start_matches("error: ").to_owned()
                }
            };
            PolicyError::Pattern { reason }
        })
    }

    /// Whether a parameter holds it: in a text, in any text inside a list or an object, names included, or in the JSON
    /// of the whole.
    pub(super) fn is_in(&self, value: &Value) -> Result<bool, TooLong> {
        if matches!(self, Self::Regex(_)) && measure(value).text > REGEX_TEXT_BYTES {
            return Err(TooLong);
        }
        Ok(match value {
            Value::String(text) => self.finds(text),
            Value::Array(_) | Value::Object(_) => {
                // Inside JSON a quote or a backslash has another one before it, so each text is looked at by itself.
                self.is_inside(value) || self.finds(&value.to_string())
            }
            other => self.finds(&other.to_string()),
        })
    }

    fn is_inside(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.finds(text),
            Value::Array(items) => items.iter().any(|item| self.is_inside(item)),
            Value::Object(members) => members
                .iter()
                .any(|(name, value)| self.finds(name) || self.is_inside(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn finds(&self, text: &str) -> bool {
        match self {
            Self::Text(wanted) => text.contains(wanted.as_str()),
            Self::Regex(wanted) => wanted.is_match(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finds(pattern: &str, value: Value) -> bool {
        Pattern::of(pattern).unwrap().is_in(&value).unwrap()
    }

    #[test]
    fn a_text_is_found_wherever_it_hides() {
        assert!(finds("a b", json!("x a b y")));
        assert!(finds("\"quoted\"", json!(["a \"quoted\" word"])));
        assert!(finds("key", json!({"deep": [{"the key": 1}]})));
        assert!(finds("42", json!({"n": 142})));
        assert!(!finds("a b", json!("ab")));
    }

    #[test]
    fn a_regular_expression_is_found_wherever_it_hides() {
        assert!(finds(r"regex:^sudo\b", json!("sudo reboot")));
        assert!(finds(r"regex:^sudo\b", json!(["ls", "sudo reboot"])));
        assert!(!finds(r"regex:^sudo\b", json!("no sudo")));
        assert!(finds(
            "regex:(?i)DROP +table",
            json!({"sql": "drop  TABLE x"})
        ));
        // Without the prefix it is a text like any other.
        assert!(!finds("^sudo", json!("sudo reboot")));
    }

    #[test]
    fn what_would_cost_too_much_is_no_pattern() {
        for expression in [
            "a".repeat(REGEX_BYTES + 1),
            "(a{1000}){1000}".to_owned(),
            r"\w{500}".to_owned(),
            "(".repeat(100) + &")".repeat(100),
            "(?=a)".to_owned(),
            r"(a)\1".to_owned(),
            "(".to_owned(),
        ] {
            let refused = Pattern::of(&format!("regex:{expression}")).unwrap_err();
            let PolicyError::Pattern { reason } = refused else {
                panic!("{expression}: {refused}")
            };
            assert!(!reason.is_empty() && reason.len() < 200, "{reason}");
        }
    }

    /// Where such expressions back-track these take longer than the sun has; here the test would hang.
    #[test]
    fn an_expression_that_explodes_elsewhere_ends_here() {
        let text = format!("{}!", "a".repeat(20_000));
        for expression in ["^(a+)+$", "^(a|aa)+$", "(a*)*b", "(.*a){12}b"] {
            assert!(
                !finds(&format!("regex:{expression}"), json!(text)),
                "{expression}"
            );
        }
    }

    #[test]
    fn more_than_is_looked_at_is_said_to_be_too_long() {
        let long = json!("a".repeat(REGEX_TEXT_BYTES));
        assert_eq!(Pattern::of("regex:b").unwrap().is_in(&long), Err(TooLong));
        assert!(!finds("b", long));
    }
}
