//! The schemas of each version, made ready: what must be changed in the official files is changed here.

use serde_json::{Map, Value, json};

use crate::a2ui::version::Version;

/// One of our own files, or of those that are copied here as they were published.
macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../schemas/a2ui/", $name))
    };
}

/// Where the documents of v0.9 refer to each other.
const BASE_0_9: &str = "https://a2ui.org/specification/v0_9/";
/// Where the documents of v1.0 refer to each other.
const BASE_1_0: &str = "https://a2ui.org/specification/v1_0/";

const FILES_0_9: &[(&str, &str)] = &[
    ("common_types.json", file!("v0_9/common_types.json")),
    ("server_to_client.json", file!("v0_9/server_to_client.json")),
    ("client_to_server.json", file!("v0_9/client_to_server.json")),
    (
        "client_capabilities.json",
        file!("v0_9/client_capabilities.json"),
    ),
    (
        "server_capabilities.json",
        file!("v0_9/server_capabilities.json"),
    ),
    (
        "client_data_model.json",
        file!("v0_9/client_data_model.json"),
    ),
];

const FILES_1_0: &[(&str, &str)] = &[
    ("common_types.json", file!("v1_0/common_types.json")),
    (
        "agent_to_renderer.json",
        file!("v1_0/agent_to_renderer.json"),
    ),
    (
        "renderer_to_agent.json",
        file!("v1_0/renderer_to_agent.json"),
    ),
    (
        "renderer_capabilities.json",
        file!("v1_0/renderer_capabilities.json"),
    ),
    (
        "agent_capabilities.json",
        file!("v1_0/agent_capabilities.json"),
    ),
    (
        "renderer_data_model.json",
        file!("v1_0/renderer_data_model.json"),
    ),
    (
        "catalog_definition.json",
        file!("v1_0/catalog_definition.json"),
    ),
];

/// What stands for the components and functions of a surface.
#[derive(Clone, Copy, Debug)]
pub(super) enum Catalog<'a> {
    /// The basic catalog.
    Basic,
    /// Anything: only what all catalogs share is held.
    Open,
    /// This one.
    Custom(&'a Value),
}

/// Which documents of a version describe what.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) to_renderer: String,
    pub(super) to_agent: String,
    pub(super) renderer_capabilities: String,
    pub(super) agent_capabilities: String,
    pub(super) data_model: String,
}

pub(super) fn names(version: Version) -> Names {
    let (base, names) = if version.is_v1() {
        let names = [
            "agent_to_renderer",
            "renderer_to_agent",
            "renderer_capabilities",
            "agent_capabilities",
            "renderer_data_model",
        ];
        (BASE_1_0, names)
    } else {
        let names = [
            "server_to_client",
            "client_to_server",
            "client_capabilities",
            "server_capabilities",
            "client_data_model",
        ];
        (BASE_0_9, names)
    };
    let [
        to_renderer,
        to_agent,
        renderer_capabilities,
        agent_capabilities,
        data_model,
    ] = names.map(|name| format!("{base}{name}.json"));
    Names {
        to_renderer,
        to_agent,
        renderer_capabilities,
        agent_capabilities,
        data_model,
    }
}

/// The schema of the message that the original adds.
pub(super) fn patch_components() -> serde_json::Result<Value> {
    serde_json::from_str(file!("car/patch_components.json"))
}

/// Every document of a version, by its address.
pub(super) fn documents(
    version: Version,
    catalog: Catalog<'_>,
) -> serde_json::Result<Vec<(String, Value)>> {
    let (base, files) = if version.is_v1() {
        (BASE_1_0, FILES_1_0)
    } else {
        (BASE_0_9, FILES_0_9)
    };
    let mut documents = Vec::with_capacity(files.len() + 1);
    for (name, text) in files {
        let mut document = serde_json::from_str(text)?;
        if version == Version::V0_9_1 {
            to_0_9_1(&mut document);
        }
        documents.push(placed(base, name, document));
    }
    let catalog = match catalog {
        Catalog::Basic if version.is_v1() => {
            serde_json::from_str(file!("v1_0/basic_catalog.json"))?
        }
        Catalog::Basic => serde_json::from_str(file!("v0_9/basic_catalog.json"))?,
        Catalog::Open => open(version),
        Catalog::Custom(catalog) => completed(catalog),
    };
    documents.push(placed(base, "catalog.json", catalog));
    Ok(documents)
}

