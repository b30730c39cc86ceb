//! The definitions that the types of the table make, made fit to be read.

use std::collections::{BTreeMap, BTreeSet};

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;

use super::SchemaError;
use super::node::Node;

/// The order in which the keywords of a schema are written; others follow.
const KEYWORDS: &[&str] = &[
    "$ref",
    "description",
    "const",
    "type",
    "format",
    "minimum",
    "maximum",
    "default",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "anyOf",
    "oneOf",
];

/// Definitions by name.
pub(super) type Definitions = BTreeMap<String, Node>;

/// Collects definitions in the two views of a type: as it is read, and as it is written.
pub(super) struct Collector {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

/// Who makes a message, seen from the daemon.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum View {
    /// Clients make it.
    Read,
    /// The daemon makes it.
    Written,
}

impl Collector {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12;
        Self {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().into_generator(),
        }
    }

    /// The schema of a type, with its definitions put aside.
    pub(super) fn describe(
        &mut self,
        view: View,
        schema: fn(&mut SchemaGenerator) -> schemars::Schema,
    ) -> Node {
        let generator = match view {
            View::Read => &mut self.read,
            View::Written => &mut self.written,
        };
        tidy(schema(generator).to_value().into(), view)
    }

    /// All definitions, and the names of those that are called otherwise where the daemon writes them.
    pub(super) fn finish(mut self) -> Result<(Definitions, Renames), SchemaError> {
        let read = finished(self.read.take_definitions(true), View::Read)?;
        let written = finished(self.written.take_definitions(true), View::Written)?;
        let renames = Renames::between(&read, &written);
        let mut all = read;
        for (name, mut definition) in written {
            renames.apply(&mut definition);
            all.insert(renames.name(&name), definition);
        }
        Ok((all, renames))
    }
}

fn finished(
    definitions: serde_json::Map<String, serde_json::Value>,
    view: View,
) -> Result<Definitions, SchemaError> {
    definitions
        .into_iter()
        .map(|(name, schema)| {
            // A second type of one name gets a number.
            if name.ends_with(|last: char| last.is_ascii_digit()) {
                let name = name.trim_end_matches(|last: char| last.is_ascii_digit());
                return Err(SchemaError::AmbiguousName(name.to_owned()));
            }
            Ok((name, tidy(schema.into(), view)))
        })
        .collect()
}

/// The definitions that differ between the two views.
pub(super) struct Renames(BTreeSet<String>);

impl Renames {
    fn between(read: &Definitions, written: &Definitions) -> Self {
        let differs = |(name, schema): &(&String, &Node)| {
            read.get(*name).is_some_and(|other| other != *schema)
        };
        let mut differing: BTreeSet<String> = written
            .iter()
            .filter(differs)
            .map(|(name, _)| name.clone())
            .collect();
        // Who refers to a definition that differs, differs too.
        loop {
            let refers = |schema: &Node| {
                let mut found = false;
                schema.clone().rewrite(&mut |node| {
                    found |= node
                        .target()
                        .is_some_and(|target| differing.contains(target));
                });
                found
            };
            let further: Vec<String> = written
                .iter()
                .filter(|(name, schema)| {
                    read.contains_key(*name) && !differing.contains(*name) && refers(schema)
                })
                .map(|(name, _)| name.clone())
                .collect();
            if further.is_empty() {
                return Self(differing);
            }
            differing.extend(further);
        }
    }

    fn name(&self, name: &str) -> String {
        if self.0.contains(name) {
            format!("{name}Output")
        } else {
            name.to_owned()
        }
    }

    /// Makes a schema that the daemon writes refer to the right definitions.
    pub(super) fn apply(&self, schema: &mut Node) {
        schema.rewrite(&mut |node| {
            if let Some(target) = node.target().map(|target| self.name(target)) {
                node.set("$ref", format!("#/$defs/{target}"));
            }
        });
    }
}

/// Puts keywords and words in order, and says what the daemon leaves out instead of what it could be.
fn tidy(mut schema: Node, view: View) -> Node {
    schema.rewrite(&mut |node| {
        if let Some(text) = node.text_of("description") {
            let text = super::markdown::plain(text);
            node.set("description", text);
        }
        if view == View::Written {
            // A default is for who leaves a member out, which the daemon does not.
            if node.get("default").is_some() && node.get("properties").is_none() {
                node.remove("default");
            }
            never_null_when_optional(node);
        }
        if let Node::Object(members) = node {
            let is_schema = |(name, _): &(String, Node)| KEYWORDS.contains(&name.as_str());
            if members.iter().all(is_schema) {
                members.sort_by_key(|(name, _)| KEYWORDS.iter().position(|k| k == name));
            }
        }
    });
    schema
}

/// The daemon leaves an optional member out when it has nothing to say; it does not write `null`.
fn never_null_when_optional(node: &mut Node) {
    let required: Vec<String> = node
        .get("required")
        .map(Node::elements)
        .unwrap_or_default()
        .iter()
        .filter_map(|name| name.text().map(str::to_owned))
        .collect();
    let Node::Object(keywords) = node else { return };
    let properties = keywords.iter_mut().find(|(name, _)| name == "properties");
    let Some((_, Node::Object(properties))) = properties else {
        return;
    };
    for (_, property) in properties
        .iter_mut()
        .filter(|(name, _)| !required.contains(name))
    {
        without_null(property);
    }
}

fn without_null(schema: &mut Node) {
    if let Some(Node::List(types)) = schema.get("type") {
        let mut types: Vec<Node> = types.clone();
        types.retain(|name| name.text() != Some("null"));
        match <[Node; 1]>::try_from(types) {
            Ok([only]) => schema.set("type", only),
            Err(types) => schema.set("type", Node::List(types)),
        }
    }
    let is_null = |schema: &Node| schema.text_of("type") == Some("null");
    let alternatives = schema.get("anyOf").map(Node::elements).unwrap_or_default();
    if let [one, null] = alternatives
        && is_null(null)
    {
        let one = one.clone();
        schema.remove("anyOf");
        for (name, value) in one.members() {
            schema.set(name, value.clone());
        }
    }
}
