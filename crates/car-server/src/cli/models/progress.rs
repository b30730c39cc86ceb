//! How far a download is: a bar on a terminal, a line for each tenth elsewhere.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

/// The characters of a bar.
const WIDTH: u64 = 32;

/// Tells of a download on standard error.
#[derive(Debug)]
pub(super) struct Progress {
    name: &'static str,
    whole: u64,
    on_terminal: bool,
    /// Tenths that were told.
    told: Option<u64>,
}

impl Progress {
    pub(super) fn new(name: &'static str, whole: u64) -> Self {
        Self {
            name,
            whole: whole.max(1),
            on_terminal: io::stderr().is_terminal(),
            told: None,
        }
    }

    /// So many bytes are there.
    pub(super) fn at(&mut self, bytes: u64) {
        let bytes = bytes.min(self.whole);
        let text = if self.on_terminal {
            format!("\r{}", self.bar(bytes))
        } else {
            let tenth = bytes * 10 / self.whole;
            if self.told.is_some_and(|told| told >= tenth) {
                return;
            }
            self.told = Some(tenth);
            format!("{}\n", self.bar(bytes))
        };
        // A progress that nobody sees is no failure.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// It is over.
    pub(super) fn end(&self) {
        if self.on_terminal {
            let _ = writeln!(io::stderr().lock());
        }
    }

    fn bar(&self, bytes: u64) -> String {
        let full = bytes * WIDTH / self.whole;
        let mut bar = String::with_capacity(80);
        bar.extend((0..WIDTH).map(|n| if n < full { '#' } else { '.' }));
        let percent = bytes * 100 / self.whole;
        let (there, whole) = (bytes / 1_000_000, self.whole / 1_000_000);
        let _ = write!(bar, " {percent:3} % {there:4} of {whole} MB {}", self.name);
        bar
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_the_download() {
        let progress = Progress::new("m", 10_000_000);
        assert_eq!(
            progress.bar(0),
            format!("{}   0 %    0 of 10 MB m", ".".repeat(32))
        );
        let half = format!("{}{}  50 %    5 of 10 MB m", "#".repeat(16), ".".repeat(16));
        assert_eq!(progress.bar(5_000_000), half);
        assert_eq!(
            progress.bar(10_000_000),
            format!("{} 100 %   10 of 10 MB m", "#".repeat(32))
        );
    }
}
