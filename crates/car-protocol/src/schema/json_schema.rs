//! `car.schema.json`: JSON Schema 2020-12 of all messages.

use super::node::Node;
use super::protocol::{Kind, Line, Protocol};

/// The document. It describes one message in either direction; every type is a definition.
pub(super) fn document(protocol: &Protocol) -> Node {
    let mut definitions: Vec<(String, Node)> = vec![
        ("Id".to_owned(), id()),
        (
            "Request".to_owned(),
            calls(protocol, "What a client asks.", |kind| {
                matches!(kind, Kind::Method(_))
            }),
        ),
        (
            "Callback".to_owned(),
            calls(protocol, "What the daemon asks a client.", |kind| {
                matches!(kind, Kind::Callback(_))
            }),
        ),
        (
            "Notification".to_owned(),
            calls(protocol, "What the daemon tells a client.", |kind| {
                matches!(kind, Kind::Notification(_))
            }),
        ),
        ("Response".to_owned(), response()),
    ];
    definitions.extend(
        protocol
            .definitions
            .iter()
            .map(|(name, schema)| (name.clone(), schema.clone())),
    );
    let roots = ["Request", "Callback", "Notification", "Response"];
    Node::object([
        ("$schema", "https://json-schema.org/draft/2020-12/schema".into()),
        ("title", "Common Agent Runtime".into()),
        (
            "description",
            "A message of the Common Agent Runtime protocol, in either direction. Generated; `cargo xtask codegen` \
             writes it."
                .into(),
        ),
        ("anyOf", roots.map(Node::reference).into_iter().collect()),
        ("$defs", Node::Object(definitions)),
    ])
}

fn id() -> Node {
    Node::object([
        (
            "description",
            "The id of a request: a number that is best an integer, a string, or null. It comes back as it was sent."
                .into(),
        ),
        ("type", ["string", "number", "null"].into_iter().collect()),
    ])
}

fn calls(protocol: &Protocol, what: &str, which: fn(Kind) -> bool) -> Node {
    let lines = protocol.lines.iter().filter(|line| which(line.kind));
    let alternatives = lines.map(|line| call(protocol, line)).collect();
    Node::object([("description", what.into()), ("oneOf", alternatives)])
}

fn call(protocol: &Protocol, line: &Line) -> Node {
    let mut required = vec!["jsonrpc", "method"];
    let mut properties = Node::object([("jsonrpc", constant("2.0"))]);
    if line.result.is_some() {
        properties.set("id", Node::reference("Id"));
        required.insert(1, "id");
    }
    let names = match line.kind {
        Kind::Method(spec) if !spec.aliases.is_empty() => {
            let names = [spec.name].into_iter().chain(spec.aliases.iter().copied());
            Node::object([("enum", names.collect())])
        }
        _ => constant(line.name),
    };
    properties.set("method", names);
    properties.set("params", line.params.clone());
    if !protocol.may_be_left_out(&line.params) {
        required.push("params");
    }
    Node::object([
        ("type", "object".into()),
        ("properties", properties),
        ("required", required.into_iter().collect()),
    ])
}

fn constant(value: &str) -> Node {
    Node::object([("const", value.into())])
}

fn response() -> Node {
    let answer = |member: &str, schema: Node, absent: &str| {
        Node::object([
            ("type", "object".into()),
            (
                "properties",
                Node::object([
                    ("jsonrpc", constant("2.0")),
                    (member, schema),
                    ("id", Node::reference("Id")),
                    (absent, false.into()),
                ]),
            ),
            ("required", ["jsonrpc", member, "id"].into_iter().collect()),
        ])
    };
    Node::object([
        (
            "description",
            "An answer, in either direction: a result, `null` included, or an error.".into(),
        ),
        (
            "oneOf",
            Node::List(vec![
                answer("result", true.into(), "error"),
                answer("error", Node::reference("RpcError"), "result"),
            ]),
        ),
    ])
}
