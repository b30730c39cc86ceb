use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use crate::approval::{ActDigest, canonical};

/// How many arguments one grant may look at.
pub const MAX_PATTERNS: usize = 32;
/// How long a pointer and a pattern may be together, in bytes.
pub const MAX_PATTERN: usize = 1_024;

/// What a grant covers of the calls of its method or tool. Empty: all of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Narrowing {
    /// By the JSON pointer (RFC 6901) of the argument.
    pub arguments: BTreeMap<String, ArgumentPattern>,
    /// Exactly this act.
    pub digest: Option<ActDigest>,
    /// Only this agent.
    pub agent: Option<String>,
}

/// Why a narrowing is none.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum NarrowingError {
    /// Too many arguments.
    #[error("at most {MAX_PATTERNS} arguments may be narrowed")]
    TooMany,
    /// A pointer and its pattern are too long.
    #[error("the pointer and the pattern of an argument have at most {MAX_PATTERN} bytes together")]
    TooLong,
    /// A pointer is none.
    #[error("{0:?} is not a JSON pointer: it is empty or begins with `/`")]
    NotAPointer(String),
    /// The narrowing does not cover what it was given for.
    #[error("the narrowing does not cover the call that it is given for")]
    NotCovered,
}

impl Narrowing {
    /// Adds a pattern for the argument at `pointer`.
    ///
    /// # Errors
    /// [`NarrowingError`].
    pub fn with_argument(mut self, pointer: &str, pattern: &str) -> Result<Self, NarrowingError> {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(NarrowingError::NotAPointer(pointer.to_owned()));
        }
        if pointer.len() + pattern.len() > MAX_PATTERN {
            return Err(NarrowingError::TooLong);
        }
        let pattern = ArgumentPattern::new(pattern);
        self.arguments.insert(pointer.to_owned(), pattern);
        if self.arguments.len() > MAX_PATTERNS {
            return Err(NarrowingError::TooMany);
        }
        Ok(self)
    }

    /// Whether an act is covered: this one, of this agent, with these arguments. Patterns of arguments that are not known
    /// are not looked at.
    #[must_use]
    pub fn covers(
        &self,
        digest: ActDigest,
        agent: Option<&str>,
        arguments: Option<&Value>,
    ) -> bool {
        let only = self.agent.as_deref();
        self.digest.is_none_or(|only| only == digest)
            && only.is_none_or(|only| agent == Some(only))
            && arguments.is_none_or(|arguments| {
                self.arguments.iter().all(|(pointer, pattern)| {
                    arguments
                        .pointer(pointer)
                        .is_some_and(|argument| pattern.matches(argument))
                })
            })
    }
}

/// What an argument has to be: a text in which `*` stands for any characters, none included, and `\` takes the next
/// character for itself. So `x` means exactly that, and `/tmp/*` what begins so.
///
/// An argument that is a string is matched as it is, any other by its canonical JSON text. Where the pattern has a `*`, a
/// string with a segment `..` never matches: `/tmp/*` does not reach `/tmp/../etc/passwd`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ArgumentPattern {
    text: String,
    /// The texts between the stars, in their order: one where there is none.
    pieces: Vec<String>,
}

impl ArgumentPattern {
    /// The pattern with this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut pieces = vec![String::new()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let literal = match character {
                '*' => {
                    pieces.push(String::new());
                    continue;
                }
                '\\' => characters.next().unwrap_or('\\'),
                other => other,
            };
            if let Some(piece) = pieces.last_mut() {
                piece.push(literal);
            }
        }
        Self {
            text: text.to_owned(),
            pieces,
        }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the argument is like that.
    #[must_use]
    pub fn matches(&self, argument: &Value) -> bool {
        match argument {
            Value::String(text) => self.matches_text(text),
            other => canonical(other).is_ok_and(|text| self.matches_text(&text)),
        }
    }

    fn matches_text(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_some_and(|piece| piece == text);
        };
        if text.split(['/', '\\']).any(|segment| segment == "..") {
            return false;
        }
        let Some(mut rest) = text
            .strip_prefix(first.as_str())
            .and_then(|rest| rest.strip_suffix(last.as_str()))
        else {
            return false;
        };
        // The leftmost place of each leaves the most for those behind it.
        middle.iter().all(|piece| match rest.find(piece.as_str()) {
            Some(place) => {
                rest = rest.get(place + piece.len()..).unwrap_or_default();
                true
            }
            None => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn matches(pattern: &str, argument: Value) -> bool {
        ArgumentPattern::new(pattern).matches(&argument)
    }

    #[test]
    fn without_a_star_a_pattern_is_exact() {
        assert!(matches("a", json!("a")) && !matches("a", json!("ab")));
        assert!(matches("", json!("")) && !matches("", json!("a")));
        assert!(matches("../x", json!("../x")));
        assert!(matches(r"a\*b\\", json!(r"a*b\")) && !matches(r"a\*b", json!("axb")));
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, yes, no) in [
            (
                "/tmp/*",
                &["/tmp/", "/tmp/a/b"][..],
                &["/tmp", "x/tmp/a"][..],
            ),
            ("*.rs", &[".rs", "a/b.rs"], &["a.rsx"]),
            ("a*b*a", &["aba", "axxbyya", "abba"], &["ab", "aa", "ba"]),
            ("ab*ba", &["abba", "abxba"], &["aba", "ab"]),
            ("*", &["", "é€"], &[]),
            ("é*€", &["é😀€"], &["e€"]),
        ] {
            yes.iter()
                .for_each(|text| assert!(matches(pattern, json!(text)), "{pattern} {text}"));
            no.iter()
                .for_each(|text| assert!(!matches(pattern, json!(text)), "{pattern} {text}"));
        }
    }

    #[test]
    fn a_star_does_not_reach_the_folder_above() {
        for text in ["/tmp/../etc/passwd", "/tmp/..", r"/tmp/a\..\b"] {
            assert!(!matches("/tmp/*", json!(text)), "{text}");
        }
        assert!(matches("/tmp/*", json!("/tmp/a..b/...")));
    }

    #[test]
    fn what_is_no_string_is_matched_by_its_json() {
        assert!(matches("5", json!(5.0)) && matches("true", json!(true)));
        assert!(matches(r#"{"a":*}"#, json!({"a": [1, 2]})));
        assert!(!matches("null", json!("nul")) && matches("null", json!(null)));
    }

    #[test]
    fn a_narrowing_is_bounded_and_its_pointers_are_some() {
        let none = Narrowing::default;
        assert!(matches!(
            none().with_argument("a", "x"),
            Err(NarrowingError::NotAPointer(_))
        ));
        let long = "x".repeat(MAX_PATTERN);
        assert_eq!(
            none().with_argument("/a", &long),
            Err(NarrowingError::TooLong)
        );
        let mut narrowing = none();
        for n in 0..MAX_PATTERNS {
            narrowing = narrowing.with_argument(&format!("/{n}"), "*").unwrap();
        }
        assert_eq!(
            narrowing.with_argument("/x", "*"),
            Err(NarrowingError::TooMany)
        );
    }

    /// What a pattern means, letter by letter.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', rest @ ..] => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
            [first, rest @ ..] => text.first() == Some(first) && naive(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn patterns_mean_what_they_say(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            let wanted = naive(&characters(&pattern), &characters(&text));
            prop_assert_eq!(matches(&pattern, json!(text)), wanted);
        }
    }
}
