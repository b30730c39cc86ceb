//! The steps, in order: what costs little first, the test runner last.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::{nextest, packages};
use crate::prepare::Need;
use crate::tree::Tree;
use crate::{codegen, exec, soak, tidy};

/// One step. What it returns is the line to close with, if it is the last.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) needs: &'static [Need],
    pub(super) run: fn(&Tree) -> Result<Option<String>>,
}

/// All of them.
pub(super) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        about: "cargo fmt --all --check",
        needs: &[],
        run: |tree| cargo(tree, "fmt --all --check"),
    },
    Step {
        name: "tidy",
        about: "cargo xtask tidy",
        needs: &[],
        run: |tree| tidy::run(tree).map(|()| None),
    },
    Step {
        name: "codegen",
        about: "cargo xtask codegen --check",
        needs: &[],
        run: |tree| codegen::run(tree, &codegen::Args { check: true }).map(|()| None),
    },
    Step {
        name: "clippy",
        about: "cargo clippy --workspace --all-targets --all-features -- -D warnings",
        needs: &[],
        run: |tree| {
            cargo(
                tree,
                "clippy --workspace --all-targets --all-features -- -D warnings",
            )
        },
    },
    Step {
        name: "features",
        about: "cargo check of each library alone: without features, with the default ones, with all",
        needs: &[],
        run: features,
    },
    Step {
        name: "deny",
        about: "cargo deny check licenses bans sources",
        needs: &[Need::Deny],
        run: |tree| cargo(tree, "deny --log-level error check licenses bans sources"),
    },
    Step {
        name: "doc",
        about: "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --all-features",
        needs: &[],
        run: |tree| {
            let mut command = tree.cargo();
            command.env("RUSTDOCFLAGS", "-D warnings");
            command.args(["doc", "--workspace", "--no-deps", "--all-features"]);
            exec::run(&mut command).map(|()| None)
        },
    },
    Step {
        name: "package",
        about: "cargo package of all that can be published, and cargo check of the archives",
        needs: &[],
        run: |tree| packages::check(tree, &libraries(tree)?).map(|()| None),
    },
    Step {
        name: "typescript",
        about: "tsc --noEmit --strict schema/car.ts",
        needs: &[Need::Node],
        run: typescript,
    },
    Step {
        name: "openrpc",
        about: "validate schema/openrpc.json with @open-rpc/schema-utils-js",
        needs: &[Need::Node],
        run: openrpc,
    },
    Step {
        name: "doctest",
        about: "cargo test --doc --workspace --all-features",
        needs: &[],
        run: |tree| cargo(tree, "test --doc --workspace --all-features"),
    },
    Step {
        name: "soak",
        about: "cargo xtask soak --debug --minutes 1",
        needs: &[],
        run: soak,
    },
    Step {
        name: "nextest",
        about: "cargo nextest run --workspace --all-features",
        needs: &[
            Need::Nextest,
            Need::Clients,
            Need::Node,
            Need::Autobahn,
            Need::Socat,
        ],
        run: |tree| {
            // Tests that start them would build them with their own time running.
            for program in PROGRAMS {
                cargo(tree, program)?;
            }
            let mut command = tree.cargo();
            command.env("INSTA_UPDATE", "no");
            nextest::run(command.args(["nextest", "run", "--workspace", "--all-features"]))
        },
    },
];

/// The programs that tests start, as `tests/src/program.rs` builds them.
const PROGRAMS: &[&str] = &[
    "build --quiet --package car-server --bin car-server",
    "build --quiet --package car-client --example echo_agent",
    "build --quiet --package car-client --example host",
    "build --quiet --package car-tests --bin acp-agent",
];

fn cargo(tree: &Tree, arguments: &str) -> Result<Option<String>> {
    exec::run(tree.cargo().args(arguments.split(' '))).map(|()| None)
}

/// Each library must build when another project takes it alone, whatever features that project wants.
fn features(tree: &Tree) -> Result<Option<String>> {
    for package in libraries(tree)? {
        for set in [&["--no-default-features"][..], &[], &["--all-features"]] {
            let mut command = tree.cargo();
            command
                .args(["check", "--quiet", "--package", &package])
                .args(set);
            println!("{}", exec::line(&command));
            exec::run(&mut command)?;
        }
    }
    Ok(None)
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    publish: Option<Vec<String>>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

/// The members that can be published and hold a library.
fn libraries(tree: &Tree) -> Result<Vec<String>> {
    let text = exec::stdout(
        tree.cargo()
            .args(["metadata", "--no-deps", "--format-version", "1"]),
    )?;
    let metadata: Metadata =
        serde_json::from_str(&text).context("cargo metadata printed something else")?;
    let library = |package: &Package| {
        package
            .targets
            .iter()
            .any(|t| t.kind.iter().any(|kind| kind == "lib"))
    };
    let published = metadata
        .packages
        .into_iter()
        .filter(|package| package.publish.is_none());
    Ok(published
        .filter(library)
        .map(|package| package.name)
        .collect())
}

/// Reads the process from `/proc`, which not every system has.
fn soak(tree: &Tree) -> Result<Option<String>> {
    if cfg!(target_os = "linux") {
        soak::run(tree, &soak::Args::SHARE)?;
    }
    Ok(None)
}

fn node_modules(tree: &Tree) -> PathBuf {
    tree.provisions().join("node/node_modules")
}

fn typescript(tree: &Tree) -> Result<Option<String>> {
    let mut tsc = tree.command("node");
    tsc.arg(node_modules(tree).join("typescript/bin/tsc"));
    exec::run(tsc.args(["--noEmit", "--strict", "schema/examples.ts"])).map(|()| None)
}

fn openrpc(tree: &Tree) -> Result<Option<String>> {
    let mut node: Command = tree.command("node");
    node.env("NODE_PATH", node_modules(tree));
    exec::run(node.args(["xtask/openrpc.cjs", "schema/openrpc.json"])).map(|()| None)
}
