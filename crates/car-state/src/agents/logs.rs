//! What an agent writes: files that are rotated, and the stream `agent/<id>/log`.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use car_protocol::Timestamp;
use car_protocol::rpc::agents::AgentLogKind;
use parking_lot::Mutex;
use serde::Serialize;

use super::AgentId;
use crate::clock::Clock;
use crate::log::{AGENT, Draft, EventLog, StreamName};
use crate::private_file;

/// How long a log file becomes until the next one is begun, in bytes.
pub const LOG_BYTES: u64 = 4 << 20;
/// How many files are kept of each output, the newest included.
pub const LOG_FILES: u32 = 4;
/// How long a line may be in an event, in bytes; a longer one comes in parts.
const LONGEST_LINE: usize = 8 << 10;
/// How much is read back at most, in bytes.
const MAX_TAIL: u64 = 1 << 20;

/// The log of one agent.
#[derive(Debug)]
pub struct AgentLogs {
    id: AgentId,
    /// `CAR_HOME/logs`; none where there are no files.
    folder: Option<PathBuf>,
    stdout: Mutex<Output>,
    stderr: Mutex<Output>,
    events: Arc<dyn EventLog>,
    stream: StreamName,
    clock: Arc<dyn Clock>,
}

/// One output: its file, and the line that is not at its end yet.
#[derive(Debug, Default)]
struct Output {
    file: Option<(File, u64)>,
    line: Vec<u8>,
    complained: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    kind: AgentLogKind,
    timestamp: Timestamp,
    agent_id: &'a str,
    lines: &'a [String],
}

impl AgentLogs {
    /// The log of an agent, with files in this folder.
    #[must_use]
    pub fn new(
        id: &AgentId,
        folder: Option<PathBuf>,
        events: Arc<dyn EventLog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            id: id.clone(),
            folder,
            stdout: Mutex::default(),
            stderr: Mutex::default(),
            events,
            stream: StreamName::owned(&AGENT, &format!("{id}/log")),
            clock,
        }
    }

    /// Takes what an agent wrote. It blocks on the file system; a file that cannot be written is complained about once,
    /// and what was to be in it is dropped: the agent never waits for it.
    pub fn write(&self, kind: AgentLogKind, bytes: &[u8]) {
        let output = match kind {
            AgentLogKind::Stderr => &self.stderr,
            _ => &self.stdout,
        };
        let mut output = output.lock();
        let path = self.file(kind);
        if let Some(path) = &path
            && let Err(error) = output.append(path, bytes)
        {
            output.file = None;
            if !std::mem::replace(&mut output.complained, true) {
                tracing::warn!(agent = %self.id, path = %path.display(), %error, "a log cannot be written");
            }
        }
        let lines = output.lines(bytes);
        drop(output);
        self.publish(kind, &lines);
    }

    /// Tells what the daemon did about the agent.
    pub fn tell(&self, line: String) {
        tracing::info!(agent = %self.id, "{line}");
        self.publish(AgentLogKind::Supervisor, &[line]);
    }

    /// Ends what was begun: a last line without an end counts as one.
    pub fn finish(&self) {
        for (kind, output) in [
            (AgentLogKind::Stdout, &self.stdout),
            (AgentLogKind::Stderr, &self.stderr),
        ] {
            let mut output = output.lock();
            let line = std::mem::take(&mut output.line);
            output.file = None;
            drop(output);
            if !line.is_empty() {
                self.publish(kind, &[text(&line)]);
            }
        }
    }

    /// The last lines of both outputs, those of the standard output first. It reads from the end, and not more than it
    /// must.
    #[must_use]
    pub fn tail(&self, n: usize) -> Vec<String> {
        let mut lines = VecDeque::new();
        for kind in [AgentLogKind::Stdout, AgentLogKind::Stderr] {
            if let Some(path) = self.file(kind) {
                lines.extend(tail(&path, n));
            }
        }
        let surplus = lines.len().saturating_sub(n);
        lines.drain(..surplus);
        lines.into()
    }

    /// Ends the stream.
    pub fn remove(&self) {
        self.events.remove(&self.stream);
    }

    fn file(&self, kind: AgentLogKind) -> Option<PathBuf> {
        let name = match kind {
            AgentLogKind::Stderr => "stderr",
            _ => "stdout",
        };
        Some(
            self.folder
                .as_ref()?
                .join(format!("{}.{name}.log", self.id)),
        )
    }

    fn publish(&self, kind: AgentLogKind, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let name = match kind {
            AgentLogKind::Stderr => "stderr",
            AgentLogKind::Supervisor => "supervisor",
            _ => "stdout",
        };
        let timestamp = self.clock.now();
        let body = Body {
            kind,
            timestamp,
            agent_id: self.id.as_str(),
            lines,
        };
        let told = Draft::new(name, timestamp, &body)
            .and_then(|draft| self.events.append(&self.stream, draft.happened()));
        if let Err(error) = told {
            tracing::debug!(agent = %self.id, %error, "lines of a log are not told");
        }
    }
}

