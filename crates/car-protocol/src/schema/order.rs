//! The order of the members of every definition.
//!
//! A schema keeps its members sorted by name, which is not how anybody declared them. The types themselves write
//! their members in the order of their declaration, so the filled examples know it.

use std::collections::BTreeMap;

use super::SchemaError;
use super::definitions::Definitions;
use super::node::Node;

/// Members by definition, as far as examples have shown them.
#[derive(Default)]
pub(super) struct Order(BTreeMap<String, Vec<String>>);

impl Order {
    /// Looks at a value of this schema.
    pub(super) fn learn(&mut self, definitions: &Definitions, schema: &Node, value: &Node) {
        if let Some((name, definition)) = schema
            .target()
            .and_then(|name| definitions.get_key_value(name))
        {
            let known = self.0.entry(name.clone()).or_default();
            // From the end, so that a new member goes before the one that follows it.
            let mut next = known.len();
            for (member, _) in value.members().iter().rev() {
                match known.iter().position(|other| other == member) {
                    Some(place) => next = place,
                    None => known.insert(next, member.clone()),
                }
            }
            self.learn(definitions, definition, value);
        }
        for (member, property) in schema.get("properties").map_or(&[][..], Node::members) {
            if let Some(value) = value.get(member) {
                self.learn(definitions, property, value);
            }
        }
        if let Some(items) = schema.get("items") {
            for element in value.elements() {
                self.learn(definitions, items, element);
            }
        }
        for keyword in ["anyOf", "oneOf"] {
            for alternative in schema.get(keyword).map_or(&[][..], Node::elements) {
                self.learn(definitions, alternative, value);
            }
        }
    }

    /// Orders the members of all definitions.
    pub(super) fn apply(&self, definitions: &mut Definitions) -> Result<(), SchemaError> {
        for (name, definition) in definitions {
            let known = self.0.get(name).map(Vec::as_slice).unwrap_or_default();
            let place = |member: &str| known.iter().position(|other| other == member);
            let Node::Object(keywords) = definition else {
                continue;
            };
            for (keyword, value) in keywords {
                match (keyword.as_str(), value) {
                    ("properties", Node::Object(properties)) => {
                        if let Some((member, _)) = properties
                            .iter()
                            .find(|(member, _)| place(member).is_none())
                        {
                            return Err(SchemaError::NotShown {
                                definition: name.clone(),
                                member: member.clone(),
                            });
                        }
                        properties.sort_by_key(|(member, _)| place(member));
                    }
                    ("required", Node::List(members)) => {
                        members.sort_by_key(|member| member.text().and_then(place));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}
