//! Rules about Rust files as a whole: how long, and what they are called.

use super::{File, Violation};

/// No Rust file is longer than this.
const LINES: usize = 500;

/// The files that may be longer, each with the reason.
const LONGER: &[(&str, &str)] = &[];

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "misc", "manager", "managers",
];

/// Length and name of one file.
pub(super) fn check(file: &File) -> Vec<Violation> {
    if !file.is_rust() {
        return Vec::new();
    }
    length(file, LONGER)
        .into_iter()
        .chain(name(&file.path))
        .collect()
}

fn length(file: &File, longer: &[(&str, &str)]) -> Option<Violation> {
    let lines = file.text.lines().count();
    let excepted = longer.iter().any(|(path, _)| *path == file.path);
    match (lines > LINES, excepted) {
        (true, false) => {
            let message = format!("{lines} lines, more than {LINES}: split it by topic");
            Some(Violation::at(&file.path, LINES + 1, message))
        }
        (false, true) => Some(Violation::at(
            &file.path,
            1,
            "listed as an exception to the length rule, but short enough",
        )),
        _ => None,
    }
}

fn name(path: &str) -> Option<Violation> {
    let empty = path
        .trim_end_matches(".rs")
        .split('/')
        .find(|part| EMPTY_NAMES.contains(part))?;
    Some(Violation::at(
        path,
        1,
        format!("`{empty}` names no topic: call it after what it does"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_five_hundred_lines_is_fine_and_one_more_is_not() {
        let fits = File::new("a.rs", &"x\n".repeat(LINES));
        let long = File::new("a.rs", &"x\n".repeat(LINES + 1));
        assert_eq!(length(&fits, &[]), None);
        assert_eq!(length(&long, &[]).unwrap().line, LINES + 1);
    }

    #[test]
    fn an_exception_holds_until_it_is_not_needed_any_more() {
        let exceptions = [("a.rs", "one table")];
        assert_eq!(
            length(&File::new("a.rs", &"x\n".repeat(900)), &exceptions),
            None
        );
        assert!(length(&File::new("a.rs", "x\n"), &exceptions).is_some());
    }

    #[test]
    fn only_rust_files_are_measured() {
        assert_eq!(check(&File::new("Cargo.lock", &"x\n".repeat(9000))), []);
    }

    #[test]
    fn names_without_a_topic_are_refused_for_files_and_folders() {
        assert!(name("crates/car-state/src/utils.rs").is_some());
        assert!(name("tests/common/mod.rs").is_some());
        assert!(name("crates/car-state/src/commonplace.rs").is_none());
    }
}
