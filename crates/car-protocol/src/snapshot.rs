//! Messages as a snapshot test shows them. Feature `snapshot`.
//!
//! A conversation is worth a snapshot only if it reads the same every time. A [`Normalizer`] gives each frame as text in
//! which what differs from run to run has a name: ids, UUIDs and times are numbered in the order in which they first
//! appear, so that the reader sees which of them are the same, and secrets are hidden. Everything else stays as it was
//! sent, the order of members among it.
//!
//! ```
//! use car_protocol::snapshot::Normalizer;
//!
//! let mut normalizer = Normalizer::new().ids("session_id", "session").times();
//! let mut shown = |frame| normalizer.frame(frame);
//! assert_eq!(
//!     shown(r#"{"jsonrpc":"2.0","id":1,"result":{"session_id":"9f2c","since":"2026-01-02T03:04:05Z"}}"#),
//!     r#"{"id":1,"result":{"session_id":"<session 1>","since":"<time 1>"}}"#
//! );
//! assert_eq!(
//!     shown(r#"{"jsonrpc":"2.0","id":2,"method":"session.close","params":["9f2c"]}"#),
//!     r#"{"id":2,"method":"session.close","params":["<session 1>"]}"#
//! );
//! ```
//!
//! It works on text and needs no valid JSON: what cannot be read is shown as it is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::Timestamp;

/// How long a frame is shown, in bytes, unless it is told otherwise.
const LONGEST: usize = 2_000;
/// How much of a longer one is shown, in characters.
const HEAD: usize = 200;

/// Gives frames as text that is the same in every run.
#[derive(Clone, Debug)]
pub struct Normalizer {
    /// What never stands in a snapshot, and what stands there instead.
    hidden: Vec<(String, String)>,
    /// The members whose values are ids, and what these are called.
    ids: BTreeMap<String, String>,
    uuids: bool,
    times: bool,
    longest: usize,
    /// What has a name already: the value as it stands in a frame, and its name.
    names: BTreeMap<String, String>,
    /// How many there are of each kind.
    counts: BTreeMap<String, usize>,
}

impl Default for Normalizer {
    fn default() -> Self {
        Self::new()
    }
}

impl Normalizer {
    /// One that leaves out `"jsonrpc":"2.0"`, which every frame has, cuts what is longer than 2 000 bytes, and changes
    /// nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hidden: Vec::new(),
            ids: BTreeMap::new(),
            uuids: false,
            times: false,
            longest: LONGEST,
            names: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    /// Numbers the strings and numbers under this member: the first becomes `<label 1>`. From then on the same string is
    /// shown so wherever it is a whole string of a frame.
    #[must_use]
    pub fn ids(mut self, member: impl Into<String>, label: impl Into<String>) -> Self {
        self.ids.insert(member.into(), label.into());
        self
    }

    /// Numbers the strings that are UUIDs: `<uuid 1>`.
    #[must_use]
    pub fn uuids(mut self) -> Self {
        self.uuids = true;
        self
    }

    /// Numbers the strings that are moments in RFC 3339: `<time 1>`.
    #[must_use]
    pub fn times(mut self) -> Self {
        self.times = true;
        self
    }

