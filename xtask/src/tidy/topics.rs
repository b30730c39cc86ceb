//! One stem, three times: the contract, the behaviour and the proof of a topic have the same file name.

use std::collections::BTreeSet;

use super::{File, Violation};

const CONTRACTS: &str = "crates/car-protocol/src/rpc/";
const BEHAVIOUR: &str = "crates/car-server/src/handlers/";
const PROOF: &str = "tests/e2e/";

/// Contracts that need no file of their own elsewhere, each with the reason.
const WITHOUT: &[(&str, &str)] = &[("mod", "names the topics")];

/// Every contract has its behaviour and its proof.
pub(super) fn check(files: &[File]) -> Vec<Violation> {
    let behaviour = stems(files, BEHAVIOUR);
    let proof = stems(files, PROOF);
    let mut violations = Vec::new();
    for stem in stems(files, CONTRACTS) {
        if WITHOUT.iter().any(|(name, _)| *name == stem) {
            continue;
        }
        for (folder, found) in [(BEHAVIOUR, &behaviour), (PROOF, &proof)] {
            if !found.contains(stem) {
                let message = format!("the topic `{stem}` has no {folder}{stem}.rs");
                violations.push(Violation::at(&format!("{CONTRACTS}{stem}.rs"), 1, message));
            }
        }
    }
    violations
}

/// The stems of the Rust files directly in a folder, and the names of its sub-folders.
fn stems<'a>(files: &'a [File], folder: &str) -> BTreeSet<&'a str> {
    let below = files
        .iter()
        .filter(|file| file.is_rust())
        .filter_map(|file| file.path.strip_prefix(folder));
    below
        .map(|path| {
            path.split_once('/')
                .map_or(path.trim_end_matches(".rs"), |(name, _)| name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &str, name: &str) -> File {
        File::new(&format!("{folder}{name}"), "")
    }

    #[test]
    fn a_topic_with_all_three_is_complete() {
        let files = [
            file(CONTRACTS, "state.rs"),
            file(BEHAVIOUR, "state.rs"),
            file(PROOF, "state.rs"),
        ];
        assert_eq!(check(&files), []);
    }

    #[test]
    fn a_folder_counts_as_the_file_of_its_name() {
        let files = [
            file(CONTRACTS, "host.rs"),
            file(BEHAVIOUR, "host/approvals.rs"),
            file(PROOF, "host/mod.rs"),
        ];
        assert_eq!(check(&files), []);
    }

    #[test]
    fn a_contract_without_behaviour_and_proof_is_reported_for_each() {
        let files = [file(CONTRACTS, "voice.rs"), file(CONTRACTS, "mod.rs")];
        let found = check(&files);
        assert_eq!(found.len(), 2);
        assert!(
            found
                .iter()
                .all(|violation| violation.path.ends_with("rpc/voice.rs"))
        );
    }
}
