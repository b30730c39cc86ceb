//! Words that must not be in a file, with the line they are on.
//!
//! The words are written in two halves here, so that this file does not find itself.

use super::{File, Violation};

/// Words that no Rust source may hold, each with what to do instead.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("todo", "!"), "write it, or leave it out"),
    (concat!("unimplemented", "!"), "write it, or leave it out"),
    (concat!("FIX", "ME"), "fix it, or file it"),
    (concat!("XX", "X"), "fix it, or file it"),
    (concat!("unbounded_", "channel"), "every queue is bounded"),
    (
        concat!("#[", "ignore"),
        "a test runs or does not exist; long runs belong to `cargo xtask`",
    ),
];

/// Where the error type without a name is at home: programs, the repository's own tool, tests.
const ANYHOW_FOLDERS: &[&str] = &["xtask/", "tests/", "fuzz/", "crates/car-server/src/cli/"];

/// Folders of one machine that a file must not name.
const MACHINE_FOLDERS: &[&str] = &[concat!("/", "work/"), concat!("/", "root/")];

/// All words of one file.
pub(super) fn check(file: &File) -> Vec<Violation> {
    let mut violations = machine_paths(file);
    if file.is_rust() {
        violations.extend(forbidden(file));
        violations.extend(anyhow(file));
    }
    violations
}

fn forbidden(file: &File) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (number, line) in file.lines() {
        for (word, instead) in FORBIDDEN {
            if contains_word(line, word) {
                let message = format!("`{word}` is not allowed: {instead}");
                violations.push(Violation::at(&file.path, number, message));
            }
        }
    }
    violations
}

/// Libraries return named errors.
fn anyhow(file: &File) -> Vec<Violation> {
    let word = concat!("any", "how");
    let program = file.path.ends_with("/src/main.rs")
        || file.path.contains("/src/bin/")
        || file.path.contains("/examples/")
        || file.path.contains("/tests/");
    if program
        || ANYHOW_FOLDERS
            .iter()
            .any(|folder| file.path.starts_with(folder))
    {
        return Vec::new();
    }
    file.lines()
        .filter(|(_, line)| contains_word(line, word))
        .map(|(number, _)| {
            let message = format!(
                "`{word}` belongs to binaries, xtask and tests; a library returns named errors"
            );
            Violation::at(&file.path, number, message)
        })
        .collect()
}

/// A path of the machine that a file was written on helps nobody else.
fn machine_paths(file: &File) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (number, line) in file.lines() {
        for folder in MACHINE_FOLDERS {
            if names_machine_folder(line, folder) {
                let message = format!("names a folder of one machine, below `{folder}`");
                violations.push(Violation::at(&file.path, number, message));
            }
        }
    }
    violations
}

fn names_machine_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let continues_a_path = line[..start]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || "/._-~}>*)".contains(c));
        !continues_a_path
    })
}

/// Whether the word is there and not part of a longer one.
fn contains_word(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let opens = word.starts_with(inside);
        let closes = word.ends_with(inside) && !word.starts_with('#');
        !(opens && before.is_some_and(inside) || closes && after.is_some_and(inside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(text: &str) -> File {
        File::new("crates/car-state/src/log.rs", text)
    }

    #[test]
    fn an_unfinished_function_is_found_with_its_line() {
        let file = rust(concat!("fn a() {\n    todo", "!()\n}\n"));
        let found = check(&file);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 2);
    }

    #[test]
    fn ignored_tests_and_unbounded_queues_are_found() {
        assert_eq!(check(&rust(concat!("#[", "ignore = \"slow\"]"))).len(), 1);
        assert_eq!(
            check(&rust(concat!("mpsc::unbounded_", "channel()"))).len(),
            1
        );
    }

    #[test]
    fn a_longer_word_is_another_word() {
        assert_eq!(
            check(&rust(concat!("let MAXX", "XL = 1; my_todo", "!();"))),
            []
        );
    }

    #[test]
    fn the_nameless_error_is_for_programs() {
        let line = concat!("use any", "how::Result;");
        assert_eq!(check(&rust(line)).len(), 1);
        assert_eq!(check(&File::new("crates/car-server/src/main.rs", line)), []);
        assert_eq!(check(&File::new("xtask/src/main.rs", line)), []);
    }

    #[test]
    fn a_path_of_one_machine_is_found_in_any_file() {
        let text = concat!("see /", "work/main/x and /", "root/.cargo");
        assert_eq!(check(&File::new("README.md", text)).len(), 2);
    }

    #[test]
    fn a_path_below_a_variable_an_address_or_another_folder_is_not_one() {
        let text = concat!(
            "$",
            "{D}/",
            "work/x tests/",
            "work/y https://host/",
            "root/z"
        );
        assert_eq!(check(&File::new("README.md", text)), []);
    }
}
