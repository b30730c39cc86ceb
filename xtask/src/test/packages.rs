//! Whether what would be published is whole. `cargo package` can build what it packs, but takes the members it has
//! unpacked before for those of now, so the archives are unpacked and checked here, side by side.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::exec;
use crate::tree::Tree;

const PACKAGE: &str =
    "package --quiet --workspace --exclude xtask --exclude car-tests --no-verify --allow-dirty";

/// Packs every member that can be published, and checks each from its archive.
pub(super) fn check(tree: &Tree, names: &[String]) -> Result<()> {
    let build = tree.provisions().join("packages");
    if build.exists() {
        fs::remove_dir_all(&build)?;
    }
    fs::create_dir_all(&build)?;
    let mut package = tree.cargo();
    package.env("CARGO_TARGET_DIR", build.join("archives"));
    exec::run(package.args(PACKAGE.split(' ')))?;

    let mut folders = Vec::new();
    for name in names {
        let version = version(&build.join("archives/package"), name)?;
        let archive = build.join(format!("archives/package/{name}-{version}.crate"));
        // Without the times of the archive, which are always the same: cargo would not see what changed.
        exec::run(
            tree.command("tar")
                .arg("-xzmf")
                .arg(archive)
                .arg("-C")
                .arg(&build),
        )?;
        folders.push((name.clone(), format!("{name}-{version}")));
    }
    fs::write(build.join("Cargo.toml"), manifest(&folders))?;
    fs::copy(tree.join("Cargo.lock"), build.join("Cargo.lock"))?;
    let mut check = tree.cargo();
    check.args(["check", "--quiet", "--workspace", "--manifest-path"]);
    exec::run(check.arg(build.join("Cargo.toml")))
}

/// The version in the name of the archive.
fn version(archives: &Path, name: &str) -> Result<String> {
    for entry in fs::read_dir(archives).context("nothing was packaged")? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        if let Some(version) = version_in(&file, name) {
            return Ok(version.to_owned());
        }
    }
    bail!("`{name}` was not packaged")
}

fn version_in<'a>(file: &'a str, name: &str) -> Option<&'a str> {
    let version = file
        .strip_prefix(name)?
        .strip_prefix('-')?
        .strip_suffix(".crate")?;
    version
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some(version)
}

/// A workspace of the unpacked members, each of which finds the others here and not in a registry.
fn manifest(folders: &[(String, String)]) -> String {
    let members: Vec<_> = folders
        .iter()
        .map(|(_, folder)| format!("{folder:?}"))
        .collect();
    let patches: Vec<_> = folders
        .iter()
        .map(|(name, folder)| format!("{name} = {{ path = {folder:?} }}\n"))
        .collect();
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[patch.crates-io]\n{}",
        members.join(", "),
        patches.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_name_of_the_archive() {
        assert_eq!(
            version_in("car-state-0.1.0.crate", "car-state"),
            Some("0.1.0")
        );
        assert_eq!(version_in("car-state-extra-0.1.0.crate", "car-state"), None);
        assert_eq!(version_in("car-state-0.1.0", "car-state"), None);
    }

    #[test]
    fn the_members_find_each_other() {
        let folders = [("a".to_owned(), "a-1.0.0".to_owned())];
        let text = manifest(&folders);
        assert!(text.contains("members = [\"a-1.0.0\"]"), "{text}");
        assert!(
            text.ends_with("[patch.crates-io]\na = { path = \"a-1.0.0\" }\n"),
            "{text}"
        );
    }
}
