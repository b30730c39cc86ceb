//! Every message as it stands on the wire, and what becomes of it in another version.

use std::collections::BTreeSet;

use car_protocol::a2ui::convert::convert;
use car_protocol::a2ui::validate::Validator;
use car_protocol::a2ui::{self, Message, Version};

use crate::samples::messages;

fn page(messages: &[(&str, Message)]) -> String {
    let line = |(name, message): &(&str, Message)| {
        format!("{name}\n{}\n\n", serde_json::to_string(message).unwrap())
    };
    messages.iter().map(line).collect()
}

#[test]
fn every_message_of_v0_9() {
    insta::assert_snapshot!(page(&messages(Version::V0_9)));
}

#[test]
fn every_message_of_v0_9_1() {
    insta::assert_snapshot!(page(&messages(Version::V0_9_1)));
}

#[test]
fn every_message_of_v1_0() {
    insta::assert_snapshot!(page(&messages(Version::V1_0)));
}

#[test]
fn every_message_is_read_as_it_was_written_and_allowed_by_its_schema() {
    let mut names = BTreeSet::new();
    for &version in Version::ALL {
        for (name, message) in messages(version) {
            let value = serde_json::to_value(&message).unwrap();
            let text = message_text(&message);
            let read = a2ui::decode(&text).unwrap().remove(0).unwrap();
            assert_eq!(read, message, "{version} {name}");
            let read = a2ui::decode_value(&value).unwrap().remove(0).unwrap();
            assert_eq!(
                serde_json::to_value(read).unwrap(),
                value,
                "{version} {name}"
            );
            let allowed = Validator::basic(version).message(&value, message.body.direction());
            assert_eq!(allowed, Ok(()), "{version} {name}");
            assert!(message.body.surface_id().is_some() || message.body.call_id().is_some());
            names.insert(message.body.name());
        }
    }
    assert_eq!(names.len(), 11);
}

fn message_text(message: &Message) -> String {
    serde_json::to_string(message).unwrap()
}

#[test]
fn what_is_lost_between_the_versions() {
    let mut report = String::new();
    for (from, to) in [
        (Version::V0_9, Version::V1_0),
        (Version::V1_0, Version::V0_9_1),
    ] {
        report.push_str(&format!("# {from} to {to}\n\n"));
        for (name, message) in messages(from) {
            match convert(message, to) {
                Err(error) => report.push_str(&format!("{name}: {error}\n")),
                Ok(converted) => {
                    let bodies = converted.messages.iter().map(|message| message.body.name());
                    let bodies: Vec<_> = bodies.collect();
                    report.push_str(&format!("{name}: {}\n", bodies.join(", ")));
                    for loss in &converted.losses {
                        report.push_str(&format!("    {loss}\n"));
                    }
                    let payload = serde_json::to_value(&converted.messages).unwrap();
                    let direction = converted.messages[0].body.direction();
                    let allowed = Validator::basic(to).payload(&payload, direction);
                    assert_eq!(allowed, Ok(()), "{name}");
                }
            }
        }
        report.push('\n');
    }
    insta::assert_snapshot!(report);
}

#[test]
fn nothing_is_lost_between_v0_9_and_v0_9_1() {
    for (name, message) in messages(Version::V0_9) {
        let there = convert(message.clone(), Version::V0_9_1).unwrap();
        assert_eq!(there.losses, [], "{name}");
        let there = there.messages.into_iter().next().unwrap();
        let back = convert(there, Version::V0_9).unwrap();
        assert_eq!(back.messages, [message], "{name}");
    }
}
