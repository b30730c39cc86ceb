//! What has a counterpart in the other version, and what has not: one line each way.

use car_protocol::a2ui::convert::{convert, convert_for};
use car_protocol::a2ui::{CatalogId, Message, Version};
use serde_json::{Value, json};

/// What becomes of each, with what is lost.
fn page(messages: impl IntoIterator<Item = Value>, to: Version) -> String {
    let mut page = String::new();
    for message in messages {
        page.push_str(&format!("{message}\n"));
        let message: Message = serde_json::from_value(message).unwrap();
        match convert(message, to) {
            Ok(converted) => {
                for message in &converted.messages {
                    let text = serde_json::to_string(message).unwrap();
                    page.push_str(&format!("  {text}\n"));
                }
                for loss in &converted.losses {
                    page.push_str(&format!("  # {loss}\n"));
                }
            }
            Err(error) => page.push_str(&format!("  # {error}\n")),
        }
    }
    page
}

fn component(version: Version, component: Value) -> Value {
    json!({ "version": version, "updateComponents": { "surfaceId": "s", "components": [component] } })
}

#[test]
fn from_v0_9_to_v1_0() {
    let text =
        |text: Value| json!({ "id": "a", "component": "Text", "variant": "h2", "text": text });
    let field = |members: Value| {
        let mut field = json!({ "id": "a", "component": "TextField", "label": "L" });
        field
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        field
    };
    let components = [
        text(json!("Title")),
        text(json!({ "path": "/title" })),
        text(json!({ "path": "/a}b" })),
        text(
            json!({ "call": "formatString", "args": { "value": "${/a}!" }, "returnType": "string" }),
        ),
        text(json!({ "call": "formatNumber", "args": { "value": 1 }, "returnType": "string" })),
        field(json!({ "validationRegexp": "^a", "value": { "path": "/a" } })),
        field(json!({ "validationRegexp": "^a" })),
        field(json!({ "checks": [
            { "condition": true, "message": "never" },
            { "condition": false, "message": "always" },
            { "condition": { "path": "/ok" }, "message": "m" },
            { "condition": { "call": "required", "args": { "value": 1 }, "returnType": "boolean" }, "message": "m" }
        ] })),
        json!({ "id": "a", "component": "Text", "text": "t", "accessibility": { "label": "l", "role": "note" } }),
        json!({ "id": "a", "component": "Chart", "variant": "h1", "text": "t" }),
    ];
    let mut messages: Vec<_> = components
        .into_iter()
        .map(|one| component(Version::V0_9, one))
        .collect();
    messages.extend([
        json!({ "version": "v0.9", "createSurface": {
            "surfaceId": "s", "catalogId": "https://a2ui.org/specification/v0_9/basic_catalog.json"
        } }),
        json!({ "version": "v0.9", "createSurface": { "surfaceId": "s", "catalogId": "https://example.com/c" } }),
        json!({ "version": "v0.9", "updateDataModel": { "surfaceId": "s", "path": "/a" } }),
        json!({ "version": "v0.9", "updateDataModel": { "surfaceId": "s", "path": "/a", "value": null } }),
        json!({ "version": "v0.9", "error": { "code": "UNALLOWED_CHILD", "surfaceId": "s", "message": "m" } }),
    ]);
    insta::assert_snapshot!(page(messages, Version::V1_0));
}

#[test]
fn from_v1_0_to_v0_9() {
    let open = |url: Value| {
        let call = json!({ "call": "openUrl", "args": { "url": url }, "catalogId": "https://example.com/c" });
        json!({ "id": "a", "component": "Button", "child": "b", "action": { "functionCall": call } })
    };
    let basic = |mut button: Value| {
        button["action"]["functionCall"]["catalogId"] = json!(Version::V1_0.basic_catalog());
        button
    };
    let components = [
        json!({ "id": "a", "component": "Text", "text": { "call": "@index", "args": { "offset": 1 } } }),
        json!({ "id": "a", "component": "Text", "text": { "call": "formatString", "args": { "value": "#${@index()}" } } }),
        json!({ "id": "a", "component": "Text", "text": "t", "catalogId": Version::V1_0.basic_catalog() }),
        json!({ "id": "a", "component": "Text", "text": "t", "catalogId": "https://example.com/c" }),
        json!({ "id": "a", "component": "Icon", "name": { "svgPath": { "path": "/d" } } }),
        json!({ "id": "a", "component": "CheckBox", "label": "L", "value": true, "checks": [
            { "condition": { "path": "/ok" } }
        ] }),
        json!({ "id": "a", "component": "Button", "child": "b", "action": {
            "event": { "name": "e", "context": { "literal": { "a": 1 }, "bound": { "path": "/a" } } }
        } }),
        open(json!("https://example.com/")),
        basic(open(json!("https://example.com/"))),
        basic(open(json!({ "path": "/url" }))),
    ];
    let mut messages: Vec<_> = components
        .into_iter()
        .map(|one| component(Version::V1_0, one))
        .collect();
    messages.extend([
        json!({ "version": "v1.0", "createSurface": { "surfaceId": "s" } }),
        json!({ "version": "v1.0", "createSurface": {
            "surfaceId": "s", "catalogId": Version::V1_0.basic_catalog(), "dataModel": { "a": 1 },
            "components": [{ "id": "root", "component": "Video", "url": "u", "posterUrl": "p" }]
        } }),
        json!({ "version": "v1.0", "updateDataModel": { "surfaceId": "s", "path": "/a", "value": null } }),
        json!({ "version": "v1.0", "error": { "code": "C", "functionCallId": "f", "message": "m" } }),
    ]);
    insta::assert_snapshot!(page(messages, Version::V0_9));
}

#[test]
fn a_text_of_another_catalog_is_not_the_basic_one() {
    let update = json!({ "id": "a", "component": "Text", "variant": "h1", "text": "t" });
    let message: Message = serde_json::from_value(component(Version::V0_9, update)).unwrap();
    let other = CatalogId::from("https://example.com/c");
    let kept = convert_for(message.clone(), Version::V1_0, Some(&other)).unwrap();
    assert_eq!(kept.messages[0].body, message.body);
    let basic = CatalogId::from(Version::V0_9.basic_catalog());
    let changed = convert_for(message.clone(), Version::V1_0, Some(&basic)).unwrap();
    assert_ne!(changed.messages[0].body, message.body);
}
