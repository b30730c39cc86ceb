//! Makes one event of several that only add to a text.

use bytestring::ByteString;
use car_protocol::jsonrpc::encode_notification;
use serde_json::{Map, Value};

use crate::log::{CHAT, Entry, Family};

/// The kind of event that adds to a text, and the member that has what it adds.
const ADDING: (&str, &str) = ("token", "delta");
/// How much text one event has at most, in bytes, unless a single one had more.
const MOST_TEXT: usize = 16 << 10;
/// What tells apart what is said in different turns.
const TURN: &str = "turn_id";

/// A stretch that goes out as one event.
struct Stretch<'a> {
    last: &'a Entry,
    /// There where it has more than one event.
    sum: Option<Sum>,
}

struct Sum {
    first: u64,
    turn: Value,
    text: String,
    /// Everything else that the last one says.
    params: Map<String, Value>,
}

/// What is written of these events, which follow each other: the number of the last one in each frame, and the frame.
/// Only chats have events that are put together; what a subscriber gets has all of their text.
pub(super) fn merged<'a>(
    family: &Family,
    entries: impl Iterator<Item = &'a Entry>,
) -> Vec<(u64, ByteString)> {
    if *family != CHAT {
        return entries
            .map(|entry| (entry.seq, entry.frame.clone()))
            .collect();
    }
    let mut written = Vec::new();
    let mut stretch: Option<Stretch<'_>> = None;
    for entry in entries {
        let grown = stretch.as_mut().is_some_and(|stretch| stretch.take(entry));
        if !grown {
            written.extend(stretch.replace(Stretch::new(entry)).map(Stretch::frame));
        }
    }
    written.extend(stretch.map(Stretch::frame));
    written
}

impl<'a> Stretch<'a> {
    fn new(entry: &'a Entry) -> Self {
        Self {
            last: entry,
            sum: None,
        }
    }

    /// Adds the event that follows, if it only adds to the text.
    fn take(&mut self, entry: &'a Entry) -> bool {
        let adds = &*self.last.kind == ADDING.0 && &*entry.kind == ADDING.0;
        if !adds || entry.seq != self.last.seq + 1 {
            return false;
        }
        if self.sum.is_none() {
            self.sum = Sum::of(self.last);
        }
        let (Some(sum), Some(next)) = (&mut self.sum, Sum::of(entry)) else {
            return false;
        };
        if next.turn != sum.turn || sum.text.len() + next.text.len() > MOST_TEXT {
            return false;
        }
        sum.text.push_str(&next.text);
        sum.params = next.params;
        self.last = entry;
        true
    }

    fn frame(self) -> (u64, ByteString) {
        let whole = || self.last.frame.clone();
        let frame = match self.sum {
            Some(sum) if sum.first != self.last.seq => sum.frame().unwrap_or_else(whole),
            _ => whole(),
        };
        (self.last.seq, frame)
    }
}

impl Sum {
    fn of(entry: &Entry) -> Option<Self> {
        let mut params: Map<String, Value> = serde_json::from_str(entry.params()).ok()?;
        let Some(Value::String(text)) = params.remove(ADDING.1) else {
            return None;
        };
        Some(Self {
            first: entry.seq,
            turn: params.get(TURN).cloned().unwrap_or_default(),
            text,
            params,
        })
    }

    fn frame(mut self) -> Option<ByteString> {
        self.params.insert(ADDING.1.to_owned(), self.text.into());
        self.params.insert("from_seq".to_owned(), self.first.into());
        let text = encode_notification(CHAT.notification?, &self.params).ok()?;
        Some(text.into())
    }
}

#[cfg(test)]
mod tests {
    use car_protocol::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::log::{Draft, EventLog as _, MemoryLog, StreamName};

    fn said(events: &[Value]) -> Vec<(u64, Value)> {
        let (log, stream) = (MemoryLog::with_epoch(1), StreamName::owned(&CHAT, "c"));
        for event in events {
            let at = Timestamp::from_unix_millis(0);
            let draft = Draft::new(event["kind"].as_str().unwrap(), at, event).unwrap();
            log.append(&stream, draft).unwrap();
        }
        let page = log.read(&stream, None, events.len()).unwrap();
        let frames = merged(&CHAT, page.entries.iter());
        let params = |frame: &str| serde_json::from_str::<Value>(frame).unwrap()["params"].take();
        frames
            .iter()
            .map(|(seq, frame)| (*seq, params(frame)))
            .collect()
    }

    fn token(turn: &str, delta: &str) -> Value {
        json!({ "kind": "token", "turn_id": turn, "delta": delta })
    }

    #[test]
    fn tokens_that_follow_each_other_come_as_one_with_all_of_their_text() {
        let events = [
            token("a", "one "),
            token("a", "two "),
            token("a", "three"),
            json!({ "kind": "tool_call", "turn_id": "a", "delta": "not text" }),
            token("a", "four"),
            token("b", "five"),
            token("b", "six"),
        ];
        let said = said(&events);
        let seen: Vec<_> = said
            .iter()
            .map(|(seq, event)| (*seq, event["delta"].as_str().unwrap(), &event["from_seq"]))
            .collect();
        assert_eq!(
            seen,
            [
                (3, "one two three", &json!(1)),
                (4, "not text", &Value::Null),
                (5, "four", &Value::Null),
                (7, "fivesix", &json!(6)),
            ]
        );
        assert_eq!(said[0].1["seq"], 3);
    }

    #[test]
    fn a_merged_event_has_a_bounded_text() {
        let long = "x".repeat(MOST_TEXT / 2 + 1);
        let said = said(&[token("a", &long), token("a", &long), token("a", "y")]);
        assert_eq!(said.len(), 2);
        let text: String = said
            .iter()
            .map(|(_, event)| event["delta"].as_str().unwrap())
            .collect();
        assert_eq!(text.len(), 2 * long.len() + 1);
    }
}