    /// Shows no more than the beginning of frames that are longer than so many bytes after all else is done.
    #[must_use]
    pub fn longest(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    /// Writes `shown` in the place of `secret` from now on, wherever it stands. An empty secret is none.
    pub fn hide(&mut self, secret: impl Into<String>, shown: impl Into<String>) {
        let secret = secret.into();
        if !secret.is_empty() {
            self.hidden.push((secret, shown.into()));
        }
    }

    /// The frame as a snapshot shows it.
    pub fn frame(&mut self, frame: &str) -> String {
        let mut text = frame.replace(r#""jsonrpc":"2.0","#, "");
        for (secret, shown) in &self.hidden {
            if text.contains(secret) {
                text = text.replace(secret, shown);
            }
        }
        if self.uuids || self.times || !self.ids.is_empty() {
            text = self.named(&text);
        }
        if text.len() <= self.longest {
            return text;
        }
        let head: String = text.chars().take(HEAD).collect();
        format!("{head}… ({} bytes)", text.len())
    }

    /// The text with the values that have a name replaced by it.
    fn named(&mut self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        // The member that the values inside each open bracket belong to.
        let mut members: Vec<Option<&str>> = vec![None];
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let token = token(rest);
            let (now, after) = rest.split_at(token.len());
            rest = after;
            match first {
                '"' if after.trim_start().starts_with(':') => {
                    if let Some(member) = members.last_mut() {
                        *member = Some(inside(now));
                    }
                    shown.push_str(now);
                }
                '"' => {
                    let member = members.last().copied().flatten();
                    match self.name(inside(now), member) {
                        Some(name) => shown.push_str(&format!("\"{name}\"")),
                        None => shown.push_str(now),
                    }
                }
                '0'..='9' | '-' => {
                    let member = members.last().copied().flatten();
                    let label = member.and_then(|member| self.ids.get(member)).cloned();
                    match label {
                        Some(label) => shown.push_str(&self.number(now, &label)),
                        None => shown.push_str(now),
                    }
                }
                '[' => {
                    // The values of an array belong to the member that the array does.
                    members.push(members.last().copied().flatten());
                    shown.push_str(now);
                }
                '{' => {
                    members.push(None);
                    shown.push_str(now);
                }
                '}' | ']' => {
                    members.pop();
                    shown.push_str(now);
                }
                _ => shown.push_str(now),
            }
        }
        shown
    }

    /// The name of a string, if it has one or is to have one.
    fn name(&mut self, value: &str, member: Option<&str>) -> Option<String> {
        if let Some(name) = self.names.get(value) {
            return Some(name.clone());
        }
        let of_member = member.and_then(|member| self.ids.get(member));
        let label: Cow<'static, str> = if let Some(label) = of_member.filter(|_| !value.is_empty())
        {
            Cow::Owned(label.clone())
        } else if self.uuids && is_uuid(value) {
            Cow::Borrowed("uuid")
        } else if self.times && is_time(value) {
            Cow::Borrowed("time")
        } else {
            return None;
        };
        Some(self.number(value, &label))
    }

    /// The name of a value under a label: the one it has, or the next.
    fn number(&mut self, value: &str, label: &str) -> String {
        if let Some(name) = self.names.get(value) {
            return name.clone();
        }
        let count = self.counts.entry(label.to_owned()).or_default();
        *count += 1;
        let name = format!("<{label} {count}>");
        self.names.insert(value.to_owned(), name.clone());
        name
    }
}

/// The first token of a text that is not empty: a string, a number, or one character.
fn token(text: &str) -> &str {
    let bytes = text.as_bytes();
    let length = match bytes.first() {
        Some(b'"') => {
            let mut escaped = false;
            let end = bytes.iter().skip(1).position(|&byte| {
                let closes = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                closes
            });
            end.map_or(text.len(), |end| end + 2)
        }
        Some(b'0'..=b'9' | b'-') => {
            let number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
            bytes.iter().take_while(|byte| number(byte)).count()
        }
        _ => text.chars().next().map_or(0, char::len_utf8),
    };
    text.get(..length).unwrap_or(text)
}

/// What stands between the quotes of a string token.
fn inside(token: &str) -> &str {
    let open = token.strip_prefix('"').unwrap_or(token);
    open.strip_suffix('"').unwrap_or(open)
}

fn is_uuid(text: &str) -> bool {
    let groups = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    groups.iter().all(|&length| {
        let part = parts.next().unwrap_or_default();
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    }) && parts.next().is_none()
}

fn is_time(text: &str) -> bool {
    // The parser takes more than RFC 3339 does: a bare date never has a colon.
    text.len() >= 20 && text.contains(':') && text.parse::<Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_value_has_the_same_name_and_another_has_the_next() {
        let mut normalizer = Normalizer::new().ids("id", "thing");
        let shown = normalizer.frame(r#"{"id":"a","other":"a","list":["b"],"id":"b"}"#);
        assert_eq!(
            shown,
            r#"{"id":"<thing 1>","other":"<thing 1>","list":["b"],"id":"<thing 2>"}"#
        );
        assert_eq!(normalizer.frame(r#"["b","c"]"#), r#"["<thing 2>","c"]"#);
    }

    #[test]
    fn an_array_belongs_to_its_member_and_an_object_does_not() {
        let mut normalizer = Normalizer::new().ids("ids", "x");
        assert_eq!(
            normalizer.frame(r#"{"ids":["a",{"k":"v"},7,[8]],"n":7}"#),
            r#"{"ids":["<x 1>",{"k":"v"},<x 2>,[<x 3>]],"n":7}"#
        );
    }

    #[test]
    fn uuids_and_times_are_found_by_their_shape() {
        let mut normalizer = Normalizer::new().uuids().times();
        let frame = r#"["67e55044-10b1-426f-9247-bb680e5fe0c8","2026-01-02T03:04:05.678Z","2026-01-02T04:04:05+01:00","2026-01-02","67e55044-10b1-426f-9247-bb680e5fe0cX"]"#;
        assert_eq!(
            normalizer.frame(frame),
            r#"["<uuid 1>","<time 1>","<time 2>","2026-01-02","67e55044-10b1-426f-9247-bb680e5fe0cX"]"#
        );
    }

    #[test]
    fn secrets_are_hidden_and_the_envelope_is_left_out() {
        let mut normalizer = Normalizer::new();
        normalizer.hide("tok", "<token>");
        normalizer.hide("", "never");
        let shown = normalizer.frame(r#"{"jsonrpc":"2.0","id":1,"params":{"token":"tok"}}"#);
        assert_eq!(shown, r#"{"id":1,"params":{"<token>en":"<token>"}}"#);
    }

    #[test]
    fn what_is_long_is_told_by_its_length() {
        let mut normalizer = Normalizer::new().longest(300);
        let long = format!("[\"{}\"]", "é".repeat(400));
        let shown = normalizer.frame(&long);
        assert!(shown.ends_with("… (804 bytes)"), "{shown}");
        assert_eq!(normalizer.frame("[1]"), "[1]");
    }

    #[test]
    fn what_is_no_json_is_shown_as_it_is() {
        let mut normalizer = Normalizer::new().ids("id", "x").uuids().times();
        for frame in [
            "",
            "\"",
            "\"\\",
            "{\"id\":",
            "]]]",
            "{\"id\"",
            "é\"é",
            "-",
            "\"a\\\"b\"",
        ] {
            assert_eq!(normalizer.frame(frame), frame);
        }
    }
}
