//! What holds for every path, every data model and every payload, however it came about.

use car_protocol::a2ui::convert::convert;
use car_protocol::a2ui::{
    self, Body, DataModel, DataPath, Limit, PathError, Pointer, Version, basic,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// Segments of any text, the awkward ones often.
fn segment() -> impl Strategy<Value = String> {
    let awkward = select(vec![
        "",
        "/",
        "~",
        "~0",
        "~1",
        "0",
        "1",
        "01",
        "-",
        "a",
        "é",
        "__proto",
        "constructors",
    ]);
    prop_oneof![
        awkward.prop_map(str::to_owned),
        "[ -~]{0,6}",
        any::<char>().prop_map(String::from)
    ]
    .prop_filter("no path may name it", |text| {
        !["__proto__", "constructor", "prototype"].contains(&text.as_str())
    })
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z/~]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[a-z0-2]{0,3}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A payload of messages that are nearly right, with JSON of any shape in them.
fn payload() -> impl Strategy<Value = Value> {
    let version = select(vec![
        json!("v0.9"),
        json!("v0.9.1"),
        json!("v1.0"),
        json!("v2"),
        Value::Null,
    ]);
    let name = select(vec![
        "createSurface",
        "updateComponents",
        "patchComponents",
        "updateDataModel",
        "deleteSurface",
        "callRendererFunction",
        "agentFunctionResponse",
        "action",
        "callAgentFunction",
        "rendererFunctionResponse",
        "error",
        "nothing",
    ]);
    let body = (json_value(), component(), json_value(), "/?[a-z~/]{0,5}").prop_map(|(any, component, value, path)| {
        json!({
            "surfaceId": "s", "catalogId": "c", "components": [component], "value": value, "path": path,
            "functionCallId": "f", "callFunction": { "call": "and", "args": { "values": [value] } },
            "patch": [{ "op": "test", "path": path, "value": any }], "name": "n", "timestamp": "t",
            "sourceComponentId": "i", "context": { "a": any }, "code": "C", "message": "m", "dataModel": { "m": value }
        })
    });
    let body = prop_oneof![4 => body, 1 => json_value()];
    (version, name, body)
        .prop_map(|(version, name, body)| json!([{ "version": version, name: body }]))
}

fn component() -> impl Strategy<Value = Value> {
    let name = select(basic::Basic::NAMES);
    let members = select(vec![
        "text",
        "url",
        "name",
        "children",
        "child",
        "tabs",
        "trigger",
        "content",
        "action",
        "label",
        "value",
        "options",
        "max",
        "checks",
        "weight",
        "variant",
        "accessibility",
        "catalogId",
        "metadata",
    ]);
    (name, btree_map(members, dynamic(), 0..6)).prop_map(|(name, members)| {
        let mut component = json!({ "id": "i", "component": name });
        component.as_object_mut().unwrap().extend(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        component
    })
}

fn dynamic() -> impl Strategy<Value = Value> {
    prop_oneof![
        json_value(),
        Just(json!({ "path": "/a" })),
        Just(
            json!({ "call": "formatString", "args": { "value": "${/a}" }, "returnType": "string" })
        ),
        Just(
            json!([{ "condition": { "call": "not", "args": { "value": { "path": "b" } } }, "message": "m" }])
        ),
        Just(json!({ "event": { "name": "e", "context": { "a": { "path": "/a" } } } })),
        Just(json!("h1")),
    ]
}

proptest! {
    #[test]
    fn segments_become_a_pointer_and_come_out_of_it(segments in vec(segment(), 0..6)) {
        let joined = segments.iter().try_fold(Pointer::ROOT, |pointer, segment| pointer.join(segment));
        let pointer = joined.unwrap();
        let again: Vec<_> = pointer.segments().map(|segment| segment.into_owned()).collect();
        prop_assert_eq!(again, segments);
        prop_assert_eq!(Pointer::parse(pointer.as_str()), Ok(pointer));
    }

    #[test]
    fn any_text_is_a_path_or_is_none(text in "[a/~01_proto-]{0,24}") {
        let valid = !text.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1']));
        match Pointer::parse(text.as_str()) {
            Ok(pointer) => {
                prop_assert!(valid && (text.is_empty() || text.starts_with('/')));
                prop_assert_eq!(pointer.as_str(), &text);
            }
            Err(PathError::NotAbsolute) => prop_assert!(!text.starts_with('/') && !text.is_empty()),
            Err(PathError::Escape) => prop_assert!(!valid),
            Err(PathError::Polluting) => prop_assert!(text.contains("prot") || text.contains("construct")),
            Err(other) => prop_assert!(false, "{}", other),
        }
        if let Ok(path) = DataPath::parse(text.as_str()) {
            prop_assert_eq!(serde_json::to_value(&path).unwrap(), json!(text));
        }
    }

    #[test]
    fn what_is_set_is_there_and_what_is_removed_is_not(
        start in json_value(),
        changes in vec((vec("[a-c0-3]{1,2}", 0..5), prop::option::of(json_value())), 1..8),
    ) {
        let mut model = DataModel::new(start).unwrap();
        for (segments, value) in changes {
            let pointer = Pointer::parse(segments.iter().map(|segment| format!("/{segment}")).collect::<String>()).unwrap();
            let before = model.clone();
            let done = match value.clone() {
                Some(value) => model.set(&pointer, value),
                None => model.remove(&pointer),
            };
            match (done, value) {
                (Err(_), _) => prop_assert_eq!(&model, &before),
                (Ok(()), Some(value)) => prop_assert_eq!(model.get(&pointer), Some(&value)),
                (Ok(()), None) => {
                    let left = model.get(&pointer).cloned();
                    prop_assert!(left.is_none() || left == Some(Value::Null) || left == Some(Value::Object(Map::new())));
                }
            }
            prop_assert!(model.root().to_string().len() <= Limit::DataModelBytes.max());
        }
    }

    #[test]
    fn what_is_read_is_written_so_that_it_reads_the_same(payload in payload()) {
        let text = payload.to_string();
        let by_text = a2ui::decode(&text).unwrap();
        let by_value = a2ui::decode_value(&payload).unwrap();
        for (text, value) in by_text.iter().zip(&by_value) {
            match (text, value) {
                (Ok(text), Ok(value)) => prop_assert_eq!(text, value),
                (Err(text), Err(value)) => {
                    prop_assert_eq!((&text.path, &text.rule), (&value.path, &value.rule));
                    prop_assert_eq!(&text.about, &value.about);
                }
                _ => prop_assert!(false, "{:?} {:?}", text, value),
            }
        }
        for message in by_text.into_iter().flatten() {
            let written = serde_json::to_string(&message).unwrap();
            let again = a2ui::decode(&written).unwrap().remove(0);
            prop_assert_eq!(again.as_ref(), Ok(&message));
            for component in components(&message.body) {
                if let Ok(Some(basic)) = component.basic() {
                    let same = a2ui::Component::new(component.id.clone(), basic.clone());
                    prop_assert_eq!(same.basic().unwrap(), Some(basic));
                }
            }
            for &version in Version::ALL {
                if let Ok(converted) = convert(message.clone(), version) {
                    for message in &converted.messages {
                        prop_assert_eq!(message.version, version);
                        let written = serde_json::to_string(message).unwrap();
                        let again = a2ui::decode(&written).unwrap().remove(0);
                        prop_assert_eq!(again.as_ref(), Ok(message));
                    }
                }
            }
        }
    }
}

fn components(body: &Body) -> &[a2ui::Component] {
    match body {
        Body::UpdateComponents(update) => &update.components,
        Body::CreateSurface(create) => create.components.as_deref().unwrap_or_default(),
        _ => &[],
    }
}
