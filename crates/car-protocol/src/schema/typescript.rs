//! `car.ts`: the types of all messages, and maps from a name to what goes with it.

use std::fmt::Write as _;

use super::SchemaError;
use super::markdown::plain;
use super::node::Node;
use super::protocol::{Kind, Line, Protocol};

const HEAD: &str = r#"// Common Agent Runtime: the types of all messages.
// Generated from crates/car-protocol; `cargo xtask codegen` writes it.

/** The id of a request: a number that is best an integer, a string, or null. It comes back as it was sent. */
export type Id = string | number | null;

/** What a client asks. */
export type Request = {
  [M in keyof Methods]: { jsonrpc: "2.0"; id: Id; method: M } & Pick<Methods[M], "params">;
}[keyof Methods];

/** What the daemon asks a client. */
export type Callback = {
  [M in keyof Callbacks]: { jsonrpc: "2.0"; id: Id; method: M } & Pick<Callbacks[M], "params">;
}[keyof Callbacks];

/** What the daemon tells a client. */
export type Notification = {
  [M in keyof Notifications]: { jsonrpc: "2.0"; method: M } & Pick<Notifications[M], "params">;
}[keyof Notifications];

/** An answer, in either direction: a result, `null` included, or an error. */
export type Response<Result = unknown> =
  | { jsonrpc: "2.0"; id: Id; result: Result; error?: undefined }
  | { jsonrpc: "2.0"; id: Id; error: RpcError; result?: undefined };
"#;

/// The names that are not left for types of the table: here and in the JSON Schema they mean a whole message.
pub(super) const TAKEN: &[&str] = &[
    "Id",
    "Request",
    "Callback",
    "Notification",
    "Response",
    "Methods",
    "Callbacks",
    "Notifications",
];

/// The file.
pub(super) fn document(protocol: &Protocol) -> Result<String, SchemaError> {
    let mut out = HEAD.to_owned();
    map(
        &mut out,
        protocol,
        "Methods",
        "What a client may ask, by name.",
        |kind| matches!(kind, Kind::Method(_)),
    )?;
    map(
        &mut out,
        protocol,
        "Callbacks",
        "What the daemon asks a client, by name.",
        |kind| matches!(kind, Kind::Callback(_)),
    )?;
    map(
        &mut out,
        protocol,
        "Notifications",
        "What the daemon tells a client, by name.",
        |kind| matches!(kind, Kind::Notification(_)),
    )?;
    for (name, schema) in &protocol.definitions {
        out.push('\n');
        declare(&mut out, name, schema)?;
    }
    Ok(out)
}

fn map(
    out: &mut String,
    protocol: &Protocol,
    name: &str,
    what: &str,
    which: fn(Kind) -> bool,
) -> Result<(), SchemaError> {
    let _ = write!(out, "\n/** {what} */\nexport interface {name} {{\n");
    for line in protocol.lines.iter().filter(|line| which(line.kind)) {
        comment(out, "  ", &line.doc, line_notes(line));
        let optional = if protocol.may_be_left_out(&line.params) {
            "?"
        } else {
            ""
        };
        let params = written(&line.params)?;
        let result = line.result.as_ref().map(written).transpose()?;
        let result = result.map_or_else(String::new, |result| format!("; result: {result}"));
        let _ = writeln!(
            out,
            "  \"{}\": {{ params{optional}: {params}{result} }};",
            line.name
        );
        if let Kind::Method(spec) = line.kind {
            for alias in spec.aliases {
                let _ = writeln!(out, "  \"{alias}\": Methods[\"{}\"];", line.name);
            }
        }
    }
    out.push_str("}\n");
    Ok(())
}

fn line_notes(line: &Line) -> Option<String> {
    match line.kind {
        Kind::Method(spec) => Some(format!("Access: {}.", spec.access.as_str())),
        Kind::Callback(spec) => spec
            .cancel
            .map(|cancel| format!("Taken back by `{cancel}`.")),
        Kind::Notification(_) => None,
    }
}

fn declare(out: &mut String, name: &str, schema: &Node) -> Result<(), SchemaError> {
    let about = schema.text_of("description").unwrap_or_default();
    comment(out, "", about, None);
    if let Some(variants) = variants(schema) {
        let _ = writeln!(out, "export type {name} =");
        for (value, about) in variants {
            comment(out, "  ", about, None);
            let _ = writeln!(out, "  | {}", value.compact());
        }
        // The last variant ends the statement.
        out.truncate(out.trim_end().len());
        out.push_str(";\n");
    } else if schema.get("properties").is_some() {
        let _ = writeln!(out, "export interface {name} {}", object(schema)?);
    } else {
        let _ = writeln!(out, "export type {name} = {};", written(schema)?);
    }
    Ok(())
}

/// The constants of an enumeration, each with its description.
pub(super) fn variants(schema: &Node) -> Option<Vec<(&Node, &str)>> {
    let variants: Option<Vec<_>> = schema
        .get("oneOf")?
        .elements()
        .iter()
        .map(|variant| {
            let about = variant.text_of("description").unwrap_or_default();
            Some((variant.get("const")?, about))
        })
        .collect();
    variants.filter(|variants| !variants.is_empty())
}

