//! The rules of the architecture that no compiler checks, as code. Each is a small pure function from what is in the
//! tree to the places that break it; every violation is reported, not only the first.

mod dependencies;
mod manifests;
mod sources;
mod topics;
mod words;

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::exec;
use crate::tree::Tree;

/// One place that breaks one rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    line: usize,
    message: String,
}

impl Violation {
    fn at(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// One text file of the repository; the path is relative to the root, with forward slashes.
#[derive(Debug)]
struct File {
    path: String,
    text: String,
}

impl File {
    #[cfg(test)]
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The lines with their numbers, from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }
}

/// Checks everything and reports everything.
pub(crate) fn run(tree: &Tree) -> Result<()> {
    let files = files(tree)?;
    let workspace = dependencies::Workspace::read(tree)?;

    let mut violations = Vec::new();
    for file in &files {
        violations.extend(sources::check(file));
        violations.extend(words::check(file));
    }
    violations.extend(topics::check(&files));
    violations.extend(manifests::check(&files));
    violations.extend(dependencies::check(&workspace));
    violations.sort();

    for violation in &violations {
        println!("{violation}");
    }
    if !violations.is_empty() {
        bail!("tidy: {} violation(s)", violations.len());
    }
    println!(
        "tidy: {} files and {} packages follow the rules",
        files.len(),
        workspace.len()
    );
    Ok(())
}

/// Every text file that is tracked or would be, if it were added.
fn files(tree: &Tree) -> Result<Vec<File>> {
    let mut list = tree.command("git");
    list.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let names = exec::stdout(&mut list).context("tidy looks at the files that git knows")?;
    let mut files = Vec::new();
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        files.extend(read(tree.root(), name)?);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}

/// The file, or nothing if it is deleted, not a plain file, or not text.
fn read(root: &Path, name: &str) -> Result<Option<File>> {
    let path = root.join(name);
    if !path
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file())
    {
        return Ok(None);
    }
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {name}"))?;
    Ok(String::from_utf8(bytes).ok().map(|text| File {
        path: name.to_owned(),
        text,
    }))
}
