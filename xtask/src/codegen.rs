//! The generated documents. The generator belongs to car-protocol; this only knows how to start it.

use anyhow::{Context as _, Result};

use crate::exec;
use crate::tree::Tree;

/// Which way round.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Compare instead of writing, and fail when a document is stale.
    #[arg(long)]
    pub(crate) check: bool,
}

/// Writes or compares the documents under `schema/` and `docs/`.
pub(crate) fn run(tree: &Tree, args: &Args) -> Result<()> {
    let mut command = tree.cargo();
    command.args([
        "run",
        "--quiet",
        "--package",
        "car-protocol",
        "--features",
        "schema",
    ]);
    command.args(["--example", "codegen", "--"]);
    if args.check {
        command.arg("--check");
    }
    command.arg(tree.root());
    exec::run(&mut command).context(
        "generated documents are stale or cannot be made; `cargo xtask codegen` writes them",
    )
}
