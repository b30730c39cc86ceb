use car_protocol::a2a::limits::{MAX_DEPTH, MAX_ID_BYTES, MAX_PAYLOAD_BYTES, MAX_VIOLATIONS};
use car_protocol::a2a::v1::{
    GetTaskRequest, ListTasksRequest, Message, Part, PartContent, Role, SendMessageRequest,
    StreamResponse, Task, TaskState, TaskStatus,
};
use car_protocol::a2a::{Bytes, ReadError, Reader, Violations, Wire, v0_3};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::catalog::catalog;

fn read<T: Wire>(json: Value) -> Result<T, ReadError> {
    Reader::strict().read(&json.to_string())
}

fn violations<T: Wire>(text: &str) -> Violations {
    match Reader::strict().read::<T>(text) {
        Err(ReadError::Invalid(violations)) => violations,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{text} was read"),
    }
}

fn lines(violations: &Violations) -> Vec<String> {
    violations
        .fields()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn all_faults_of_a_request_are_found_with_their_paths() {
    let found = violations::<SendMessageRequest>(
        r#"{"tenant":7,
            "message":{"messageId":"","role":"ROLE_USER",
                "parts":[{"text":"a","url":"b"},{},{"raw":"*"},{"data":null},null,{"text":5}],
                "metadata":[],"referenceTaskIds":["t",{}],"taskId":"a","taskId":"b"},
            "configuration":{"historyLength":-1,"taskPushNotificationConfig":{"authentication":{}}}}"#,
    );
    insta::assert_snapshot!(lines(&found).join("\n"));
}

#[test]
fn all_faults_of_a_card_are_found_with_their_paths() {
    let found = violations::<car_protocol::a2a::v1::AgentCard>(
        r#"{"name":"x","version":"1","supportedInterfaces":[],"capabilities":{},"skills":[{"tags":"a"}],
            "securitySchemes":{"a.b":{},"mtls":{"mtlsSecurityScheme":{},"apiKeySecurityScheme":{"location":"x"}},
                "oauth":{"oauth2SecurityScheme":{"flows":{"deviceCode":{"scopes":{"s":1}}}}}}}"#,
    );
    insta::assert_snapshot!(lines(&found).join("\n"));
}

#[test]
fn unknown_fields_are_skipped_whatever_they_hold() {
    let task: GetTaskRequest = read(json!({ "id": "t", "x": [[{ "y": {} }]], "z": null })).unwrap();
    assert_eq!(task.id.as_str(), "t");
}

