use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Id, Message, Notification, Request, Response};

/// The version as it is written.
const VERSION_TEXT: &str = "\"2.0\"";

/// The digits of an id that is certainly an `i64`.
const DIGITS: usize = 18;

/// Reads a message as almost every peer writes it: members of an envelope that are known, named once, in any order, with
/// at most spaces between them and before their values, and no escape in a name or a method. It costs half of what reading any envelope costs.
///
/// `None` says nothing about the message but that it has to be read the long way, which alone knows what is wrong
/// with it.
pub(super) fn compact(text: &str) -> Option<Message<'_>> {
    let mut rest = Rest(text);
    let mut versioned = false;
    let (mut id, mut method, mut params, mut result) = (None, None, None, None);
    rest.expect("{")?;
    loop {
        rest.blank();
        let known = if rest.member("\"jsonrpc\":") {
            let first = !versioned;
            versioned = true;
            rest.expect(VERSION_TEXT)?;
            first
        } else if rest.member("\"id\":") {
            id.replace(rest.id()?).is_none()
        } else if rest.member("\"method\":") {
            method.replace(rest.string()?).is_none()
        } else if rest.member("\"params\":") {
            params.replace(rest.value()?).is_none()
        } else if rest.member("\"result\":") {
            result.replace(rest.value()?).is_none()
        } else {
            false
        };
        if !known {
            return None;
        }
        rest.blank();
        if rest.expect(",").is_none() {
            break;
        }
    }
    rest.expect("}")?;
    if !versioned || !rest.0.trim_ascii_end().is_empty() {
        return None;
    }
    match (method, result) {
        (Some(method), None) => {
            let params = match params {
                Some(raw) if raw.get() == "null" => None,
                Some(raw) if raw.get().starts_with(['{', '[']) => Some(raw),
                Some(_) => return None,
                None => None,
            };
            let method = Cow::Borrowed(method);
            Some(match id {
                Some(id) => Message::Request(Request {
                    id,
                    method,
                    params,
                    meta: None,
                }),
                None => Message::Notification(Notification {
                    method,
                    params,
                    meta: None,
                }),
            })
        }
        (None, Some(result)) if params.is_none() => Some(Message::Response(Response {
            id: id?,
            outcome: Ok(result),
        })),
        _ => None,
    }
}

/// What is not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn expect(&mut self, what: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(what)?;
        Some(())
    }

    fn blank(&mut self) {
        while self.expect(" ").is_some() {}
    }

    fn take(&mut self, bytes: usize) -> Option<&'a str> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    /// A string without escapes, which all end a string of JSON early here.
    fn string(&mut self) -> Option<&'a str> {
        self.expect("\"")?;
        let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        let end = self.0.as_bytes().iter().position(ends)?;
        let string = self.take(end)?;
        self.expect("\"")?;
        Some(string)
    }

    /// Whether the member of this name comes next, of which the value is left then.
    fn member(&mut self, name: &str) -> bool {
        let comes = self.expect(name).is_some();
        if comes {
            self.blank();
        }
        comes
    }

    fn id(&mut self) -> Option<Id> {
        let other = |byte: &u8| !byte.is_ascii_digit();
        let digits = self.0.as_bytes().iter().position(other)?;
        if digits == 0 {
            return Id::from_raw(self.value()?);
        }
        // What follows must be a member or the end, so neither a fraction nor an exponent gets by.
        let number = self.take(digits).filter(|number| {
            number.len() <= DIGITS && (number.len() == 1 || !number.starts_with('0'))
        })?;
        number.parse().ok().map(Id::integer)
    }

    /// Any value, checked to be JSON.
    fn value(&mut self) -> Option<&'a RawValue> {
        let mut values = serde_json::Deserializer::from_str(self.0).into_iter::<&RawValue>();
        let value = values.next()?.ok()?;
        let read = values.byte_offset();
        self.take(read)?;
        Some(value)
    }
}
