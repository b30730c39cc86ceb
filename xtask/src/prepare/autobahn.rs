//! The Autobahn testsuite. It is written in Python 2.7 and needs its dependencies at the versions of that time.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{Found, stamp};
use crate::exec;
use crate::tree::Tree;

const VIRTUALENV: &str = "virtualenv==20.15.1";

/// Each line is one call of pip, in this order: later ones build with what earlier ones brought.
const STAGES: &[&[&str]] = &[
    &["incremental==16.10.1", "setuptools==44.0.0"],
    &["--no-build-isolation", "Twisted==19.10.0"],
    &["--no-build-isolation", "autobahntestsuite==25.10.1"],
];

/// Makes `target/wstest` with the program `bin/wstest`.
pub(super) fn suite(tree: &Tree) -> Result<Found> {
    let folder = tree.provisions().join("wstest");
    stamp::folder(&folder, &format!("{VIRTUALENV} {STAGES:?}"), |folder| {
        install(tree, folder)
    })
}

fn install(tree: &Tree, folder: &Path) -> Result<()> {
    let python = python2(tree)?;
    let bootstrap = tree.provisions().join("wstest-bootstrap");
    let mut pip = tree.command(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    exec::quietly(
        pip.arg("--upgrade")
            .arg("--target")
            .arg(&bootstrap)
            .arg(VIRTUALENV),
    )?;

    let mut virtualenv = tree.command(&python);
    virtualenv
        .env("PYTHONPATH", &bootstrap)
        .args(["-m", "virtualenv", "--quiet"])
        .arg(folder);
    exec::quietly(&mut virtualenv)?;
    std::fs::remove_dir_all(&bootstrap)?;

    for stage in STAGES {
        let mut pip = tree.command(folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check"]);
        exec::quietly(pip.args(*stage))?;
    }
    Ok(())
}

/// pyenv's 2.7.18 if there is one, else what the path offers.
fn python2(tree: &Tree) -> Result<PathBuf> {
    let mut candidates = Vec::new();
    if let Ok(output) = tree.command("pyenv").args(["prefix", "2.7.18"]).output()
        && output.status.success()
    {
        let prefix = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        candidates.push(Path::new(&prefix).join("bin/python2.7"));
    }
    candidates.push(PathBuf::from("python2.7"));
    for candidate in candidates {
        if exec::succeeds(tree.command(&candidate).args(["-m", "pip", "--version"])) {
            return Ok(candidate);
        }
    }
    bail!(
        "the Autobahn testsuite needs Python 2.7 with pip: neither `pyenv prefix 2.7.18` nor `python2.7` gives one; \
         install it with `pyenv install 2.7.18`"
    )
}
