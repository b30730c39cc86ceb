//! What an event is about, for subscribers that want the latest of each thing only.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Entry, Family};

/// The key of an event: a newer event of the same stream with the same key stands for it.
pub(crate) fn key(family: &Family, entry: &Entry) -> String {
    let kind = &*entry.kind;
    let rule = family.keys.iter().find(|rule| kind.starts_with(rule.kinds));
    let Some(rule) = rule else {
        return kind.to_owned();
    };
    let mut key = rule.kinds.to_owned();
    for path in rule.about {
        key.push('\u{0}');
        key.push_str(member(entry.params(), path).unwrap_or_default());
    }
    key
}

/// The text of a member of a JSON object, without what stands around it being built.
fn member<'a>(json: &'a str, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(json, |json, name| {
        let mut parser = serde_json::Deserializer::from_str(json);
        parser.deserialize_map(Member(name)).ok().flatten()
    })
}

/// Looks for one member of an object.
struct Member<'n>(&'n str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            if name == self.0 {
                found = Some(members.next_value::<&RawValue>()?.get());
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use car_protocol::Timestamp;
    use serde_json::{Value, json};

    use crate::log::{Draft, EventLog as _, HOST, MemoryLog, SESSION, StreamName};

    fn key(family: &'static crate::log::Family, kind: &str, body: Value) -> String {
        let log = MemoryLog::with_epoch(1);
        let stream = StreamName::owned(family, "x");
        let draft = Draft::new(kind, Timestamp::UNIX_EPOCH, &body).unwrap();
        log.append(&stream, draft).unwrap();
        let page = log.read(&stream, None, 1).unwrap();
        super::key(family, &page.entries[0])
    }

    #[test]
    fn events_about_the_same_thing_have_the_same_key() {
        let about = |kind: &str, id: &str| {
            let payload = json!({ "deep": { "id": "no" }, "id": id, "approval_id": id });
            key(
                &HOST,
                kind,
                json!({ "kind": kind, "agent_id": id, "payload": payload }),
            )
        };
        assert_eq!(
            about("agent.registered", "a"),
            about("agent.status_changed", "a")
        );
        assert_ne!(
            about("agent.registered", "a"),
            about("agent.registered", "b")
        );
        assert_eq!(
            about("approval.requested", "a"),
            about("approval.resolved", "a")
        );
        assert_ne!(
            about("approval.requested", "a"),
            about("approval.resolve_requested", "a")
        );
        assert_eq!(
            about("host.notification", "a"),
            about("host.notification", "b")
        );
    }

    #[test]
    fn an_action_is_told_from_its_namesake_in_another_proposal() {
        let of = |proposal: &str| {
            key(
                &SESSION,
                "action_failed",
                json!({ "proposal_id": proposal, "action_id": "a" }),
            )
        };
        assert_eq!(of("p"), of("p"));
        assert_ne!(of("p"), of("q"));
    }
}
