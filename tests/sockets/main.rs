//! The real program over real sockets: its files, its signals, its commands.

#![cfg(unix)]
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod agent_refusals;
mod agents;
mod agents_external;
mod approval_kills;
mod approvals;
#[cfg(target_os = "linux")]
mod chaos;
mod chat;
mod chat_lines;
mod comes_back;
mod commands;
mod doctor;
mod durability;
mod fairness;
mod families;
mod files;
mod kills;
mod lifecycle;
mod link;
mod meetings;
mod memory;
mod observed;
mod outcomes;
mod resume;
mod rules;
mod signals;
mod snippet;
mod tail;

use std::path::Path;
use std::process::Output;

/// What a command said on standard output.
fn said(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// What a command complained about.
fn complaint(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The permissions of a file.
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path);
    metadata
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .permissions()
        .mode()
        & 0o777
}