/// The type that a schema describes, as TypeScript.
pub(super) fn written(schema: &Node) -> Result<String, SchemaError> {
    if let Some(name) = schema.target() {
        return match schema.get("properties") {
            // A variant that has the members of another type beside its own.
            Some(_) => Ok(format!("{} & {name}", inline(schema)?)),
            None => Ok(name.to_owned()),
        };
    }
    if let Some(value) = schema.get("const") {
        return Ok(value.compact());
    }
    if let Some(values) = schema.get("enum") {
        return union(values.elements().iter().map(|value| Ok(value.compact())));
    }
    for keyword in ["anyOf", "oneOf"] {
        if let Some(alternatives) = schema.get(keyword) {
            return union(alternatives.elements().iter().map(written));
        }
    }
    match schema.get("type") {
        Some(Node::Text(name)) => typed(schema, name),
        Some(Node::List(names)) => union(names.iter().map(|name| {
            let name = name.text().ok_or_else(|| unsupported(schema))?;
            typed(schema, name)
        })),
        None if is_anything(schema) => Ok("unknown".to_owned()),
        _ => Err(unsupported(schema)),
    }
}

fn typed(schema: &Node, name: &str) -> Result<String, SchemaError> {
    Ok(match name {
        "null" | "boolean" | "string" => name.to_owned(),
        "integer" | "number" => "number".to_owned(),
        "array" => {
            let item = schema
                .get("items")
                .map_or(Ok("unknown".to_owned()), written)?;
            if item.contains([' ', '{']) {
                format!("({item})[]")
            } else {
                format!("{item}[]")
            }
        }
        "object" if schema.get("properties").is_some() => inline(schema)?,
        "object" => format!("{{ [key: string]: {} }}", additional(schema)?),
        _ => return Err(unsupported(schema)),
    })
}

/// `true`, and what only has words.
fn is_anything(schema: &Node) -> bool {
    let words = |(name, _): &(String, Node)| matches!(name.as_str(), "description" | "default");
    match schema {
        Node::Bool(anything) => *anything,
        Node::Object(keywords) => keywords.iter().all(words),
        _ => false,
    }
}

fn additional(schema: &Node) -> Result<String, SchemaError> {
    schema
        .get("additionalProperties")
        .map_or(Ok("unknown".to_owned()), written)
}

/// An object without a name, on one line.
fn inline(schema: &Node) -> Result<String, SchemaError> {
    let members: Result<Vec<_>, _> = schema
        .get("properties")
        .map_or(&[][..], Node::members)
        .iter()
        .map(|(name, property)| member(schema, name, property))
        .collect();
    Ok(format!("{{ {} }}", members?.join("; ")))
}

/// The members of an object, each on a line of its own.
fn object(schema: &Node) -> Result<String, SchemaError> {
    let mut out = "{\n".to_owned();
    for (name, property) in schema.get("properties").map_or(&[][..], Node::members) {
        let about = property.text_of("description").unwrap_or_default();
        let default = property
            .get("default")
            .filter(|value| **value != Node::Null);
        let default = default.map(|value| format!("`{}` when left out.", value.compact()));
        comment(&mut out, "  ", about, default);
        let _ = writeln!(out, "  {};", member(schema, name, property)?);
    }
    if schema.get("additionalProperties").is_some() {
        let _ = writeln!(out, "  [key: string]: {};", additional(schema)?);
    }
    out.push('}');
    Ok(out)
}

fn member(schema: &Node, name: &str, property: &Node) -> Result<String, SchemaError> {
    let required = schema.get("required").map_or(&[][..], Node::elements);
    let is_required = required.iter().any(|other| other.text() == Some(name));
    let mark = if is_required { "" } else { "?" };
    Ok(format!("{name}{mark}: {}", written(property)?))
}

fn union(types: impl Iterator<Item = Result<String, SchemaError>>) -> Result<String, SchemaError> {
    let mut distinct: Vec<String> = Vec::new();
    for one in types {
        let one = one?;
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    if distinct.iter().any(|one| one == "unknown") {
        return Ok("unknown".to_owned());
    }
    Ok(distinct.join(" | "))
}

fn comment(out: &mut String, indent: &str, about: &str, note: Option<String>) {
    let text = plain(about).replace("*/", "*\\/");
    let paragraphs: Vec<&str> = text
        .split("\n\n")
        .chain(note.as_deref())
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    match paragraphs.as_slice() {
        [] => {}
        [one] => {
            let _ = writeln!(out, "{indent}/** {one} */");
        }
        more => {
            let lines = more.join(&format!("\n{indent} *\n{indent} * "));
            let _ = writeln!(out, "{indent}/**\n{indent} * {lines}\n{indent} */");
        }
    }
}

fn unsupported(schema: &Node) -> SchemaError {
    SchemaError::Unsupported(schema.compact())
}
