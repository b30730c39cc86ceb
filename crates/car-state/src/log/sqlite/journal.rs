//! What the system has of events that the database does not have yet.
//!
//! An event of a family that survives the process, and not a loss of power, is published when the system has it. A
//! transaction for that would make everyone who listens wait for it, and many small ones take a processor from those who
//! are fed. So such an event is written to the end of a file here, which takes microseconds, and reaches the database
//! with many others. Whatever a killed process leaves here is put into the database at the next start.
//!
//! There are two files. One is written; when all that the other one has is in the database, that one is emptied, and they
//! change places. A record that is cut off or damaged, as a loss of power may leave it, ends what is read of its file.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::log::Entry;
use crate::private_file;

/// How long a file becomes before the other one is written, in bytes; what waits for the database comes on top.
const LONG: u64 = 8 << 20;
/// A buffer that grew beyond this is given back, in bytes.
const KEPT: usize = 64 << 10;
/// What a file begins with.
const FORM: &[u8; 8] = b"CARLOG1\n";
/// The length and the checksum of a record.
const HEAD: usize = 8;

/// What is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Record<'a> {
    /// An event of a stream.
    Event(&'a Entry),
    /// The stream has ended, with all it held.
    End,
}

/// What was found.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Found {
    number: u64,
    pub(super) stream: String,
    pub(super) epoch: u64,
    /// None where the stream has ended.
    pub(super) event: Option<FoundEvent>,
}

#[derive(Debug, Eq, PartialEq)]
pub(super) struct FoundEvent {
    pub(super) seq: u64,
    pub(super) at: i64,
    pub(super) kind: String,
    pub(super) params: String,
}

/// Two files of records, which are numbered through.
#[derive(Debug)]
pub(super) struct Journal(Mutex<Sides>);

#[derive(Debug)]
struct Sides {
    /// The one that is written, and the other one; the older one first until they are cleared.
    sides: [Side; 2],
    /// The number of the newest record.
    number: u64,
    buffer: Vec<u8>,
    /// Whether the newest record could not be written.
    failing: bool,
}

#[derive(Debug)]
struct Side {
    file: Arc<File>,
    bytes: u64,
    /// The number of its newest record.
    last: u64,
    /// Whether a part of a record stands at its end.
    torn: bool,
}

impl Side {
    /// Writes all of it or nothing.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.torn {
            self.cut()?;
        }
        let written = (&*self.file).write_all(bytes);
        match &written {
            Ok(()) => self.bytes += bytes.len() as u64,
            // What a full disk took of it would end what is read.
            Err(_) => self.torn = self.cut().is_err(),
        }
        written
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.bytes)?;
        self.torn = false;
        Ok(())
    }
}

impl Journal {
    /// Opens the files in a folder and reads what they have, in order.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Vec<Found>)> {
        let mut found = Vec::new();
        for path in Self::paths(folder) {
            let mut options = private_file::options();
            let mut file = options.read(true).append(true).create(true).open(&path)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let (records, read) = read(&bytes);
            if read < bytes.len() {
                let lost = bytes.len() - read;
                tracing::warn!(path = %path.display(), lost, "the end of the journal of events is damaged, and left out");
            }
            let side = Side {
                file: Arc::new(file),
                bytes: bytes.len() as u64,
                last: 0,
                torn: false,
            };
            found.push((side, records));
        }
        found.sort_by_key(|(_, records)| records.first().map(|record| record.number));
        let (sides, found): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let journal = Self(Mutex::new(Sides {
            sides: sides.try_into().map_err(|_| io::ErrorKind::NotFound)?,
            number: 0,
            buffer: Vec::new(),
            failing: false,
        }));
        Ok((journal, found.into_iter().flatten().collect()))
    }

    /// Where the files are.
    pub(super) fn paths(folder: &Path) -> [PathBuf; 2] {
        ["car.events-1", "car.events-2"].map(|name| folder.join(name))
    }

    /// Empties the files: what was found is in the database. The older one goes first: of a stream that has ended it may
    /// have the events and the newer one the end, and alone it would bring the stream back after a kill between the two.
    pub(super) fn clear(&self) -> io::Result<()> {
        let mut sides = self.0.lock();
        for side in &mut sides.sides {
            side.file.set_len(0)?;
            side.bytes = 0;
        }
        Ok(())
    }

    /// Writes a record. When this returns, the system has it.
    ///
    /// # Errors
    /// The disk is full, or fails: nothing was written then.
    pub(super) fn write(&self, stream: &str, epoch: u64, record: Record<'_>) -> io::Result<()> {
        let mut sides = self.0.lock();
        let Sides {
            sides: [side, other],
            number,
            buffer,
            failing,
        } = &mut *sides;
        if side.bytes >= LONG && other.bytes == 0 {
            std::mem::swap(side, other);
        }
        buffer.clear();
        if side.bytes == 0 {
            buffer.extend_from_slice(FORM);
        }
        push(buffer, *number + 1, stream, epoch, record)?;
        let written = side.write(buffer);
        match &written {
            Ok(()) => {
                *number += 1;
                side.last = *number;
                if std::mem::take(failing) {
                    tracing::info!("the journal of events is written again");
                }
            }
            Err(error) if !std::mem::replace(failing, true) => {
                tracing::error!(%error, "the journal of events cannot be written, and what would go there is refused");
            }
            Err(_) => {}
        }
        if buffer.capacity() > KEPT {
            *buffer = Vec::new();
        }
        written
    }

    /// The number of the newest record.
    pub(super) fn mark(&self) -> u64 {
        self.0.lock().number
    }

    /// All records up to this number are in the database: a file that has no others is emptied.
    pub(super) fn stored(&self, mark: u64) {
        let file = {
            let mut sides = self.0.lock();
            let [side, other] = &mut sides.sides;
            if other.bytes == 0 && side.bytes > 0 && side.last <= mark {
                // Nobody waits until it is empty.
                std::mem::swap(side, other);
            }
            if other.bytes == 0 || other.last > mark {
                return;
            }
            Arc::clone(&other.file)
        };
        // Only the writer of the database is here, and until the lengths agree nobody writes this one.
        match file.set_len(0) {
            Ok(()) => self.0.lock().sides[1].bytes = 0,
            Err(error) => tracing::warn!(%error, "the journal of events is not emptied, and grows"),
        }
    }
}

