//! The data of others: the test cases of the specification and the examples that its renderers show.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use car_protocol::a2ui::basic::Basic;
use car_protocol::a2ui::convert::{Fate, convert};
use car_protocol::a2ui::validate::Validator;
use car_protocol::a2ui::{
    self, Body, CatalogId, Component, DataModel, Direction, Message, Version, is_basic_catalog,
};
use serde_json::{Value, json};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/a2ui")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// What is said of a message: that our types read it, and that the schema allows it.
fn is_valid(message: &Value, version: Version, direction: Direction) -> bool {
    let read = a2ui::decode_value(message).unwrap();
    let read = read.iter().all(|message| {
        message
            .as_ref()
            .is_ok_and(|message| message.body.direction() == direction)
    });
    let allowed = Validator::basic(version).payload(message, direction);
    read && allowed.is_ok()
}

/// The message as it is written in another version.
fn renamed(message: &Value, version: Version) -> Value {
    let mut message = message.clone();
    message["version"] = json!(version);
    message
}

#[test]
fn every_case_of_the_specification_has_its_verdict() {
    let mut cases = 0;
    for version in [Version::V0_9, Version::V0_9_1] {
        for entry in fs::read_dir(data().join("cases")).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            if file.ends_with(".jsonl") {
                for line in fs::read_to_string(&path).unwrap().lines() {
                    let message = serde_json::from_str(line).unwrap();
                    assert!(
                        is_valid(&message, version, Direction::ToRenderer),
                        "{file}: {line}"
                    );
                    cases += 1;
                }
                continue;
            }
            let suite = read(&path);
            let direction = match suite["schema"].as_str().unwrap() {
                "server_to_client.json" => Direction::ToRenderer,
                "client_to_server.json" => Direction::ToAgent,
                other => panic!("{other}"),
            };
            for case in suite["tests"].as_array().unwrap() {
                let expected = case["valid"].as_bool().unwrap();
                let name = format!("{version}, {file}: {}", case["description"]);
                // The cases of v0.9.1 still name v0.9, which its schema allows.
                assert_eq!(
                    is_valid(&case["data"], version, direction),
                    expected,
                    "{name}"
                );
                let own = renamed(&case["data"], version);
                assert_eq!(
                    is_valid(&own, version, direction),
                    expected,
                    "{name}, renamed"
                );
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 160);
}

struct Example {
    name: String,
    version: Version,
    catalog: CatalogId,
    messages: Vec<Value>,
}

fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for (file, version) in [("v0_9.jsonl", Version::V0_9), ("v1_0.jsonl", Version::V1_0)] {
        let text = fs::read_to_string(data().join("examples").join(file)).unwrap();
        for line in text.lines() {
            let example: Value = serde_json::from_str(line).unwrap();
            let messages = example["messages"].as_array().unwrap().clone();
            let mut catalogs = messages
                .iter()
                .filter_map(|message| message["createSurface"]["catalogId"].as_str());
            examples.push(Example {
                name: format!("{version} {}", example["file"]),
                version,
                catalog: CatalogId::from(catalogs.next().unwrap()),
                messages,
            });
        }
    }
    assert_eq!(examples.len(), 93);
    examples
}

fn decoded(example: &Example) -> Vec<Message> {
    let text = serde_json::to_string(&example.messages).unwrap();
    let decoded = a2ui::decode(&text).unwrap();
    let messages = decoded
        .into_iter()
        .map(|message| message.unwrap_or_else(|fault| panic!("{}: {fault}", example.name)));
    messages.collect()
}

#[test]
fn every_example_reads_and_is_written_as_it_was() {
    for example in examples() {
        let written = serde_json::to_value(decoded(&example)).unwrap();
        assert_eq!(written, Value::Array(example.messages), "{}", example.name);
    }
}

fn components(message: &Message) -> &[Component] {
    match &message.body {
        Body::UpdateComponents(update) => &update.components,
        Body::CreateSurface(create) => create.components.as_deref().unwrap_or_default(),
        _ => &[],
    }
}

/// Members that all components share.
const SHARED: &[&str] = &["accessibility", "catalogId", "metadata"];

