//! What the proofs need from elsewhere: the published clients, Node packages, Autobahn, a few programs. All of it goes
//! below `target/`, from package registries by name and version, and is stamped, so that a second run finds it at once.

mod autobahn;
mod node;
mod programs;
mod python;
mod stamp;

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::tree::Tree;

/// One thing that a step of the test command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// `cargo nextest`, the test runner.
    Nextest,
    /// `cargo deny`, which reads licences, bans and sources.
    Deny,
    /// `cargo fuzz`, which builds and runs fuzz targets.
    Fuzz,
    /// The published Python clients, each in its own environment: `target/venv-0.15`, `target/venv-0.58`.
    Clients,
    /// Node packages: TypeScript, the OpenRPC validator, an independent WebSocket client. `target/node`.
    Node,
    /// The WebSocket conformance suite under Python 2.7: `target/wstest`.
    Autobahn,
    /// `socat`, which puts a TCP port in front of a Unix socket.
    Socat,
    /// Speech to be heard, and a model that says where somebody speaks in it: `target/speech`.
    Speech,
}

impl Need {
    fn name(self) -> &'static str {
        match self {
            Self::Nextest => "cargo-nextest",
            Self::Deny => "cargo-deny",
            Self::Fuzz => "cargo-fuzz",
            Self::Clients => "published Python clients",
            Self::Node => "Node packages",
            Self::Autobahn => "Autobahn testsuite",
            Self::Socat => "socat",
            Self::Speech => "speech",
        }
    }

    fn provide(self, tree: &Tree) -> Result<Found> {
        match self {
            Self::Nextest => programs::cargo_tool(tree, "cargo-nextest", "0.9.143"),
            Self::Deny => programs::cargo_tool(tree, "cargo-deny", "0.20.2"),
            Self::Fuzz => programs::cargo_tool(tree, "cargo-fuzz", "0.13.2"),
            Self::Clients => python::clients(tree),
            Self::Node => node::packages(tree),
            Self::Autobahn => autobahn::suite(tree),
            Self::Socat => programs::system("socat"),
            Self::Speech => python::speech(tree),
        }
    }
}

/// Whether anything had to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Already,
    Installed,
}

/// Provides each thing once, in a fixed order, and says what took time.
pub(crate) fn provide(tree: &Tree, needs: impl IntoIterator<Item = Need>) -> Result<()> {
    let mut needs: Vec<_> = needs.into_iter().collect();
    needs.sort();
    needs.dedup();
    for need in needs {
        let start = Instant::now();
        let found = need
            .provide(tree)
            .with_context(|| format!("cannot provide {}", need.name()))?;
        if found == Found::Installed {
            println!(
                "installed {} in {:.1} s",
                need.name(),
                start.elapsed().as_secs_f64()
            );
        }
    }
    Ok(())
}
