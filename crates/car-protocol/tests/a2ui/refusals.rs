//! What is refused, and what is said about it.

use car_protocol::a2ui::carriage::RendererMetadata;
use car_protocol::a2ui::validate::Validator;
use car_protocol::a2ui::{self, Direction, Limit, Rule, Version, Violation};
use serde_json::{Value, json};

fn update(components: Value) -> Value {
    json!({ "version": "v0.9", "updateComponents": { "surfaceId": "s1", "components": components } })
}

fn refused(message: &Value) -> Violation {
    let text = a2ui::decode(&message.to_string()).unwrap().remove(0);
    let value = a2ui::decode_value(message).unwrap().remove(0);
    let (text, value) = (text.unwrap_err(), value.unwrap_err());
    assert_eq!(text, value, "both ways to read say the same");
    text
}

/// Where, by which rule, and what the sender is told.
fn told(violation: &Violation) -> String {
    let answer = violation.to_error(Version::V0_9);
    let answer = answer.or_else(|| violation.to_error(Version::V1_0));
    let answer = answer.map_or_else(String::new, |answer| {
        serde_json::to_string(&answer).unwrap()
    });
    format!("{violation}\n    {answer}\n")
}

#[test]
fn what_our_types_refuse() {
    let at_v1 = |body: Value| {
        let mut message = body;
        message["version"] = json!("v1.0");
        message
    };
    let cases = [
        json!({}),
        json!({ "version": "v0.9" }),
        json!({ "version": "v0.8", "deleteSurface": { "surfaceId": "s1" } }),
        json!({ "deleteSurface": { "surfaceId": "s1" } }),
        json!({ "version": "v0.9", "deleteSurface": { "surfaceId": "s1" }, "action": {
            "name": "n", "surfaceId": "s1", "sourceComponentId": "c", "timestamp": "t", "context": {}
        } }),
        json!({ "version": "v0.9", "deleteSurface": {} }),
        json!({ "version": "v0.9", "deleteSurface": { "surfaceId": "" } }),
        json!({ "version": "v0.9", "deleteSurface": { "surfaceId": 7 } }),
        update(json!([{ "component": "Text" }])),
        update(json!([{ "id": "root" }])),
        update(json!([{ "id": "a", "component": "Text" }, { "id": "a", "component": "Text" }])),
        update(json!("none")),
        at_v1(json!({ "updateDataModel": { "surfaceId": "s1", "path": "/a" } })),
        json!({ "version": "v0.9", "updateDataModel": { "surfaceId": "s1", "path": "/a/__proto__" } }),
        json!({ "version": "v0.9", "updateDataModel": { "surfaceId": "s1", "path": "/~2" } }),
        json!({ "version": "v0.9", "patchComponents": { "surfaceId": "s1", "patch": [] } }),
        json!({ "version": "v0.9", "patchComponents": { "surfaceId": "s1", "patch": [
            { "op": "add", "path": "/root", "value": "text" }
        ] } }),
        json!({ "version": "v0.9", "patchComponents": { "surfaceId": "s1", "patch": [
            { "op": "add", "path": "root", "value": {} }
        ] } }),
        at_v1(json!({ "agentFunctionResponse": { "functionCallId": "c1" } })),
        at_v1(json!({ "callAgentFunction": { "surfaceId": "s1", "functionCallId": "c1" } })),
        json!([1]),
        json!("text"),
    ];
    let page: String = cases[..cases.len() - 2]
        .iter()
        .map(|case| told(&refused(case)))
        .collect();
    insta::assert_snapshot!(page);

    let list = a2ui::decode(&cases[cases.len() - 2].to_string()).unwrap();
    assert!(list[0].is_err());
    assert!(a2ui::decode(&cases[cases.len() - 1].to_string()).unwrap()[0].is_err());
    assert_eq!(
        a2ui::decode_value(&json!("text")).unwrap_err().rule,
        Rule::Json
    );
    assert_eq!(a2ui::decode("[").unwrap_err().rule, Rule::Json);
}

