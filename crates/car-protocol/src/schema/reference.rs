//! `protocol.md`: the reference for people.

use std::fmt::Write as _;

use super::markdown::{anchor, cell, first_sentence, plain};
use super::node::Node;
use super::protocol::{Kind, Line, Protocol};
use super::{SchemaError, typescript};
use crate::method::Risk;
use crate::{code, kind};

const HEAD: &str = "<!-- Generated from crates/car-protocol; `cargo xtask codegen` writes it. -->

# Protocol reference

JSON-RPC 2.0 in text frames over WebSocket, on TCP (default `ws://127.0.0.1:9100`) and on a Unix socket. A client sends
requests and answers the requests that the daemon sends; the daemon also sends notifications. Answers come in any order
and carry the id of their request exactly as it was sent. A frame may be a batch of up to 64 messages.

Params are given by name. A member marked `?` may be left out, and `null` is the same as left out where its type says
so. Unknown members are ignored, so that both sides can be of different ages. `\"params\":null` is the same as no params.

Params of every method may have a member `_meta`, an object with what belongs to the call and not to the method.
`_meta.traceparent` is a [W3C Trace Context](https://www.w3.org/TR/trace-context-2/), for example
`00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`: the daemon's log names its trace id with what a method that
waits does, and the requests that the daemon sends because of it carry the same trace with a parent of their own. One
that is malformed is ignored.

The same in other forms: [JSON Schema](../schema/car.schema.json), [OpenRPC](../schema/openrpc.json) (also the answer of
`rpc.discover`), [TypeScript](../schema/car.ts).
";

/// The page.
pub(super) fn document(protocol: &Protocol) -> Result<String, SchemaError> {
    let mut out = HEAD.to_owned();
    contents(&mut out, protocol);
    let mut namespace = "";
    for line in protocol
        .lines
        .iter()
        .filter(|line| matches!(line.kind, Kind::Method(_)))
    {
        if line.namespace() != namespace {
            namespace = line.namespace();
            let _ = write!(out, "\n## {}\n", namespace_title(namespace));
        }
        section(&mut out, protocol, line)?;
    }
    out.push_str("\n## What the daemon asks a client\n");
    for line in protocol
        .lines
        .iter()
        .filter(|line| matches!(line.kind, Kind::Callback(_)))
    {
        section(&mut out, protocol, line)?;
    }
    out.push_str("\n## What the daemon tells a client\n");
    for line in protocol
        .lines
        .iter()
        .filter(|line| matches!(line.kind, Kind::Notification(_)))
    {
        section(&mut out, protocol, line)?;
    }
    errors(&mut out);
    out.push_str("\n## Types\n");
    for (name, schema) in &protocol.definitions {
        definition(&mut out, name, schema)?;
    }
    Ok(out)
}

fn namespace_title(namespace: &str) -> String {
    format!("Namespace {namespace}")
}

fn link(heading: &str, text: &str) -> String {
    format!("[{text}](#{})", anchor(heading))
}

fn contents(out: &mut String, protocol: &Protocol) {
    out.push_str("\n## Contents\n\n");
    let mut namespace = "";
    for line in &protocol.lines {
        if let Kind::Method(_) = line.kind
            && line.namespace() != namespace
        {
            namespace = line.namespace();
            let title = namespace_title(namespace);
            let _ = writeln!(out, "- {}", link(&title, &format!("`{namespace}`")));
        }
    }
    for title in [
        "What the daemon asks a client",
        "What the daemon tells a client",
        "Errors",
        "Types",
    ] {
        let _ = writeln!(out, "- {}", link(title, title));
    }
    out.push_str("\n| name | | who | |\n|---|---|---|---|\n");
    for line in &protocol.lines {
        let (who, notes) = match line.kind {
            Kind::Method(spec) => {
                let mut notes = Vec::new();
                if spec.mutates {
                    notes.push("changes");
                }
                if spec.risk == Risk::NeedsApproval {
                    notes.push("approval");
                }
                if spec.provided {
                    notes.push("provided");
                }
                (spec.access.as_str(), notes.join(", "))
            }
            Kind::Callback(_) => ("daemon", "request".to_owned()),
            Kind::Notification(_) => ("daemon", "notification".to_owned()),
        };
        let name = link(line.name, &format!("`{}`", line.name));
        let about = cell(first_sentence(&line.doc));
        let _ = writeln!(out, "| {name} | {about} | {who} | {notes} |");
    }
    out.push_str(
        "\nWho: `open` is anybody, before authentication too; `client` an authenticated client; `agent` a session bound \
         to an\nagent; `host` a session with the host role, which may do all that a client may. `changes` something, and \
         idempotency\nkeys apply; needs the `approval` of a person by default; the work is `provided` by a connected \
         host.\n",
    );
}

fn section(out: &mut String, protocol: &Protocol, line: &Line) -> Result<(), SchemaError> {
    let _ = write!(out, "\n### `{}`\n\n{}\n", line.name, line.doc);
    if let Kind::Method(spec) = line.kind {
        let approval = match spec.risk {
            Risk::None => "",
            Risk::NeedsApproval => " Needs a person's approval by default.",
        };
        let mutates = if spec.mutates {
            " Changes something."
        } else {
            ""
        };
        let provided = if spec.provided {
            " Done by a connected host; `unavailable` without one."
        } else {
            ""
        };
        let access = spec.access.as_str();
        let _ = write!(out, "\nAccess: {access}.{mutates}{approval}{provided}\n");
        if !spec.aliases.is_empty() {
            let _ = write!(out, "\nAlso called `{}`.\n", spec.aliases.join("`, `"));
        }
    }
    if let Kind::Callback(spec) = line.kind
        && let Some(cancel) = spec.cancel
    {
        let _ = write!(
            out,
            "\nTaken back by {}.\n",
            link(cancel, &format!("`{cancel}`"))
        );
    }
    params(out, protocol, line)?;
    if let Some(result) = &line.result {
        let _ = write!(out, "\nResult: {}\n", shown_type(result)?);
        if let Some(text) = result.text_of("description") {
            let _ = write!(out, "\n{text}\n");
        }
    }
    example(out, line);
    Ok(())
}

fn params(out: &mut String, protocol: &Protocol, line: &Line) -> Result<(), SchemaError> {
    let schema = protocol.resolve(&line.params);
    let members = schema.get("properties").map_or(&[][..], Node::members);
    if !members.is_empty() {
        out.push_str("\nParams:\n\n");
        return table(out, schema);
    }
    let what = match line.params.target() {
        Some("NoParams") => "none".to_owned(),
        _ => shown_type(&line.params)?,
    };
    let _ = write!(out, "\nParams: {what}\n");
    Ok(())
}

fn example(out: &mut String, line: &Line) {
    let mut call = Node::object([("jsonrpc", "2.0".into())]);
    if line.result.is_some() {
        call.set("id", 1);
    }
    call.set("method", line.name);
    if !(line.params_shown.members().is_empty() && line.params_shown.elements().is_empty()) {
        call.set("params", line.params_shown.clone());
    }
    let _ = write!(out, "\n```json\n{}\n", call.compact());
    if let Some(result) = &line.result_shown {
        let answer = Node::object([
            ("jsonrpc", "2.0".into()),
            ("result", result.clone()),
            ("id", 1.into()),
        ]);
        let _ = writeln!(out, "{}", answer.compact());
    }
    out.push_str("```\n");
}

/// The members of an object.
fn table(out: &mut String, schema: &Node) -> Result<(), SchemaError> {
    let required = schema.get("required").map_or(&[][..], Node::elements);
    out.push_str("| member | type | |\n|---|---|---|\n");
    for (name, property) in schema.get("properties").map_or(&[][..], Node::members) {
        let is_required = required.iter().any(|other| other.text() == Some(name));
        let mark = if is_required { "" } else { "?" };
        let kind = shown_type(property)?;
        let mut about = property
            .text_of("description")
            .unwrap_or_default()
            .to_owned();
        if let Some(default) = property
            .get("default")
            .filter(|value| **value != Node::Null)
        {
            let _ = write!(about, " `{}` when left out.", default.compact());
        }
        let _ = writeln!(
            out,
            "| `{name}`{mark} | {} | {} |",
            cell(&kind),
            cell(about.trim())
        );
    }
    if schema.get("additionalProperties").is_some() {
        out.push_str("| others | any | |\n");
    }
    Ok(())
}

/// A type in words that link to its definition.
fn shown_type(schema: &Node) -> Result<String, SchemaError> {
    if let Some(name) = schema.target() {
        return Ok(link(name, name));
    }
    if schema.text_of("type") == Some("array")
        && let Some(items) = schema.get("items")
    {
        return Ok(format!("array of {}", shown_type(items)?));
    }
    if let Some(alternatives) = schema.get("anyOf") {
        let types: Result<Vec<_>, _> = alternatives.elements().iter().map(shown_type).collect();
        return Ok(types?.join(" or "));
    }
    if let Some(Node::List(names)) = schema.get("type") {
        let each = names.iter().map(|name| {
            let mut one = schema.clone();
            one.set("type", name.clone());
            shown_type(&one)
        });
        let names = each.collect::<Result<Vec<_>, _>>()?;
        let comma = if schema.get("items").is_some() {
            ","
        } else {
            ""
        };
        return Ok(names.join(&format!("{comma} or ")));
    }
    Ok(match schema.text_of("type") {
        Some("object") if schema.get("properties").is_none() => "object".to_owned(),
        Some(name @ ("string" | "boolean" | "integer" | "number" | "null")) => name.to_owned(),
        _ => match typescript::written(schema)?.as_str() {
            "unknown" => "any".to_owned(),
            other => format!(
                "`{}`",
                other.split_whitespace().collect::<Vec<_>>().join(" ")
            ),
        },
    })
}

fn definition(out: &mut String, name: &str, schema: &Node) -> Result<(), SchemaError> {
    let _ = write!(out, "\n### {name}\n");
    if let Some(text) = schema.text_of("description") {
        let _ = write!(out, "\n{text}\n");
    }
    if let Some(variants) = typescript::variants(schema) {
        out.push_str("\n| value | |\n|---|---|\n");
        for (value, about) in variants {
            let _ = writeln!(out, "| `{}` | {} |", value.compact(), cell(about));
        }
        return Ok(());
    }
    if schema.get("properties").is_some() {
        out.push('\n');
        return table(out, schema);
    }
    let _ = write!(out, "\nType: {}\n", shown_type(schema)?);
    Ok(())
}

fn errors(out: &mut String) {
    out.push_str(
        "\n## Errors\n\nAn error is an [RpcError](#rpcerror): `code` tells the class, `data.kind` exactly what, \
         `data.retryable` whether the same\ncall can succeed later. Members of `data` beyond the common ones depend on \
         the kind.\n\n| code | |\n|---|---|\n",
    );
    for (code, about) in code::ALL {
        let _ = writeln!(out, "| {code} | {} |", cell(&plain(about)));
    }
    out.push_str("\n| kind | |\n|---|---|\n");
    for (kind, about) in kind::ALL {
        let _ = writeln!(out, "| `{kind}` | {} |", cell(&plain(about)));
    }
}
