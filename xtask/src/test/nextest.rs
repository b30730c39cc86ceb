//! The test runner, streamed as it goes, and its closing line kept.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::exec;

/// Runs nextest and returns the line in which it sums up.
pub(super) fn run(command: &mut Command) -> Result<Option<String>> {
    let line = exec::line(command);
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let mut summary = None;
    if let Some(stderr) = child.stderr.take() {
        let mut reader = BufReader::new(stderr);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes)? > 0 {
            std::io::stderr().write_all(&bytes)?;
            let text = String::from_utf8_lossy(&bytes);
            if is_summary(&text) {
                summary = Some(text.trim_end().to_owned());
            }
            bytes.clear();
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!(
            "`{line}` failed ({status}){}",
            summary.map(|s| format!("\n{s}")).unwrap_or_default()
        );
    }
    Ok(summary)
}

/// Such as `     Summary [   0.050s] 10 tests run: 10 passed, 0 skipped`.
fn is_summary(line: &str) -> bool {
    line.trim_start().starts_with("Summary [")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_is_recognised() {
        assert!(is_summary(
            "     Summary [   0.050s] 10 tests run: 10 passed, 0 skipped\n"
        ));
        assert!(!is_summary(
            "        PASS [   0.050s] xtask test::a_summary\n"
        ));
    }
}