/// A document under the address that the others refer to. The basic catalog names another as its own, from which its
/// relative references lead nowhere, and `client_to_server.json` names none.
fn placed(base: &str, name: &str, mut document: Value) -> (String, Value) {
    let address = format!("{base}{name}");
    if let Value::Object(members) = &mut document {
        members.insert("$id".to_owned(), address.clone().into());
    }
    (address, document)
}

/// The published package has no schemas of v0.9.1. They are those of v0.9, but for the version: messages may name
/// either, capabilities have a member of their own.
fn to_0_9_1(document: &mut Value) {
    match document {
        Value::Array(items) => items.iter_mut().for_each(to_0_9_1),
        Value::Object(members) => {
            if members
                .get("const")
                .is_some_and(|version| version == "v0.9")
            {
                members.remove("const");
                members.insert("enum".to_owned(), json!(["v0.9", "v0.9.1"]));
            }
            if let Some(support) = members.remove("v0.9") {
                members.insert("v0.9.1".to_owned(), support);
            }
            if let Some(Value::Array(required)) = members.get_mut("required") {
                for name in required.iter_mut().filter(|name| *name == "v0.9") {
                    *name = "v0.9.1".into();
                }
            }
            members.values_mut().for_each(to_0_9_1);
        }
        _ => {}
    }
}

/// A catalog that has everything. Names with `@` are the protocol's, also in a catalog like this.
fn open(version: Version) -> Value {
    let named = json!({
        "type": "object",
        "properties": { "component": { "type": "string" } },
        "required": ["component"],
        "additionalProperties": true
    });
    let component = if version.is_v1() {
        named
    } else {
        // In v1.0 the message says what all components share; in v0.9 each component of a catalog does.
        json!({ "allOf": [{ "$ref": "common_types.json#/$defs/ComponentCommon" }, named] })
    };
    json!({ "$defs": {
        "anyComponent": component,
        "anyFunction": {
            "type": "object",
            "properties": { "call": { "type": "string", "not": { "pattern": "^@" } } },
            "additionalProperties": true
        },
        "theme": { "type": "object" }
    } })
}

/// A catalog as published has `$defs` that join its components and its functions. One that a renderer defines in its
/// capabilities has them not, and lists its functions in v0.9.
fn completed(catalog: &Value) -> Value {
    let mut catalog = catalog.clone();
    let Value::Object(members) = &mut catalog else {
        return catalog;
    };
    if let Some(Value::Array(listed)) = members.get("functions") {
        let functions: Map<String, Value> = listed.iter().filter_map(function).collect();
        members.insert("functions".to_owned(), Value::Object(functions));
    }
    let theme = members.get("theme").cloned().unwrap_or_else(|| json!({}));
    let joined = [
        ("anyComponent", any_of(members, "components")),
        ("anyFunction", any_of(members, "functions")),
        ("theme", json!({ "type": "object", "properties": theme })),
    ];
    let definitions = members.entry("$defs").or_insert_with(|| json!({}));
    if let Value::Object(definitions) = definitions {
        for (name, schema) in joined {
            definitions.entry(name).or_insert(schema);
        }
    }
    catalog
}

/// One of the schemas under a member of the catalog; nothing fits where there is none.
fn any_of(catalog: &Map<String, Value>, member: &str) -> Value {
    let names = catalog.get(member).and_then(Value::as_object);
    let refs: Vec<_> = names.map_or_else(Vec::new, |schemas| {
        let escaped = |name: &String| name.replace('~', "~0").replace('/', "~1");
        schemas
            .keys()
            .map(|name| json!({ "$ref": format!("#/{member}/{}", escaped(name)) }))
            .collect()
    });
    if refs.is_empty() {
        return Value::Bool(false);
    }
    json!({ "oneOf": refs })
}

/// The schema of the calls of a function that v0.9 lists.
fn function(listed: &Value) -> Option<(String, Value)> {
    let name = listed.get("name")?.as_str()?;
    let schema = json!({
        "type": "object",
        "properties": {
            "call": { "const": name },
            "args": listed.get("parameters").cloned().unwrap_or(Value::Bool(true)),
            "returnType": { "const": listed.get("returnType")? }
        },
        "required": ["call"],
        "unevaluatedProperties": false
    });
    Some((name.to_owned(), schema))
}
