//! The published Python clients, each in an environment of its own, since both are called `car-runtime`.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Found, stamp};
use crate::exec;
use crate::tree::Tree;

/// Folder below `target/`, and the package in it.
const CLIENTS: &[(&str, &str)] = &[
    ("venv-0.15", "car-runtime==0.15.2"),
    ("venv-0.58", "car-runtime==0.58.0"),
];

/// Makes the environments that are missing.
pub(super) fn clients(tree: &Tree) -> Result<Found> {
    let mut found = Found::Already;
    for (name, package) in CLIENTS {
        let folder = tree.provisions().join(name);
        if stamp::folder(&folder, package, |folder| {
            environment(tree, folder, package)
        })? == Found::Installed
        {
            found = Found::Installed;
        }
    }
    Ok(found)
}

fn environment(tree: &Tree, folder: &Path, package: &str) -> Result<()> {
    exec::quietly(tree.command("python3").args(["-m", "venv"]).arg(folder))
        .context("a Python 3 with the module `venv` is needed")?;
    let mut install = tree.command(folder.join("bin/python"));
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        package,
    ]);
    exec::quietly(&mut install)
}
