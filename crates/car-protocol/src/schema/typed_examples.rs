//! `examples.ts`: the examples as TypeScript, so that its compiler compares them with the types.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::node::Node;
use super::protocol::{Kind, Protocol};
use super::{Example, Shown, examples};

const HEAD: &str = r#"// Examples of all messages: each filled, with every member, and minimal, with those that must be there.
// Generated from crates/car-protocol; `cargo xtask codegen` writes it.

import type { Callbacks, Methods, Notifications } from "./car";

type Examples<Table> = { [Name in keyof Table]: Table[Name][] };
"#;

/// The file.
pub(super) fn document(protocol: &Protocol) -> String {
    let shown: BTreeMap<_, _> = examples()
        .into_iter()
        .map(|example| (example.name, example))
        .collect();
    let mut out = HEAD.to_owned();
    for (table, which) in [
        (
            "Methods",
            (|kind| matches!(kind, Kind::Method(_))) as fn(Kind) -> bool,
        ),
        ("Callbacks", |kind| matches!(kind, Kind::Callback(_))),
        ("Notifications", |kind| {
            matches!(kind, Kind::Notification(_))
        }),
    ] {
        let name = table.to_lowercase();
        let _ = write!(out, "\nexport const {name}: Examples<{table}> = {{\n");
        for line in protocol.lines.iter().filter(|line| which(line.kind)) {
            if let Some(example) = shown.get(line.name) {
                let aliases = match line.kind {
                    Kind::Method(spec) => spec.aliases,
                    _ => &[],
                };
                for name in [line.name].iter().chain(aliases) {
                    let _ = writeln!(out, "  \"{name}\": [");
                    entry(&mut out, example, |shown| &shown.filled);
                    entry(&mut out, example, |shown| &shown.minimal);
                    out.push_str("  ],\n");
                }
            }
        }
        out.push_str("};\n");
    }
    out
}

fn entry(out: &mut String, example: &Example, size: fn(&Shown) -> &serde_json::Value) {
    let mut entry = Node::object([("params", size(&example.params).clone().into())]);
    if let Some(result) = &example.result {
        entry.set("result", size(result).clone());
    }
    let _ = writeln!(out, "    {},", entry.compact());
}
