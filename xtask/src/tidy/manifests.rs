//! Rules about the `Cargo.toml` of each member: all of them take the workspace's lints, and those forbid `unsafe`.

use super::{File, Violation};

/// All manifests of the workspace.
pub(super) fn check(files: &[File]) -> Vec<Violation> {
    let manifests = files
        .iter()
        .filter(|file| file.path.ends_with("Cargo.toml"));
    manifests
        .filter(|file| !file.path.starts_with("fuzz/"))
        .filter_map(manifest)
        .collect()
}

fn manifest(file: &File) -> Option<Violation> {
    let (table, entry, message) = if file.path == "Cargo.toml" {
        (
            "[workspace.lints.rust]",
            "unsafe_code=\"forbid\"",
            "the workspace lints must forbid unsafe code",
        )
    } else {
        (
            "[lints]",
            "workspace=true",
            "a member takes the lints of the workspace: `[lints] workspace = true`",
        )
    };
    if holds(file, table, entry) {
        return None;
    }
    Some(Violation::at(&file.path, 1, message))
}

/// Whether the table holds the entry; blanks do not matter.
fn holds(file: &File, table: &str, entry: &str) -> bool {
    let lines = file
        .text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().replace(' ', ""));
    lines
        .skip_while(|line| line != table)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .any(|line| line == entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_must_forbid_unsafe_code() {
        let good = File::new(
            "Cargo.toml",
            "[workspace.lints.rust]\nunsafe_code = \"forbid\"\n",
        );
        let weak = File::new(
            "Cargo.toml",
            "[workspace.lints.rust]\nunsafe_code = \"deny\"\n",
        );
        assert_eq!(check(&[good]), []);
        assert_eq!(check(&[weak]).len(), 1);
    }

    #[test]
    fn a_member_must_take_the_lints_of_the_workspace() {
        let good = File::new(
            "crates/a/Cargo.toml",
            "[package]\n\n[lints]\nworkspace = true # all\n",
        );
        let none = File::new(
            "crates/b/Cargo.toml",
            "[package]\n[lints]\n[features]\nworkspace = true\n",
        );
        assert_eq!(check(&[good]), []);
        assert_eq!(check(&[none]).len(), 1);
    }
}
