//! What rules can talk about: the schema that every rule is held to, made from the method table.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use car_protocol::rpc;
use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, Schema, Validator};
use thiserror::Error;

use super::super::{is_judged, namespace};

/// The action that stands for the call of a tool by a proposal.
pub(super) const CALL_TOOL: &str = "call_tool";
/// The group of the methods that change something.
const MUTATES: &str = "mutates";
/// The group of the methods that a connected host provides.
const PROVIDED: &str = "provided";

/// The types; the actions follow from the table.
const TYPES: &str = r#"
entity Caller { role: String, principal: String };
entity Daemon;
entity Tool;
entity Arguments tags String;
entity Numbers tags Long;
entity Lists tags Set<String>;
type Circumstances = {
    arguments: Arguments,
    numbers: Numbers,
    lists: Lists,
    text: String,
    agents: Set<String>,
    projects: Set<String>,
    hour: Long,
    minute: Long,
    weekday: String,
    weekend: Bool,
};
"#;

/// Our own names do not fit the library. It is found out when rules are opened.
#[derive(Debug, Error)]
#[error("the schema of the rules cannot be made: {0}")]
pub struct SchemaFault(String);

impl SchemaFault {
    pub(super) fn new(cause: impl ToString) -> Self {
        Self(cause.to_string())
    }
}

/// One method that rules can be about.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) uid: EntityUid,
    /// The action with the groups that it is in, as evaluation needs it.
    pub(super) entity: Entity,
    /// The groups.
    pub(super) groups: Vec<EntityUid>,
    /// Whether a rule that names no action reaches it: one that changes something.
    pub(super) mutates: bool,
    /// The line of the method table; none for calls of tools.
    pub(super) line: Option<usize>,
    /// The method's name, or [`CALL_TOOL`].
    pub(super) name: &'static str,
}

/// The schema, and the actions that are in it.
#[derive(Debug)]
pub(super) struct Vocabulary {
    pub(super) validator: Validator,
    pub(super) actions: Vec<Action>,
    pub(super) daemon: EntityUid,
    pub(super) types: Types,
}

/// The names of the types.
#[derive(Debug)]
pub(super) struct Types {
    pub(super) caller: EntityTypeName,
    pub(super) tool: EntityTypeName,
    pub(super) arguments: EntityTypeName,
    pub(super) numbers: EntityTypeName,
    pub(super) lists: EntityTypeName,
}

impl Vocabulary {
    /// Reads the method table.
    pub(super) fn new() -> Result<Self, SchemaFault> {
        let (schema, _) = Schema::from_cedarschema_str(&schema_text()).map_err(SchemaFault::new)?;
        let named = |name: &str| name.parse::<EntityTypeName>().map_err(SchemaFault::new);
        let kind = named("Action")?;
        let judged = rpc::methods()
            .enumerate()
            .filter(|(_, spec)| is_judged(spec));
        let mut actions = Vec::new();
        for (line, spec) in judged {
            let groups = groups(spec).map(|group| uid(&kind, &group)).collect();
            actions.push(action(&kind, spec.name, groups, spec.mutates, Some(line))?);
        }
        actions.push(action(&kind, CALL_TOOL, Vec::new(), true, None)?);
        Ok(Self {
            validator: Validator::new(schema),
            actions,
            daemon: uid(&named("Daemon")?, "car"),
            types: Types {
                caller: named("Caller")?,
                tool: named("Tool")?,
                arguments: named("Arguments")?,
                numbers: named("Numbers")?,
                lists: named("Lists")?,
            },
        })
    }
}

fn action(
    kind: &EntityTypeName,
    name: &'static str,
    groups: Vec<EntityUid>,
    mutates: bool,
    line: Option<usize>,
) -> Result<Action, SchemaFault> {
    let uid = uid(kind, name);
    let entity = Entity::new_with_tags(uid.clone(), [], groups.iter().cloned(), []);
    Ok(Action {
        entity: entity.map_err(SchemaFault::new)?,
        uid,
        groups,
        mutates,
        line,
        name,
    })
}

pub(super) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

/// The groups of a method: its namespace, and what the table says about it.
fn groups(spec: &car_protocol::method::MethodSpec) -> impl Iterator<Item = String> {
    let namespace = Some(format!("{}.*", namespace(spec.name)));
    let mutates = spec.mutates.then(|| MUTATES.to_owned());
    let provided = spec.provided.then(|| PROVIDED.to_owned());
    [namespace, mutates, provided].into_iter().flatten()
}

/// The schema in Cedar's own language.
pub(super) fn schema_text() -> String {
    let mut text = TYPES.to_owned();
    let judged: Vec<_> = rpc::methods().filter(|spec| is_judged(spec)).collect();
    let all_groups: BTreeSet<String> = judged.iter().flat_map(|spec| groups(spec)).collect();
    for group in &all_groups {
        let _ = writeln!(text, "action {group:?};");
    }
    for spec in judged {
        let groups: Vec<String> = groups(spec).collect();
        let _ = writeln!(
            text,
            "action {:?} in {groups:?} appliesTo {{ principal: [Caller], resource: [Daemon], context: Circumstances }};",
            spec.name
        );
    }
    let _ = writeln!(
        text,
        "action {CALL_TOOL:?} appliesTo {{ principal: [Caller], resource: [Tool], context: Circumstances }};"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_that_can_be_judged_is_an_action() {
        let vocabulary = Vocabulary::new().unwrap();
        let named = |name: &str| vocabulary.actions.iter().find(|action| action.name == name);
        let clear = named("state.clear").unwrap();
        assert!(clear.mutates && clear.groups.len() == 2);
        assert!(named("session.auth").is_none() && named("approvals.explain").is_none());
        assert!(named(CALL_TOOL).unwrap().line.is_none());
    }
}
