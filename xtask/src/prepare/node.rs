//! Node packages, below `target/node`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Found, stamp};
use crate::exec;
use crate::tree::Tree;

const PACKAGES: &[&str] = &[
    "@open-rpc/schema-utils-js@2.2.1",
    "@open-rpc/spec@1.4.1",
    "@types/node@20.19.25",
    "@types/ws@8.18.1",
    "typescript@6.0.3",
    "ws@8.23.0",
];

/// Installs the packages unless exactly these are there.
pub(super) fn packages(tree: &Tree) -> Result<Found> {
    let folder = tree.provisions().join("node");
    stamp::folder(&folder, &PACKAGES.join("\n"), |folder| {
        install(tree, folder)
    })
}

fn install(tree: &Tree, folder: &Path) -> Result<()> {
    fs::write(folder.join("package.json"), "{\"private\":true}\n")?;
    let mut npm = tree.command("npm");
    npm.current_dir(folder).arg("install");
    npm.args([
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--save-exact",
        "--loglevel=error",
    ]);
    exec::quietly(npm.args(PACKAGES)).context("Node.js 20 or newer with npm is needed")
}
