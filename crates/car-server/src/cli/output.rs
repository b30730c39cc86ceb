//! What the program says: results on standard output, everything else on standard error.

use std::io::{self, Write as _};

use super::failure::Failure;

/// Prints a result. A reader that went away, as behind `| head`, is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::error(format!("cannot print: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a result as JSON.
pub(super) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    print(&format!("{value:#}\n"))
}

/// Says something to the person.
pub(super) fn warn(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
