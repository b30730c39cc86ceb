//! Where things are: the repository's root and what lies under its `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository that this tool was built from.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The tree around this package.
    pub(crate) fn here() -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self {
            root: package.parent().unwrap_or(package).to_owned(),
        }
    }

    /// The repository's root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub(crate) fn join(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where foreign tools and packages are installed: always below the root, also when `CARGO_TARGET_DIR` moves the
    /// build elsewhere, so that tests find them by one fixed path.
    pub(crate) fn provisions(&self) -> PathBuf {
        self.root.join("target")
    }

    /// A cargo command at the root, which also finds the tools that [`crate::prepare`] installed.
    pub(crate) fn cargo(&self) -> Command {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        self.command(program)
    }

    /// A command at the root, which also finds the tools that [`crate::prepare`] installed.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        let tools = self.provisions().join("tools/bin");
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(&inherited)));
        if let Ok(path) = path {
            command.env("PATH", path);
        }
        command
    }
}
