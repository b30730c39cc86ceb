//! The text of an event, written by whoever has it.

use std::fmt;

use car_protocol::Timestamp;
use serde::Serialize;

/// The members of a JSON object that is being written, in their order. Names are plain words: they are not escaped.
///
/// A serialiser looks at each byte of each name and text for itself. Most events are short, and there are several for
/// every call of a tool.
pub struct Members<'t> {
    text: &'t mut String,
}

impl<'t> Members<'t> {
    /// Begins an object, whose end the caller writes.
    pub(super) fn begin(text: &'t mut String) -> Self {
        text.push('{');
        Self { text }
    }

    fn name(&mut self, name: &'static str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    /// A text.
    pub fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        push_string(self.text, value);
    }

    /// A moment.
    pub fn moment(&mut self, name: &'static str, value: Timestamp) {
        self.name(name);
        self.text.push('"');
        value.push_to(self.text);
        self.text.push('"');
    }

    /// A number.
    pub fn number(&mut self, name: &'static str, value: u64) {
        self.name(name);
        push_number(self.text, value);
    }

    /// Yes or no.
    pub fn flag(&mut self, name: &'static str, value: bool) {
        self.name(name);
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// Anything else; `null` where it cannot be JSON.
    pub fn value<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) {
        self.name(name);
        let written = serde_json::to_string(value);
        self.text.push_str(written.as_deref().unwrap_or("null"));
    }

    /// A number with a fraction; `null` where it is none.
    pub fn fraction(&mut self, name: &'static str, value: f64) {
        self.name(name);
        let mut room = [0; 32];
        let mut rest = &mut room[..];
        let is_written = serde_json::to_writer(&mut rest, &value).is_ok();
        let left = rest.len();
        let written = room.get(..room.len() - left).map(str::from_utf8);
        match written {
            Some(Ok(written)) if is_written => self.text.push_str(written),
            _ => self.text.push_str("null"),
        }
    }

    /// An object.
    pub fn object(&mut self, name: &'static str, write: impl FnOnce(&mut Members<'_>)) {
        self.name(name);
        write(&mut Members::begin(self.text));
        self.text.push('}');
    }
}

impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Members").field(&self.text).finish()
    }
}

/// Appends a text as JSON. Whether it needs escapes is asked of all its bytes at once, which is what vectors are for.
fn push_string(text: &mut String, value: &str) {
    let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    if value
        .bytes()
        .fold(false, |found, byte| found | special(byte))
    {
        let written = serde_json::to_string(value);
        text.push_str(written.as_deref().unwrap_or("\"\""));
    } else {
        text.push('"');
        text.push_str(value);
        text.push('"');
    }
}

/// Appends a number in decimal: the formatter of the library does more than is needed for every event.
pub(super) fn push_number(text: &mut String, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut used = 0;
    for place in digits.iter_mut().rev() {
        *place += u8::try_from(number % 10).unwrap_or_default();
        used += 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    let digits = digits.get(digits.len() - used..).unwrap_or_default();
    text.push_str(str::from_utf8(digits).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_written_is_what_a_serialiser_writes() {
        let mut text = String::new();
        let mut members = Members::begin(&mut text);
        members.text("plain", "a b/ü");
        members.text("odd", "a\"b\\c\n\u{7f}\u{1}");
        members.text("empty", "");
        members.moment("at", Timestamp::from_unix_millis(1_767_323_045_678));
        members.number("zero", 0);
        members.number("most", u64::MAX);
        members.flag("yes", true);
        members.flag("no", false);
        members.fraction("whole", 3.0);
        members.fraction("part", -1.5e-7);
        members.fraction("none", f64::NAN);
        members.value("any", &json!({ "a": [1, null] }));
        members.object("object", |members| members.number("n", 1));
        members.object("nothing", |_| {});
        text.push('}');
        let expected = json!({
            "plain": "a b/ü",
            "odd": "a\"b\\c\n\u{7f}\u{1}",
            "empty": "",
            "at": "2026-01-02T03:04:05.678Z",
            "zero": 0,
            "most": u64::MAX,
            "yes": true,
            "no": false,
            "whole": 3.0,
            "part": -1.5e-7,
            "none": null,
            "any": { "a": [1, null] },
            "object": { "n": 1 },
            "nothing": {},
        });
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, expected);
        // Members of a test's own object may be sorted; each of them is written alike.
        for (name, value) in expected.as_object().unwrap() {
            let member = format!("{}:{value}", json!(name));
            assert!(text.contains(&member), "{member} in {text}");
        }
    }
}
