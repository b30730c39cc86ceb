//! Rules about who may depend on whom, and on what.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::Violation;
use crate::exec;
use crate::tree::Tree;

/// What each library may see of the workspace, in what it ships. Tests and examples may see more.
const MAY_SEE: &[(&str, &[&str])] = &[
    ("car-protocol", &[]),
    ("car-state", &["car-protocol"]),
    ("car-transport", &["car-protocol", "car-state"]),
    (
        "car-server",
        &[
            "car-acp",
            "car-protocol",
            "car-state",
            "car-transport",
            "car-client",
            "car-memgine",
            "car-voice",
        ],
    ),
    ("car-acp", &["car-client", "car-protocol"]),
    ("car-client", &["car-protocol", "car-transport"]),
    ("car-memgine", &["car-protocol", "car-state"]),
    ("car-voice", &[]),
];

/// Packages that may see everything.
const SEE_ALL: &[&str] = &["xtask", "car-tests"];

/// Everything that car-protocol may bring along with its default features, itself included: it is data, without a
/// runtime, a clock or a socket.
const PROTOCOL_TREE: &[&str] = &[
    "car-protocol",
    "itoa",
    "jiff",
    "jiff-core",
    "memchr",
    "proc-macro2",
    "quote",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_json",
    "serde_path_to_error",
    "syn",
    "unicode-ident",
    "zmij",
];

/// How many packages that may be: who wants data for a client must not pay for more.
const PROTOCOL_PACKAGES: usize = 15;

/// The platforms that the list is held on. On others, which are not supported, jiff brings its own atomics.
const PLATFORMS: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
];

/// What car-protocol must not bring along with any feature: schemas and signatures are still data.
const NOT_IN_PROTOCOL: &[&str] = &[
    "async-std",
    "futures-executor",
    "hyper",
    "mio",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "tokio",
    "tungstenite",
];

/// What car-state must not bring along: sockets, WebSocket and HTTP are somebody else's.
const NOT_IN_STATE: &[&str] = &[
    "axum",
    "axum-core",
    "h2",
    "http",
    "http-body",
    "http-body-util",
    "hyper",
    "hyper-util",
    "reqwest",
    "socket2",
    "tokio-tungstenite",
    "tower",
    "tower-http",
    "tungstenite",
];

/// One package of a dependency tree, with the features it is built with.
#[derive(Debug, PartialEq, Eq)]
struct Node {
    name: String,
    features: Vec<String>,
}

/// What one member declares: the names of its normal and build dependencies.
#[derive(Debug)]
struct Member {
    manifest: String,
    dependencies: Vec<String>,
}

/// The members, and the trees of those that are held to a list.
#[derive(Debug)]
pub(super) struct Workspace {
    members: BTreeMap<String, Member>,
    protocol: Vec<Node>,
    protocol_with_all: Vec<Node>,
    state: Vec<Node>,
}

impl Workspace {
    /// Asks cargo.
    pub(super) fn read(tree: &Tree) -> Result<Self> {
        Ok(Self {
            members: members(tree)?,
            protocol: nodes(tree, "car-protocol", &[], PLATFORMS)?,
            protocol_with_all: nodes(tree, "car-protocol", &["--all-features"], &["all"])?,
            state: nodes(tree, "car-state", &["--all-features"], &["all"])?,
        })
    }