#[test]
fn null_is_the_same_as_absent_but_as_data() {
    let message: Message = read(json!({
        "messageId": "m", "role": "ROLE_AGENT", "contextId": null, "metadata": null, "extensions": null,
        "parts": [{ "text": null, "data": null, "filename": null }],
    }))
    .unwrap();
    assert_eq!(message.context_id, None);
    assert_eq!(message.parts[0].content, PartContent::Data(Value::Null));
    let found = violations::<Part>(r#"{"text":null}"#);
    assert_eq!(
        lines(&found),
        ["the whole must have one of text, raw, url, data"]
    );
}

#[test]
fn an_empty_optional_string_is_none_and_is_never_written() {
    let mut part: Part = read(json!({ "text": "", "filename": "", "mediaType": "" })).unwrap();
    assert_eq!(part, Part::text(""));
    part.filename = Some(String::new());
    assert_eq!(serde_json::to_value(&part).unwrap(), json!({ "text": "" }));
}

#[test]
fn enumerations_are_read_by_name_and_by_number_and_written_by_name() {
    for &state in TaskState::ALL {
        let name: TaskStatus = read(json!({ "state": state.as_str() })).unwrap();
        assert_eq!(name.state, state);
    }
    let number: TaskStatus = read(json!({ "state": 6 })).unwrap();
    assert_eq!(number.state, TaskState::InputRequired);
    assert_eq!(
        serde_json::to_value(&number).unwrap(),
        json!({ "state": "TASK_STATE_INPUT_REQUIRED" })
    );
    for wrong in [
        json!("completed"),
        json!("TASK_STATE_DONE"),
        json!(9),
        json!(1.5),
        json!(true),
    ] {
        assert!(
            read::<TaskStatus>(json!({ "state": wrong })).is_err(),
            "{wrong}"
        );
    }
    // 0.3 has names only.
    assert!(read::<v0_3::TaskStatus>(json!({ "state": 1 })).is_err());
}

#[test]
fn every_variant_of_base64_is_read_and_the_standard_one_is_written() {
    for text in ["+/8=", "-_8=", "+/8", "-_8"] {
        let part: Part = read(json!({ "raw": text })).unwrap();
        assert_eq!(part.content, PartContent::Raw(Bytes(vec![0xFB, 0xFF])));
        assert_eq!(
            serde_json::to_value(&part).unwrap(),
            json!({ "raw": "+/8=" })
        );
    }
    assert!(read::<Part>(json!({ "raw": "+/9=" })).is_err());
}

#[test]
fn times_are_written_in_utc_with_milliseconds() {
    for (given, written) in [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        (
            "2026-01-02T04:04:05.1234567+01:00",
            "2026-01-02T03:04:05.123Z",
        ),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    ] {
        let status: TaskStatus = read(json!({ "state": 1, "timestamp": given })).unwrap();
        assert_eq!(
            serde_json::to_value(&status).unwrap()["timestamp"],
            json!(written)
        );
    }
    for wrong in [
        "2026-01-02",
        "2026-01-02T03:04:05",
        "yesterday",
        "-000001-01-01T00:00:00Z",
        "",
    ] {
        assert!(
            read::<TaskStatus>(json!({ "state": 1, "timestamp": wrong })).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn numbers_may_stand_in_strings_and_keep_their_bounds() {
    for given in [json!(7), json!("7"), json!(7.0), json!(7e0)] {
        let request: GetTaskRequest = read(json!({ "id": "t", "historyLength": given })).unwrap();
        assert_eq!(request.history_length, Some(7));
    }
    for wrong in [
        json!(-1),
        json!(2_147_483_648_u64),
        json!(1.5),
        json!("x"),
        json!(u64::MAX),
        json!(-1e300),
    ] {
        assert!(
            read::<GetTaskRequest>(json!({ "id": "t", "historyLength": wrong })).is_err(),
            "{wrong}"
        );
    }
    for (size, fits) in [(0, false), (1, true), (100, true), (101, false)] {
        assert_eq!(
            read::<ListTasksRequest>(json!({ "pageSize": size })).is_ok(),
            fits,
            "{size}"
        );
    }
}

#[test]
fn a_union_has_exactly_one_member() {
    let both = r#"{"task":{"id":"t","status":{"state":1}},
        "message":{"messageId":"m","role":1,"parts":[{"text":""}]}}"#;
    let found = violations::<StreamResponse>(both);
    assert_eq!(lines(&found), ["message is one too many"]);
    let none = violations::<StreamResponse>(r#"{"other":1}"#);
    assert_eq!(
        lines(&none),
        ["the whole must have one of task, message, statusUpdate, artifactUpdate"]
    );
}

#[test]
fn a_lenient_reader_takes_the_defaults_of_protobuf_and_no_wrong_types() {
    let text = r#"{"id":"t","status":{"state":"TASK_STATE_UNSPECIFIED"},"history":[{"parts":[]}]}"#;
    let found = violations::<Task>(text);
    assert_eq!(
        lines(&found),
        [
            "history[0].messageId is required",
            "history[0].role is required",
            "history[0].parts is required"
        ]
    );
    let task: Task = Reader::lenient().read(text).unwrap();
    assert_eq!(task.history[0].role, Role::Unspecified);
    assert_eq!(task.history[0].message_id.as_str(), "");
    // A message has no default, and a number is no string.
    assert!(Reader::lenient().read::<Task>(r#"{"id":"t"}"#).is_err());
    assert!(
        Reader::lenient()
            .read::<Task>(r#"{"id":5,"status":{}}"#)
            .is_err()
    );
}

#[test]
fn a_lenient_reader_knows_an_event_of_0_3_by_what_only_it_has() {
    let reader = Reader::lenient();
    let task = r#"{"id":"t","contextId":"c","status":{"state":"working"}}"#;
    assert!(matches!(reader.read(task), Ok(v0_3::StreamEvent::Task(_))));
    let update = r#"{"taskId":"t","contextId":"c","status":{"state":"working"},"final":false}"#;
    assert!(matches!(
        reader.read(update),
        Ok(v0_3::StreamEvent::StatusUpdate(_))
    ));
    let found = violations::<v0_3::StreamEvent>(task);
    assert_eq!(
        lines(&found),
        ["kind must be one of task, message, status-update, artifact-update"]
    );
}

#[test]
fn a_kind_of_0_3_that_is_there_must_be_right() {
    let message =
        |kind: Value| json!({ "kind": kind, "messageId": "m", "role": "user", "parts": [] });
    assert!(read::<v0_3::Message>(message(json!("message"))).is_ok());
    assert!(read::<v0_3::Message>(message(json!(null))).is_ok());
    assert!(read::<v0_3::Message>(message(json!("task"))).is_err());
    assert!(read::<v0_3::Message>(message(json!(1))).is_err());
    let file = |file: Value| json!({ "kind": "file", "file": file });
    assert!(read::<v0_3::Part>(file(json!({ "bytes": "", "uri": "u" }))).is_err());
    assert!(read::<v0_3::Part>(file(json!({ "name": "n" }))).is_err());
}

#[test]
fn what_is_too_large_or_too_deep_or_too_long_is_refused() {
    let part = |length: usize| json!({ "text": "x".repeat(length - 11) }).to_string();
    assert!(
        Reader::strict()
            .read::<Part>(&part(MAX_PAYLOAD_BYTES))
            .is_ok()
    );
    let refused = Reader::strict().read::<Part>(&part(MAX_PAYLOAD_BYTES + 1));
    assert!(matches!(refused, Err(ReadError::TooLarge { .. })));
    let larger = Reader::strict().with_max_bytes(MAX_PAYLOAD_BYTES + 1);
    assert!(larger.read::<Part>(&part(MAX_PAYLOAD_BYTES + 1)).is_ok());

    // The part itself is one level.
    let deep = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"data":{open}{close}}}"#)
    };
    assert!(Reader::strict().read::<Part>(&deep(MAX_DEPTH - 1)).is_ok());
    let found = violations::<Part>(&deep(MAX_DEPTH));
    assert_eq!(
        lines(&found),
        [format!("data nests deeper than {MAX_DEPTH}")]
    );

    let id = |length: usize| json!({ "id": "é".repeat(length / 2) });
    assert!(read::<GetTaskRequest>(id(MAX_ID_BYTES)).is_ok());
    let found = violations::<GetTaskRequest>(&id(MAX_ID_BYTES + 2).to_string());
    assert_eq!(
        lines(&found),
        [format!("id is longer than {MAX_ID_BYTES} bytes")]
    );
}

#[test]
fn violations_beyond_the_bound_are_counted() {
    let parts =
        json!({ "messageId": "m", "role": 1, "parts": vec![json!({}); MAX_VIOLATIONS + 7] });
    let found = violations::<Message>(&parts.to_string());
    assert_eq!((found.fields().len(), found.omitted()), (MAX_VIOLATIONS, 7));
    assert!(found.to_string().ends_with("; and 7 more"));
}

#[test]
fn what_is_not_json_is_told_apart() {
    for text in ["", "{", r#"{"id":"t"} x"#, r#"{"id":"\ud800"}"#, "{'id':1}"] {
        let refused = Reader::strict().read::<GetTaskRequest>(text);
        assert!(matches!(refused, Err(ReadError::Json(_))), "{text}");
    }
    for text in ["null", "[]", "7", "\"x\"", "true"] {
        let found = violations::<GetTaskRequest>(text);
        assert_eq!(lines(&found), ["the whole must be an object"]);
    }
}

#[test]
fn deserialize_reads_strictly_and_tells_all_violations() {
    let error = serde_json::from_str::<Message>(r#"{"parts":[{}]}"#)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("messageId is required") && error.contains("parts[0] must"),
        "{error}"
    );
}

#[test]
fn a_credential_is_not_shown_by_debug() {
    let config: car_protocol::a2a::v1::TaskPushNotificationConfig = read(json!({
        "url": "https://example.com", "token": "t0k3n", "authentication": { "scheme": "Bearer", "credentials": "s3cret" },
    }))
    .unwrap();
    let shown = format!("{config:?}");
    assert!(
        !shown.contains("t0k3n") && !shown.contains("s3cret"),
        "{shown}"
    );
}

proptest! {
    /// Any example with one value changed to anything is read or refused, and what is read reads the same again.
    #[test]
    fn a_changed_message_never_panics_and_what_is_read_is_stable(
        index in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        to in crate::generate::json(),
    ) {
        let catalog = catalog();
        let entry = index.get(&catalog);
        for example in &entry.examples {
            let mut changed = example.clone();
            let pointers = pointers(example);
            let pointer: &String = place.get(&pointers);
            *changed.pointer_mut(pointer).unwrap() = to.clone();
            for reader in [Reader::strict(), Reader::lenient()] {
                if let Ok(once) = (entry.again)(&reader, &changed.to_string()) {
                    let twice = (entry.again)(&reader, &once);
                    prop_assert_eq!(twice.as_ref(), Ok(&once), "{} {}", entry.version, entry.name);
                }
            }
        }
    }
}

/// The JSON Pointers of all values in a value.
fn pointers(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: String, out: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    walk(value, format!("{at}/{name}"), out);
                }
            }
            Value::Array(elements) => {
                for (index, value) in elements.iter().enumerate() {
                    walk(value, format!("{at}/{index}"), out);
                }
            }
            _ => {}
        }
        out.push(at);
    }
    let mut out = Vec::new();
    walk(value, String::new(), &mut out);
    out
}
