//! `openrpc.json`: the protocol as an OpenRPC 1.4 document.
//!
//! OpenRPC knows one direction and params as a list. What it cannot say stands in members that begin with `x-`:
//! `x-direction` for what the daemon sends, `x-params` for the schema of the params as a whole.

use super::markdown::first_sentence;
use super::node::Node;
use super::protocol::{Kind, Line, Protocol};
use crate::code;
use crate::method::{Access, Risk};

/// The document.
pub(super) fn document(protocol: &Protocol) -> Node {
    let methods = protocol.lines.iter().map(|line| method(protocol, line));
    let schemas = protocol
        .definitions
        .iter()
        .map(|(name, schema)| (name.clone(), schema.clone()));
    let mut document = Node::object([
        ("openrpc", "1.4.1".into()),
        (
            "info",
            Node::object([
                ("title", "Common Agent Runtime".into()),
                ("version", env!("CARGO_PKG_VERSION").into()),
                (
                    "description",
                    "Where agents, the tools they call, the people who approve what they do, and the screens that \
                     show it, meet. JSON-RPC 2.0 over WebSocket, on TCP and on a Unix socket. Entries with \
                     `x-direction` `server-to-client` are requests and notifications that the daemon sends; without \
                     a `result` they are notifications."
                        .into(),
                ),
                (
                    "license",
                    Node::object([
                        ("name", "Apache-2.0".into()),
                        ("url", "https://www.apache.org/licenses/LICENSE-2.0".into()),
                    ]),
                ),
            ]),
        ),
        (
            "servers",
            Node::List(vec![Node::object([
                ("name", "default".into()),
                ("url", "ws://127.0.0.1:9100".into()),
            ])]),
        ),
        ("methods", methods.collect()),
        (
            "components",
            Node::object([
                ("schemas", Node::Object(schemas.collect())),
                ("errors", Node::Object(ERRORS.iter().map(error).collect())),
            ]),
        ),
    ]);
    document.rewrite(&mut |node| {
        if let Some(name) = node.target() {
            let place = format!("#/components/schemas/{name}");
            node.set("$ref", place);
        }
    });
    document
}

fn method(protocol: &Protocol, line: &Line) -> Node {
    let variadic = protocol.resolve(&line.params).text_of("type") == Some("array");
    let structure = if variadic { "by-position" } else { "by-name" };
    let mut method = Node::object([
        ("name", line.name.into()),
        (
            "tags",
            Node::List(vec![Node::object([("name", line.namespace().into())])]),
        ),
        ("summary", first_sentence(&line.doc).into()),
        ("description", line.doc.as_str().into()),
        ("paramStructure", structure.into()),
        ("params", params(protocol, line)),
    ]);
    if let Some(result) = &line.result {
        let mut descriptor = Node::object([("name", result_name(result).into())]);
        if let Some(text) = protocol.resolve(result).text_of("description") {
            descriptor.set("description", text);
        }
        descriptor.set("schema", result.clone());
        method.set("result", descriptor);
    }
    let errors = errors(line)
        .into_iter()
        .map(|name| Node::object([("$ref", format!("#/components/errors/{name}").into())]));
    if let Kind::Method(_) = line.kind {
        method.set("errors", errors.collect::<Node>());
    }
    if line.result.is_some() {
        method.set("examples", Node::List(vec![example(line, variadic)]));
    }
    method.set("x-params", line.params.clone());
    if variadic {
        method.set("x-variadic", true);
    }
    extensions(&mut method, line.kind);
    method
}

/// What the table says beyond OpenRPC.
fn extensions(method: &mut Node, kind: Kind) {
    match kind {
        Kind::Method(spec) => {
            let risk = match spec.risk {
                Risk::None => "none",
                Risk::NeedsApproval => "needs_approval",
            };
            method.set("x-direction", "client-to-server");
            method.set("x-access", spec.access.as_str());
            method.set("x-risk", risk);
            method.set("x-mutates", spec.mutates);
            method.set("x-provided", spec.provided);
            method.set("x-aliases", spec.aliases.iter().copied().collect::<Node>());
        }
        Kind::Callback(spec) => {
            method.set("x-direction", "server-to-client");
            if let Some(cancel) = spec.cancel {
                method.set("x-cancel", cancel);
            }
        }
        Kind::Notification(_) => method.set("x-direction", "server-to-client"),
    }
}

/// A descriptor for each member of the params; of params that are an array, one for all elements.
fn params(protocol: &Protocol, line: &Line) -> Node {
    let schema = protocol.resolve(&line.params);
    if let Some(items) = schema.get("items") {
        return Node::List(vec![Node::object([
            ("name", "items".into()),
            ("summary", "Each element of the array.".into()),
            ("required", false.into()),
            ("schema", items.clone()),
        ])]);
    }
    let required = schema.get("required").map_or(&[][..], Node::elements);
    let properties = schema.get("properties").map_or(&[][..], Node::members);
    let descriptor = |(name, property): &(String, Node)| {
        let mut descriptor = Node::object([("name", name.as_str().into())]);
        if let Some(text) = property.text_of("description") {
            descriptor.set("description", text);
        }
        let is_required = required.iter().any(|other| other.text() == Some(name));
        descriptor.set("required", is_required);
        let mut schema = property.clone();
        schema.remove("description");
        descriptor.set("schema", schema);
        descriptor
    };
    properties.iter().map(descriptor).collect()
}

fn result_name(result: &Node) -> &str {
    result.target().unwrap_or("result")
}

fn example(line: &Line, variadic: bool) -> Node {
    let param =
        |name: &str, value: &Node| Node::object([("name", name.into()), ("value", value.clone())]);
    let params = if variadic {
        let elements = line.params_shown.elements();
        elements.iter().map(|value| param("items", value)).collect()
    } else {
        let members = line.params_shown.members();
        members
            .iter()
            .map(|(name, value)| param(name, value))
            .collect::<Node>()
    };
    let mut example = Node::object([("name", "filled".into()), ("params", params)]);
    if let Some(shown) = &line.result_shown {
        example.set("result", param("result", shown));
    }
    example
}

/// The errors that a caller meets, by their name in the document.
const ERRORS: &[(&str, i32, &str)] = &[
    ("InvalidParams", code::INVALID_PARAMS, "invalid params"),
    ("InternalError", code::INTERNAL_ERROR, "internal error"),
    ("DomainError", code::DOMAIN_ERROR, "refused"),
    (
        "AuthRequired",
        code::AUTH_REQUIRED,
        "authentication required",
    ),
    (
        "ApprovalRefused",
        code::APPROVAL_REFUSED,
        "approval refused",
    ),
    (
        "DeadlineExceeded",
        code::DEADLINE_EXCEEDED,
        "deadline exceeded",
    ),
];

fn error(&(name, code, message): &(&str, i32, &str)) -> (String, Node) {
    let error = Node::object([("code", code.into()), ("message", message.into())]);
    (name.to_owned(), error)
}

/// The errors of a method; what a client refuses is its own.
fn errors(line: &Line) -> Vec<&'static str> {
    let Kind::Method(spec) = line.kind else {
        return Vec::new();
    };
    let meets = |(_, code, _): &&(&str, i32, &str)| match *code {
        code::AUTH_REQUIRED => spec.access != Access::Open,
        code::APPROVAL_REFUSED => spec.risk == Risk::NeedsApproval,
        _ => true,
    };
    let errors = ERRORS.iter().filter(meets);
    errors.map(|(name, ..)| *name).collect()
}