    /// How many packages there are.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

fn members(tree: &Tree) -> Result<BTreeMap<String, Member>> {
    let text = exec::stdout(
        tree.cargo()
            .args(["metadata", "--no-deps", "--format-version", "1"]),
    )?;
    let metadata: Metadata =
        serde_json::from_str(&text).context("cargo metadata printed something else")?;
    let root = tree.root().to_string_lossy().into_owned();
    let member = |package: Package| {
        let path = package
            .manifest_path
            .strip_prefix(&root)
            .unwrap_or(&package.manifest_path);
        let shipped = package
            .dependencies
            .into_iter()
            .filter(|d| d.kind.as_deref() != Some("dev"));
        let dependencies = shipped.map(|dependency| dependency.name).collect();
        (
            package.name,
            Member {
                manifest: path.trim_start_matches('/').replace('\\', "/"),
                dependencies,
            },
        )
    };
    Ok(metadata.packages.into_iter().map(member).collect())
}

fn nodes(tree: &Tree, package: &str, features: &[&str], targets: &[&str]) -> Result<Vec<Node>> {
    let mut command = tree.cargo();
    command.args(["tree", "--package", package, "--edges", "normal,build"]);
    command.args(features);
    for target in targets {
        command.args(["--target", target]);
    }
    command.args(["--prefix", "none", "--format", "{p}|{f}"]);
    Ok(parse_tree(&exec::stdout(&mut command)?))
}

/// Reads lines such as `tokio v1.48.0|rt,sync (*)`.
fn parse_tree(text: &str) -> Vec<Node> {
    let node = |line: &str| {
        let (package, features) = line.split_once('|')?;
        let features = features.trim_end_matches("(*)").trim();
        Some(Node {
            name: package.split_whitespace().next()?.to_owned(),
            features: features
                .split(',')
                .filter(|f| !f.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    };
    text.lines().filter_map(node).collect()
}

/// All rules about dependencies.
pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (name, member) in &workspace.members {
        violations.extend(direction(name, member, workspace));
    }
    violations.extend(protocol(&workspace.protocol));
    violations.extend(protocol_with_all(&workspace.protocol_with_all));
    violations.extend(state(&workspace.state));
    violations.extend(transport(workspace.members.get("car-transport")));
    violations
}

fn direction(name: &str, member: &Member, workspace: &Workspace) -> Vec<Violation> {
    if SEE_ALL.contains(&name) {
        return Vec::new();
    }
    let Some((_, allowed)) = MAY_SEE.iter().find(|(listed, _)| *listed == name) else {
        let message = format!(
            "`{name}` is not in the table of who may see whom (xtask/src/tidy/dependencies.rs)"
        );
        return vec![Violation::at(&member.manifest, 1, message)];
    };
    let ours = member
        .dependencies
        .iter()
        .filter(|d| workspace.members.contains_key(*d));
    ours.filter(|dependency| !allowed.contains(&dependency.as_str()))
        .map(|dependency| {
            let message =
                format!("`{name}` must not depend on `{dependency}`: it may see {allowed:?}");
            Violation::at(&member.manifest, 1, message)
        })
        .collect()
}

fn protocol(tree: &[Node]) -> Vec<Violation> {
    let manifest = "crates/car-protocol/Cargo.toml";
    let foreign = tree
        .iter()
        .filter(|node| !PROTOCOL_TREE.contains(&node.name.as_str()))
        .map(|node| {
            let message = format!(
                "brings along `{}`, which is not on the list of what data may need",
                node.name
            );
            Violation::at(manifest, 1, message)
        });
    let packages = tree.iter().map(|node| &node.name).collect::<BTreeSet<_>>();
    let many = (packages.len().max(PROTOCOL_TREE.len()) > PROTOCOL_PACKAGES).then(|| {
        let message =
            format!("brings along more than {PROTOCOL_PACKAGES} packages, itself included");
        Violation::at(manifest, 1, message)
    });
    unique(foreign.chain(many))
}

fn protocol_with_all(tree: &[Node]) -> Vec<Violation> {
    let foreign = tree
        .iter()
        .filter(|node| NOT_IN_PROTOCOL.contains(&node.name.as_str()));
    unique(foreign.map(|node| {
        let message = format!(
            "brings along `{}` with a feature: data has no runtime and no socket",
            node.name
        );
        Violation::at("crates/car-protocol/Cargo.toml", 1, message)
    }))
}

fn state(tree: &[Node]) -> Vec<Violation> {
    let manifest = "crates/car-state/Cargo.toml";
    let libraries = tree
        .iter()
        .filter(|node| NOT_IN_STATE.contains(&node.name.as_str()))
        .map(|node| {
            let message = format!(
                "brings along `{}`: state knows no socket, WebSocket or HTTP",
                node.name
            );
            Violation::at(manifest, 1, message)
        });
    let sockets = tree
        .iter()
        .filter(|n| n.name == "tokio" && n.features.iter().any(|f| f == "net"));
    let sockets = sockets
        .map(|_| Violation::at(manifest, 1, "takes tokio with `net`: state knows no socket"));
    unique(libraries.chain(sockets))
}

fn transport(member: Option<&Member>) -> Option<Violation> {
    let member = member?;
    let parses = member
        .dependencies
        .iter()
        .any(|dependency| dependency == "serde_json");
    parses.then(|| {
        Violation::at(
            &member.manifest,
            1,
            "depends on `serde_json`: a frame is text or bytes, never parsed",
        )
    })
}

fn unique(violations: impl Iterator<Item = Violation>) -> Vec<Violation> {
    let mut violations: Vec<_> = violations.collect();
    violations.sort();
    violations.dedup();
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, features: &[&str]) -> Node {
        Node {
            name: name.to_owned(),
            features: features.iter().map(|&f| f.to_owned()).collect(),
        }
    }

    fn workspace(members: &[(&str, &[&str])]) -> Workspace {
        let member = |(name, dependencies): &(&str, &[&str])| {
            let manifest = format!("crates/{name}/Cargo.toml");
            let dependencies = dependencies.iter().map(|&d| d.to_owned()).collect();
            (
                (*name).to_owned(),
                Member {
                    manifest,
                    dependencies,
                },
            )
        };
        Workspace {
            members: members.iter().map(member).collect(),
            protocol: Vec::new(),
            protocol_with_all: Vec::new(),
            state: Vec::new(),
        }
    }

    #[test]
    fn a_tree_line_gives_name_and_features() {
        let text = "tokio v1.48.0|rt,sync (*)\nmemchr v2.8.0|\nsyn v2.0.1 (proc-macro)|full\n";
        assert_eq!(
            parse_tree(text),
            [
                node("tokio", &["rt", "sync"]),
                node("memchr", &[]),
                node("syn", &["full"])
            ]
        );
    }

    #[test]
    fn the_protocol_must_never_bring_a_runtime() {
        assert_eq!(protocol(&[node("serde", &[]), node("memchr", &[])]), []);
        assert_eq!(
            protocol(&[node("tokio", &["sync"]), node("tokio", &["sync"])]).len(),
            1
        );
    }

    #[test]
    fn the_protocol_brings_no_more_than_fifteen_packages() {
        assert!(PROTOCOL_TREE.len() <= PROTOCOL_PACKAGES);
        let listed: Vec<_> = PROTOCOL_TREE.iter().map(|name| node(name, &[])).collect();
        assert_eq!(protocol(&listed), []);
        let more = (0..=PROTOCOL_PACKAGES).map(|n| node(&n.to_string(), &[]));
        let found = protocol(&more.collect::<Vec<_>>());
        let many = |violation: &Violation| violation.message.contains("more than 15");
        assert_eq!(found.iter().filter(|violation| many(violation)).count(), 1);
    }

    #[test]
    fn a_feature_of_the_protocol_may_bring_schemas_but_no_runtime() {
        assert_eq!(protocol_with_all(&[node("jsonschema", &[])]), []);
        assert_eq!(protocol_with_all(&[node("tokio", &["sync"])]).len(), 1);
    }

    #[test]
    fn state_may_use_tokio_but_not_its_sockets() {
        assert_eq!(state(&[node("tokio", &["rt", "sync"])]), []);
        assert_eq!(state(&[node("tokio", &["net", "sync"])]).len(), 1);
        assert_eq!(state(&[node("tungstenite", &[])]).len(), 1);
    }

    #[test]
    fn the_transport_does_not_parse() {
        let bad = workspace(&[("car-transport", &["car-protocol", "serde_json"])]);
        assert_eq!(check(&bad).len(), 1);
    }

    #[test]
    fn dependencies_point_one_way() {
        let good = workspace(&[
            ("car-protocol", &["serde"]),
            ("car-state", &["car-protocol"]),
        ]);
        let bad = workspace(&[("car-protocol", &["car-state"]), ("car-state", &[])]);
        assert_eq!(check(&good), []);
        assert_eq!(check(&bad).len(), 1);
    }

    #[test]
    fn a_new_package_must_be_placed_and_the_tools_may_see_all() {
        assert_eq!(check(&workspace(&[("car-unplaced", &[])])).len(), 1);
        assert_eq!(
            check(&workspace(&[
                ("xtask", &["car-server"]),
                ("car-server", &[])
            ])),
            []
        );
    }
}
