//! What the agent says, in the words of a chat.

use agent_client_protocol::v1::schema::{ContentBlock, SessionUpdate};
use serde::Serialize;
use serde_json::{Map, Value};

/// Members of an event that may be left out of one that is too long, the longest first.
const BULKY: [&str; 5] = [
    "content",
    "rawOutput",
    "rawInput",
    "entries",
    "availableCommands",
];

/// One event of a chat.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) kind: String,
    pub(crate) delta: Option<String>,
    pub(crate) detail: Option<Value>,
}

/// The events that tell of an update: none for what the chat knows already, several for a long text.
pub(crate) fn told(update: SessionUpdate, most: usize) -> Vec<Told> {
    match update {
        // The prompt stands in the chat already.
        SessionUpdate::UserMessageChunk(_) => Vec::new(),
        SessionUpdate::AgentMessageChunk(chunk) => said("token", chunk.content, most),
        SessionUpdate::AgentThoughtChunk(chunk) => said("thought", chunk.content, most),
        other => from_members(members(&other, "sessionUpdate"), most),
    }
}

fn said(kind: &str, content: ContentBlock, most: usize) -> Vec<Told> {
    if let ContentBlock::Text(text) = content {
        let told = |piece: &str| Told {
            kind: kind.to_owned(),
            delta: Some(piece.to_owned()),
            detail: None,
        };
        return pieces(&text.text, most).map(told).collect();
    }
    let (_, members) = members(&content, "");
    let kind = match kind {
        "token" => "content",
        other => other,
    };
    from_members((kind.to_owned(), members), most)
}

/// The members of something, and what it says that it is.
fn members(of: &impl Serialize, tag: &str) -> (String, Map<String, Value>) {
    let Ok(Value::Object(mut members)) = serde_json::to_value(of) else {
        return (String::new(), Map::new());
    };
    match members.remove(tag) {
        Some(Value::String(kind)) => (kind, members),
        _ => (String::new(), members),
    }
}

fn from_members((kind, mut members): (String, Map<String, Value>), most: usize) -> Vec<Told> {
    if kind.is_empty() {
        return Vec::new();
    }
    // What shows tools looks for their name here.
    let name = ["name", "title", "toolCallId"]
        .iter()
        .find_map(|name| members.get(*name));
    if kind.starts_with("tool_call")
        && let Some(name) = name.cloned()
    {
        members.insert("tool".to_owned(), name);
    }
    fit(&mut members, most);
    vec![Told {
        kind,
        delta: None,
        detail: Some(Value::Object(members)),
    }]
}

/// Leaves out what is too long, and says so.
pub(crate) fn fit(members: &mut Map<String, Value>, most: usize) {
    for name in BULKY {
        if length(members) <= most {
            return;
        }
        if members.remove(name).is_some() {
            members.insert("cut".to_owned(), true.into());
        }
    }
    if length(members) > most {
        members.retain(|_, value| length(value) <= most / 16);
        members.insert("cut".to_owned(), true.into());
    }
}

fn length(of: &impl Serialize) -> usize {
    serde_json::to_vec(of).map_or(usize::MAX, |bytes| bytes.len())
}

/// A text in pieces that are not too long, cut between characters.
fn pieces(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.floor_char_boundary(most.max(4).min(rest.len()));
        let (piece, after) = rest.split_at_checked(end)?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use agent_client_protocol::v1::schema::{ContentChunk, TextContent, ToolCall};
    use serde_json::json;

    use super::*;

    fn text(text: &str) -> ContentChunk {
        ContentChunk::new(ContentBlock::Text(TextContent::new(text)))
    }

    #[test]
    fn a_text_is_told_in_pieces_and_none_of_it_is_lost() {
        let long = "wörd ".repeat(20);
        let told = told(SessionUpdate::AgentMessageChunk(text(&long)), 16);
        assert!(told.len() > 5 && told.iter().all(|one| one.kind == "token"));
        let all: String = told.into_iter().filter_map(|one| one.delta).collect();
        assert_eq!(all, long);
    }

    #[test]
    fn a_tool_is_told_by_its_name_and_without_what_is_too_long() {
        let call = ToolCall::new("t1", "Run tests").raw_input(json!({ "text": "x".repeat(500) }));
        let told = told(SessionUpdate::ToolCall(call), 300);
        let detail = told[0].detail.as_ref().unwrap();
        assert_eq!(
            (&*told[0].kind, &detail["tool"]),
            ("tool_call", &json!("Run tests"))
        );
        assert_eq!(
            (&detail["cut"], detail.get("rawInput")),
            (&json!(true), None)
        );
    }

    #[test]
    fn what_the_chat_knows_already_is_not_told_again() {
        assert!(told(SessionUpdate::UserMessageChunk(text("hello")), 300).is_empty());
        let thought = told(SessionUpdate::AgentThoughtChunk(text("hm")), 300);
        assert_eq!(
            (&*thought[0].kind, thought[0].delta.as_deref()),
            ("thought", Some("hm"))
        );
    }
}