#[test]
fn a_message_that_is_refused_does_not_hold_up_the_next() {
    let delete = json!({ "version": "v0.9", "deleteSurface": { "surfaceId": "s1" } });
    let payload = json!([delete, { "version": "v0.9" }, delete]).to_string();
    let decoded = a2ui::decode(&payload).unwrap();
    assert!(decoded[0].is_ok() && decoded[2].is_ok());
    assert_eq!(decoded[1].as_ref().unwrap_err().index, 1);
    let wrapped = json!({ "messages": [delete] });
    assert!(a2ui::decode(&wrapped.to_string()).unwrap()[0].is_ok());
    assert!(a2ui::decode_value(&wrapped).unwrap()[0].is_ok());
}

#[test]
fn the_original_may_leave_the_version_out() {
    let payload = r#"{"deleteSurface":{"surfaceId":"s1"}}"#;
    assert!(a2ui::decode(payload).unwrap()[0].is_err());
    let read = a2ui::decode_original(payload).unwrap().remove(0).unwrap();
    assert_eq!(read.version, Version::V0_9);
}

/// A component of exactly so many bytes.
fn component(id: &str, bytes: usize) -> Value {
    let empty = json!({ "id": id, "component": "X", "p": "" });
    let filling = bytes - empty.to_string().len();
    json!({ "id": id, "component": "X", "p": "x".repeat(filling) })
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

#[test]
fn the_last_that_a_limit_allows_passes_and_the_next_is_refused_by_name() {
    let reads = |message: &Value| a2ui::decode(&message.to_string()).unwrap().remove(0);
    let check = |limit: Limit, path: &str, fits: Value, exceeds: Value| {
        assert!(reads(&fits).is_ok(), "{limit}: {:?}", reads(&fits));
        let violation = refused(&exceeds);
        assert_eq!(violation.rule, Rule::Limit(limit));
        assert_eq!(violation.path, path);
        assert!(violation.message.contains(limit.name()), "{violation}");
    };
    let delete = |id: String| json!({ "version": "v0.9", "deleteSurface": { "surfaceId": id } });
    check(
        Limit::IdBytes,
        "/deleteSurface/surfaceId",
        delete("x".repeat(128)),
        delete("x".repeat(129)),
    );
    let many = |count: usize| {
        let list: Vec<_> = (0..count)
            .map(|id| component(&id.to_string(), 64))
            .collect();
        update(json!(list))
    };
    check(
        Limit::Components,
        "/updateComponents/components",
        many(256),
        many(257),
    );
    let large = |bytes| update(json!([component("a", 64), component("b", bytes)]));
    check(
        Limit::ComponentBytes,
        "/updateComponents/components/1",
        large(16 * 1024),
        large(16 * 1024 + 1),
    );
    let deep = |depth| update(json!([{ "id": "a", "component": "X", "p": nested(depth) }]));
    check(
        Limit::Depth,
        "/updateComponents/components/0",
        deep(63),
        deep(64),
    );
    let data = |value: Value| json!({ "version": "v0.9", "updateDataModel": { "surfaceId": "s1", "value": value } });
    let text = |bytes: usize| data(json!("x".repeat(bytes - 2)));
    check(
        Limit::DataModelBytes,
        "/updateDataModel/value",
        text(256 * 1024),
        text(256 * 1024 + 1),
    );
    check(
        Limit::Depth,
        "/updateDataModel/value",
        data(nested(64)),
        data(nested(65)),
    );
    let path = |bytes: usize| {
        let path = format!("/{}", "x".repeat(bytes - 1));
        json!({ "version": "v0.9", "updateDataModel": { "surfaceId": "s1", "path": path } })
    };
    check(
        Limit::PathBytes,
        "/updateDataModel/path",
        path(1024),
        path(1025),
    );
    let create = |bytes: usize| {
        let id = "x".repeat(bytes);
        json!({ "version": "v0.9", "createSurface": { "surfaceId": "s1", "catalogId": id } })
    };
    check(
        Limit::CatalogIdBytes,
        "/createSurface/catalogId",
        create(1024),
        create(1025),
    );
    let patch = |count: usize| {
        let patch = vec![json!({ "op": "remove", "path": "/a" }); count];
        json!({ "version": "v0.9", "patchComponents": { "surfaceId": "s1", "patch": patch } })
    };
    check(
        Limit::PatchOperations,
        "/patchComponents/patch",
        patch(256),
        patch(257),
    );
}

#[test]
fn a_payload_that_is_too_large_is_refused_as_a_whole() {
    let limited = |result: Result<a2ui::Decoded, Violation>| match result.unwrap_err().rule {
        Rule::Limit(limit) => Some(limit),
        _ => None,
    };
    let spaces = |bytes: usize| format!("[{}]", " ".repeat(bytes - 2));
    let most = Limit::PayloadBytes.max();
    assert_eq!(a2ui::decode(&spaces(most)), Ok(Vec::new()));
    assert_eq!(
        limited(a2ui::decode(&spaces(most + 1))),
        Some(Limit::PayloadBytes)
    );
    let text = Value::String("x".repeat(most));
    assert_eq!(
        limited(a2ui::decode_value(&json!([text]))),
        Some(Limit::PayloadBytes)
    );
    let many = Value::Array(vec![json!({}); Limit::Messages.max() + 1]);
    assert_eq!(
        limited(a2ui::decode(&many.to_string())),
        Some(Limit::Messages)
    );
    assert_eq!(limited(a2ui::decode_value(&many)), Some(Limit::Messages));
}

#[test]
fn what_the_schema_refuses_is_told_by_place_and_rule() {
    let button = |action: Value| {
        update(json!([{ "id": "b", "component": "Button", "child": "c", "action": action }]))
    };
    let check = |condition: Value| {
        update(
            json!([{ "id": "t", "component": "TextField", "label": "L", "checks": [
            { "condition": condition, "message": "m" }
        ] }]),
        )
    };
    let cases = [
        json!({}),
        json!({ "version": "v0.9" }),
        json!({ "version": "v2.0", "deleteSurface": { "surfaceId": "s1" } }),
        json!({ "version": "v0.9", "deleteSurface": { "surfaceId": "s1" }, "more": 1 }),
        json!({ "version": "v0.9", "deleteSurface": { "surfaceId": "s1", "more": 1 } }),
        json!({ "version": "v0.9", "createSurface": { "surfaceId": "s1" } }),
        json!({ "version": "v0.9", "createSurface": { "surfaceId": "s1", "catalogId": "c", "theme": { "primaryColor": "red" } } }),
        update(json!([])),
        update(json!([{ "id": "a", "component": "Chart" }])),
        update(json!([{ "id": "a", "component": "Text" }])),
        update(json!([{ "id": "a", "component": "Text", "text": 5 }])),
        update(json!([{ "id": "a", "component": "Text", "text": "t", "variant": "h9" }])),
        update(json!([{ "id": "a", "component": "Text", "text": "t", "colour": "red" }])),
        update(json!([{ "id": "a", "component": "Text", "text": { "path": 5 } }])),
        update(json!([{ "id": "a", "component": "Text", "text": { "call": "nope" } }])),
        update(json!([
            { "id": "a", "component": "Text", "text": 5 },
            { "id": "b", "component": "Card" },
            { "id": "c", "component": "Row", "children": ["a", 5] }
        ])),
        button(json!({})),
        button(json!({ "event": {} })),
        button(json!({ "functionCall": { "call": "openUrl", "args": {} } })),
        check(json!({ "call": "length", "args": { "value": { "path": "/v" } } })),
        check(json!({ "call": "regex", "args": { "value": "v", "pattern": 5 } })),
        check(json!({ "call": "and", "args": { "values": [true] } })),
        json!({ "version": "v0.9", "patchComponents": { "surfaceId": "s1", "patch": [{ "op": "add", "path": "/a" }] } }),
    ];
    let mut page = String::new();
    for case in &cases {
        let faults = Validator::basic(Version::V0_9).payload(case, Direction::ToRenderer);
        for fault in faults.unwrap_err() {
            page.push_str(&told(&fault));
        }
    }
    insta::assert_snapshot!(page);
}

#[test]
fn what_the_schema_of_v1_0_refuses_is_told_by_place_and_rule() {
    let create = |component: Value| json!({ "version": "v1.0", "createSurface": { "surfaceId": "s1", "components": [component] } });
    let error = |error: Value| json!({ "version": "v1.0", "error": error });
    let to_renderer = [
        create(json!({ "id": "a", "component": "Surface", "child": "root" })),
        create(json!({ "id": "a", "component": "Text", "text": "t", "variant": "h1" })),
        create(
            json!({ "id": "a", "component": "Text", "text": { "call": "@index", "args": { "by": 1 } } }),
        ),
        create(
            json!({ "id": "a", "component": "Text", "text": "t", "metadata": { "extensions": { "a b": 1 } } }),
        ),
        create(
            json!({ "id": "a", "component": "Text", "text": "t", "accessibility": { "live": "loud" } }),
        ),
        create(json!({ "id": "a", "component": "Slider", "value": 1, "max": 2, "steps": 0 })),
        json!({ "version": "v1.0", "createSurface": { "surfaceId": "s1", "theme": {} } }),
        json!({ "version": "v1.0", "updateDataModel": { "surfaceId": "s1" } }),
        json!({ "version": "v1.0", "callRendererFunction": {
            "functionCallId": "c1", "callFunction": { "call": "openUrl", "args": { "url": "https://example.com" } }
        } }),
        json!({ "version": "v1.0", "agentFunctionResponse": { "functionCallId": "c1", "value": 1, "error": {} } }),
    ];
    let to_agent = [
        error(json!({ "code": "VALIDATION_FAILED", "surfaceId": "s1", "message": "m" })),
        error(json!({ "code": "OTHER", "message": "m" })),
        error(
            json!({ "code": "OTHER", "message": "m", "surfaceId": "s1", "functionCallId": "c1" }),
        ),
        json!({ "version": "v1.0", "action": { "name": "n" } }),
    ];
    let validator = Validator::basic(Version::V1_0);
    let mut page = String::new();
    let to_renderer = to_renderer.iter().map(|case| (case, Direction::ToRenderer));
    for (case, direction) in
        to_renderer.chain(to_agent.iter().map(|case| (case, Direction::ToAgent)))
    {
        for fault in validator.payload(case, direction).unwrap_err() {
            page.push_str(&told(&fault));
        }
    }
    insta::assert_snapshot!(page);
}

#[test]
fn what_is_wrong_with_a_typed_component_is_named() {
    let component: a2ui::Component =
        serde_json::from_value(json!({ "id": "a", "component": "Card", "child": 5 })).unwrap();
    let fault = component.basic().unwrap_err();
    assert_eq!((fault.path.as_str(), fault.rule), ("/child", Rule::Type));
    // The same name from another catalog is another component.
    let other = component.with("catalogId", "https://example.com/catalog");
    assert_eq!(other.basic(), Ok(None));
    let custom = a2ui::Component::custom("a", "Chart", serde_json::Map::new());
    assert_eq!(custom.basic(), Ok(None));
}

#[test]
fn metadata_is_held_to_its_limits() {
    let read = |key: &str, value: Value| {
        let metadata = serde_json::Map::from_iter([(key.to_owned(), value)]);
        RendererMetadata::read(&metadata).map(drop)
    };
    let refused = |key: &str, value: Value| {
        let fault = read(key, value).unwrap_err();
        (fault.path, fault.rule)
    };
    let key = "a2uiClientCapabilities";
    let support = |count: usize| json!({ "v0.9": { "supportedCatalogIds": vec!["c"; count], "inlineCatalogs": [] } });
    assert_eq!(read(key, support(64)), Ok(()));
    let catalogs = "/a2uiClientCapabilities/v0.9/supportedCatalogIds".to_owned();
    assert_eq!(
        refused(key, support(65)),
        (catalogs, Rule::Limit(Limit::Catalogs))
    );
    let text = "x".repeat(Limit::PayloadBytes.max());
    let large = json!({ "v0.9": { "supportedCatalogIds": [], "other": text } });
    assert_eq!(
        refused(key, large),
        (format!("/{key}"), Rule::Limit(Limit::PayloadBytes))
    );
    let key = "a2uiRendererDataModel";
    let surfaces = |count: usize| {
        let surfaces: serde_json::Map<_, _> =
            (0..count).map(|id| (id.to_string(), json!({}))).collect();
        json!({ "version": "v1.0", "surfaces": surfaces })
    };
    assert_eq!(read(key, surfaces(32)), Ok(()));
    assert_eq!(refused(key, surfaces(33)).1, Rule::Limit(Limit::Surfaces));
}
