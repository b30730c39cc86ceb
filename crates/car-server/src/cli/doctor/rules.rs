//! The files of the rules of approval: whether a daemon would take them.

use std::path::Path;
use std::sync::Arc;

use car_state::approval::rules::cedar::{self, RulesError};
use car_state::clock::SystemClock;

use super::check::Check;

const NAME: &str = "rules";

/// Whether every file can be read, and holds rules.
pub(super) fn check(folder: &Path) -> Check {
    match cedar::check(folder, Arc::new(SystemClock)) {
        Ok(report) if report.rules.is_empty() => {
            Check::ok(NAME, "none: the gate's set alone decides who is asked")
        }
        Ok(report) => {
            let revision = report.revision.get(..12).unwrap_or(&report.revision);
            Check::ok(
                NAME,
                format!("{} rules, revision {revision}", report.rules.len()),
            )
        }
        Err(RulesError::Broken(problems)) => {
            let first = RulesError::Broken(problems.iter().take(1).cloned().collect());
            let message = match problems.len() {
                1 => first.to_string(),
                many => format!("{first} ({} more)", many - 1),
            };
            Check::fail(NAME, message).remedy(format!(
                "correct the files in {}: a running daemon keeps the rules that it has, and none starts with these",
                folder.display()
            ))
        }
        Err(error) => Check::fail(NAME, error),
    }
}
