//! Programs: cargo's own companions, and what the system's package manager has.

use std::process::Command;

use anyhow::{Result, bail};

use super::Found;
use crate::exec;
use crate::tree::Tree;

/// A cargo subcommand: what is installed is good enough; otherwise this version is built into `target/tools`.
pub(super) fn cargo_tool(tree: &Tree, package: &str, version: &str) -> Result<Found> {
    let subcommand = package.trim_start_matches("cargo-");
    if exec::succeeds(tree.cargo().args([subcommand, "--version"])) {
        return Ok(Found::Already);
    }
    println!("building {package} {version}, once");
    let tools = tree.provisions().join("tools");
    let build = tools.join("build");
    let mut install = tree.cargo();
    install.args([
        "install",
        "--locked",
        "--quiet",
        package,
        "--version",
        version,
        "--no-track",
    ]);
    install
        .arg("--root")
        .arg(&tools)
        .env("CARGO_TARGET_DIR", &build);
    // They run for seconds and are built for minutes: quick to build is better than quick.
    for (setting, value) in [
        ("OPT_LEVEL", "0"),
        ("LTO", "off"),
        ("CODEGEN_UNITS", "16"),
        ("STRIP", "true"),
    ] {
        install.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
    }
    exec::quietly(&mut install)?;
    if build.exists() {
        std::fs::remove_dir_all(&build)?;
    }
    Ok(Found::Installed)
}

/// A program of the system. It is installed only by root and only where apt is; elsewhere the error says what to do.
pub(super) fn system(name: &str) -> Result<Found> {
    if on_path(name) {
        return Ok(Found::Already);
    }
    let apt = on_path("apt-get");
    if !apt || !is_root() {
        let how = if apt {
            "sudo apt-get install"
        } else {
            "brew install"
        };
        bail!("`{name}` is missing: `{how} {name}`");
    }
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        exec::quietly(
            command
                .env("DEBIAN_FRONTEND", "noninteractive")
                .args(arguments),
        )
    };
    apt_get(&["update", "-qq"])?;
    apt_get(&["install", "-qq", "-y", "--no-install-recommends", name])?;
    Ok(Found::Installed)
}

fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