#[test]
fn every_component_of_the_examples_has_a_type_that_loses_nothing() {
    let mut seen = BTreeSet::new();
    for example in examples()
        .iter()
        .filter(|example| is_basic_catalog(&example.catalog))
    {
        for message in decoded(example) {
            for component in components(&message) {
                let basic = component.basic().unwrap().unwrap();
                let mut own = component.properties.clone();
                own.retain(|name, _| !SHARED.contains(&name.as_str()));
                assert_eq!(
                    basic.properties(),
                    own,
                    "{}: {}",
                    example.name,
                    component.id
                );
                seen.insert(basic.name());
            }
        }
    }
    let all: BTreeSet<_> = Basic::NAMES.iter().copied().collect();
    assert_eq!(seen, all);
}

#[test]
fn every_call_of_the_examples_has_a_type_that_loses_nothing() {
    fn visit(value: &Value, seen: &mut BTreeSet<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| visit(item, seen)),
            Value::Object(members) => {
                if members.contains_key("call") {
                    let call: a2ui::function::FunctionCall =
                        serde_json::from_value(value.clone()).unwrap();
                    let function = call.basic().unwrap().unwrap();
                    assert_eq!(call.args, Some(function.args()));
                    assert_eq!(serde_json::to_value(&call).unwrap(), *value);
                    seen.insert(function.name().to_owned());
                }
                members.values().for_each(|member| visit(member, seen));
            }
            _ => {}
        }
    }
    let mut seen = BTreeSet::new();
    for example in examples()
        .iter()
        .filter(|example| is_basic_catalog(&example.catalog))
    {
        example
            .messages
            .iter()
            .for_each(|message| visit(message, &mut seen));
    }
    assert!(seen.len() >= 9, "{seen:?}");
}

#[test]
fn every_example_is_allowed_by_the_schemas_of_its_version_and_catalog() {
    let minimal = read(&data().join("examples/v0_9_minimal_catalog.json"));
    let minimal = Validator::with_catalog(Version::V0_9, &minimal).unwrap();
    for example in examples() {
        let basic = is_basic_catalog(&example.catalog);
        let validator = if basic {
            Validator::basic(example.version)
        } else {
            &minimal
        };
        let payload = Value::Array(example.messages);
        for validator in [validator, Validator::open(example.version)] {
            let allowed = validator.payload(&payload, Direction::ToRenderer);
            assert_eq!(allowed, Ok(()), "{}", example.name);
        }
        if example.version == Version::V0_9 && basic {
            let messages = payload.as_array().unwrap().iter();
            let own = messages
                .map(|message| renamed(message, Version::V0_9_1))
                .collect();
            let allowed = Validator::basic(Version::V0_9_1).payload(&own, Direction::ToRenderer);
            assert_eq!(allowed, Ok(()), "{}", example.name);
        }
    }
}

#[test]
fn every_example_is_allowed_in_another_version_but_for_what_is_told() {
    for example in examples()
        .iter()
        .filter(|example| is_basic_catalog(&example.catalog))
    {
        let to = if example.version.is_v1() {
            Version::V0_9_1
        } else {
            Version::V1_0
        };
        for message in decoded(example) {
            let converted = convert(message, to).unwrap();
            let kept = converted.losses.iter().any(|loss| loss.fate == Fate::Kept);
            let payload = serde_json::to_value(&converted.messages).unwrap();
            let allowed = Validator::basic(to).payload(&payload, Direction::ToRenderer);
            assert!(
                kept || allowed.is_ok(),
                "{}: {allowed:#?}\n{payload:#}",
                example.name
            );
        }
    }
}

#[test]
fn every_path_of_the_examples_is_a_path() {
    fn visit(value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(visit),
            Value::Object(members) => {
                if let Some(Value::String(path)) = members.get("path") {
                    a2ui::DataPath::parse(path.as_str()).unwrap();
                }
                members.values().for_each(visit);
            }
            _ => {}
        }
    }
    for example in examples() {
        example.messages.iter().for_each(visit);
    }
}

#[test]
fn the_updates_of_an_example_make_up_its_data_model() {
    for example in examples() {
        let mut model = DataModel::default();
        for message in decoded(&example) {
            if let Body::UpdateDataModel(update) = &message.body {
                model.apply(update, message.version).unwrap();
                let change = update.change(message.version);
                let found = model.get(&update.pointer().unwrap());
                match change {
                    a2ui::Change::Set(value) => assert_eq!(found, Some(value)),
                    a2ui::Change::Remove => assert_eq!(found, None),
                }
            }
        }
    }
}