#[cfg(test)]
impl Journal {
    /// Writes to other files from now on; answers those that were written.
    pub(super) fn replace(&self, files: [Arc<File>; 2]) -> [Arc<File>; 2] {
        let mut sides = self.0.lock();
        let mut files = files.into_iter();
        sides.sides.each_mut().map(|side| {
            let file = files.next().unwrap();
            std::mem::replace(&mut side.file, file)
        })
    }
}

/// Appends a record: its length and checksum; its number, the epoch, the event's number and time, the lengths of the two
/// names; the names and the text. Numbers are little-endian, and an end has 0 for the event's.
fn push(
    buffer: &mut Vec<u8>,
    number: u64,
    stream: &str,
    epoch: u64,
    record: Record<'_>,
) -> io::Result<()> {
    let (seq, at, kind, text) = match record {
        Record::Event(entry) => (
            entry.seq,
            entry.at.unix_millis(),
            &*entry.kind,
            entry.params(),
        ),
        Record::End => (0, 0, "", ""),
    };
    let start = buffer.len();
    buffer.extend_from_slice(&[0; HEAD]);
    for value in [number, epoch, seq] {
        buffer.extend_from_slice(&value.to_le_bytes());
    }
    buffer.extend_from_slice(&at.to_le_bytes());
    for name in [stream, kind] {
        buffer.extend_from_slice(&length(name.len())?);
    }
    for part in [stream, kind, text] {
        buffer.extend_from_slice(part.as_bytes());
    }
    let (_, record) = buffer.split_at_mut(start);
    let (head, body) = record.split_at_mut(HEAD);
    head[..4].copy_from_slice(&length(body.len())?);
    head[4..].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
    Ok(())
}

fn length(length: usize) -> io::Result<[u8; 4]> {
    let length = u32::try_from(length).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(length.to_le_bytes())
}

/// The records that the content of a file begins with, and how long they are together.
fn read(file: &[u8]) -> (Vec<Found>, usize) {
    let mut found: Vec<Found> = Vec::new();
    let Some(mut rest) = file.strip_prefix(FORM) else {
        return (found, 0);
    };
    while let Some((record, after)) = read_record(rest) {
        // What does not follow was there before.
        if found
            .last()
            .is_some_and(|last| record.number != last.number + 1)
        {
            break;
        }
        found.push(record);
        rest = after;
    }
    (found, file.len() - rest.len())
}

fn read_record(bytes: &[u8]) -> Option<(Found, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (sum, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (body, after) = rest.split_at_checked(length)?;
    if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
        return None;
    }
    let mut rest = body;
    let mut number = || {
        let (value, after) = rest.split_first_chunk()?;
        rest = after;
        Some(u64::from_le_bytes(*value))
    };
    let (number, epoch, seq, at) = (number()?, number()?, number()?, number()?);
    let (names, rest) = rest.split_at_checked(8)?;
    let (stream, kind) = names.split_first_chunk()?;
    let (kind, _) = kind.split_first_chunk()?;
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    let part = |length: [u8; 4], rest: &[u8]| -> Option<(String, usize)> {
        let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
        Some((text(rest.get(..length)?)?, length))
    };
    let (stream, used) = part(*stream, rest)?;
    let rest = &rest[used..];
    let (kind, used) = part(*kind, rest)?;
    let event = FoundEvent {
        seq,
        at: at.cast_signed(),
        kind,
        params: text(&rest[used..])?,
    };
    let found = Found {
        number,
        stream,
        epoch,
        event: (seq > 0).then_some(event),
    };
    Some((found, after))
}