impl Output {
    fn append(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let full = |file: &(File, u64)| file.1 >= LOG_BYTES;
        if self.file.as_ref().is_some_and(full) {
            self.file = None;
            rotate(path)?;
        }
        let (file, length) = match &mut self.file {
            Some(open) => open,
            None => {
                if let Some(folder) = path.parent() {
                    private_file::create_folder(folder)?;
                }
                let file = private_file::options()
                    .append(true)
                    .create(true)
                    .open(path)?;
                let length = file.metadata()?.len();
                self.file.insert((file, length))
            }
        };
        file.write_all(bytes)?;
        *length += bytes.len() as u64;
        Ok(())
    }

    /// The lines that these bytes complete.
    fn lines(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in part.chunks(LONGEST_LINE) {
                self.line.extend_from_slice(part);
                let ended = self.line.last() == Some(&b'\n');
                if ended || self.line.len() >= LONGEST_LINE {
                    let line = std::mem::take(&mut self.line);
                    lines.push(text(line.strip_suffix(b"\n").unwrap_or(&line)));
                }
            }
        }
        lines
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

/// The n-th file before this one.
fn older(path: &Path, n: u32) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{n}"));
    path.with_file_name(name)
}

/// Makes room for a new file: each becomes one older, and the oldest goes.
fn rotate(path: &Path) -> io::Result<()> {
    for n in (1..LOG_FILES).rev() {
        let newer = match n {
            1 => path.to_owned(),
            n => older(path, n - 1),
        };
        match fs::rename(&newer, older(path, n)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The last lines of a file, and where it has fewer, of the one before.
fn tail(path: &Path, n: usize) -> VecDeque<String> {
    let mut lines = end_of(path, n).unwrap_or_default();
    if lines.len() < n {
        let before = end_of(&older(path, 1), n - lines.len()).unwrap_or_default();
        for line in before.into_iter().rev() {
            lines.push_front(line);
        }
    }
    lines
}

fn end_of(path: &Path, n: usize) -> io::Result<VecDeque<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    // Twice as much each time, so that a few short lines cost one short read.
    let mut wanted = length.min(16 << 10);
    loop {
        file.seek(SeekFrom::Start(length - wanted))?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut file)
            .take(wanted)
            .read_to_end(&mut bytes)?;
        let whole = wanted == length;
        let mut lines: VecDeque<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        if lines.back().is_some_and(|last| last.is_empty()) {
            lines.pop_back();
        }
        if !whole {
            // The first of them began earlier.
            lines.pop_front();
        }
        if whole || lines.len() >= n || wanted >= MAX_TAIL {
            let surplus = lines.len().saturating_sub(n);
            return Ok(lines.into_iter().skip(surplus).map(text).collect());
        }
        wanted = (wanted * 2).min(length).min(MAX_TAIL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::log::MemoryLog;

    fn logs(folder: &Path) -> AgentLogs {
        AgentLogs::new(
            &"echo".parse().unwrap(),
            Some(folder.to_owned()),
            Arc::new(MemoryLog::with_epoch(1)),
            Arc::new(SystemClock),
        )
    }

    #[test]
    fn the_end_of_a_log_is_read_from_its_end() {
        let root = tempfile::tempdir().unwrap();
        let logs = logs(root.path());
        assert!(logs.tail(5).is_empty());
        for n in 0..10_000 {
            logs.write(AgentLogKind::Stdout, format!("line {n}\n").as_bytes());
        }
        logs.write(AgentLogKind::Stderr, b"oops\r\nwithout an end");
        assert_eq!(
            logs.tail(4),
            ["line 9998", "line 9999", "oops", "without an end"]
        );
        assert_eq!(logs.tail(20_000).len(), 10_002);
    }

    #[test]
    fn a_log_never_grows_beyond_its_files() {
        let root = tempfile::tempdir().unwrap();
        let logs = logs(root.path());
        let mut line = vec![b'x'; 64 << 10];
        line.push(b'\n');
        for _ in 0..(LOG_BYTES * u64::from(LOG_FILES) * 2) / line.len() as u64 {
            logs.write(AgentLogKind::Stdout, &line);
        }
        let files: Vec<_> = fs::read_dir(root.path()).unwrap().flatten().collect();
        assert_eq!(files.len(), LOG_FILES as usize);
        for file in files {
            assert!(file.metadata().unwrap().len() <= LOG_BYTES + line.len() as u64);
        }
        let stats = logs.events.stats(&logs.stream);
        assert!(stats.bytes <= AGENT.retention.bytes as u64);
    }

    #[test]
    fn a_line_is_told_when_it_is_complete_and_a_long_one_in_parts() {
        let mut output = Output::default();
        assert!(output.lines(b"be").is_empty());
        assert_eq!(output.lines(b"gun\nnext"), ["begun"]);
        let long = vec![b'y'; LONGEST_LINE * 2];
        let parts = output.lines(&long);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].len(), LONGEST_LINE + 4);
    }
}
