//! Bytes in files, one for each result, that only their owner may read.
//!
//! A thread of its own writes and removes them, so that whoever puts something never waits for a disk. What is not written
//! yet is read from memory. Nothing outlives the store: what an earlier one left behind is removed when the next one opens.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::{Condvar, Mutex};

use super::blobs::part;
use super::{BlobId, BlobStore, ResultError};

/// What the names of the files end with.
const SUFFIX: &str = ".result";

/// Bytes that wait to be written. With a disk that is full or too slow they stay in memory; beyond them nothing is taken.
const WAITING_BYTES: usize = 64 << 20;

/// Files in one folder. The thread begins with the first result.
#[derive(Debug)]
pub struct FileBlobs {
    shared: Arc<Shared>,
    next: AtomicU64,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    work: Mutex<Work>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Work {
    /// Not in a file yet.
    waiting: HashMap<BlobId, Bytes>,
    bytes: usize,
    to_write: VecDeque<BlobId>,
    to_remove: Vec<BlobId>,
    closing: bool,
}

/// What the thread does next.
enum Next {
    Write(BlobId, Bytes),
    Remove(Vec<BlobId>),
    End,
}

impl FileBlobs {
    /// In this folder, which is made with the first result; files of an earlier store are removed.
    ///
    /// # Errors
    /// The folder is there and cannot be read or cleaned.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        clean(&folder)?;
        Ok(Self {
            shared: Arc::new(Shared {
                folder,
                work: Mutex::default(),
                wake: Condvar::new(),
            }),
            next: AtomicU64::new(0),
            thread: Mutex::new(None),
        })
    }

    fn begin(&self) -> io::Result<()> {
        let mut thread = self.thread.lock();
        if thread.is_none() {
            let shared = Arc::clone(&self.shared);
            let builder = std::thread::Builder::new().name("car-results".to_owned());
            *thread = Some(builder.spawn(move || shared.run())?);
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.shared.work.lock().waiting.len()
    }
}

impl Drop for FileBlobs {
    fn drop(&mut self) {
        self.shared.work.lock().closing = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes results panicked");
        }
    }
}

impl BlobStore for FileBlobs {
    fn put(&self, bytes: Bytes) -> Result<BlobId, ResultError> {
        self.begin()?;
        let blob = BlobId::next(&self.next);
        let mut work = self.shared.work.lock();
        if work.bytes + bytes.len() > WAITING_BYTES {
            return Err(ResultError::Full);
        }
        work.bytes += bytes.len();
        work.waiting.insert(blob, bytes);
        work.to_write.push_back(blob);
        drop(work);
        self.shared.wake.notify_one();
        Ok(blob)
    }

    fn remove(&self, blob: BlobId) {
        let mut work = self.shared.work.lock();
        work.forget(blob);
        work.to_remove.push(blob);
        drop(work);
        self.shared.wake.notify_one();
    }

    fn read(&self, blob: BlobId, range: Range<u64>) -> BoxFuture<'_, io::Result<Bytes>> {
        let waiting = self.shared.work.lock().waiting.get(&blob).cloned();
        if let Some(bytes) = waiting {
            let found = part(&bytes, range).ok_or_else(|| io::ErrorKind::InvalidInput.into());
            return std::future::ready(found).boxed();
        }
        let path = self.shared.path(blob);
        let reading = tokio::task::spawn_blocking(move || read(&path, range));
        async move { reading.await.map_err(io::Error::other)? }.boxed()
    }
}

impl Work {
    fn forget(&mut self, blob: BlobId) {
        if let Some(bytes) = self.waiting.remove(&blob) {
            self.bytes -= bytes.len();
        }
    }
}

impl Shared {
    fn path(&self, blob: BlobId) -> PathBuf {
        self.folder.join(format!("{blob}{SUFFIX}"))
    }

    fn run(&self) {
        loop {
            match self.next() {
                Next::Write(blob, bytes) => match self.write(blob, &bytes) {
                    Ok(()) => self.work.lock().forget(blob),
                    // It stays in memory, and counts there, until it is removed.
                    Err(error) => {
                        let _ = fs::remove_file(self.path(blob));
                        tracing::warn!(%error, "a stored result is kept in memory only");
                    }
                },
                Next::Remove(blobs) => {
                    for blob in blobs {
                        remove(&self.path(blob));
                    }
                }
                Next::End => break,
            }
        }
        if let Err(error) = clean(&self.folder) {
            tracing::warn!(%error, "stored results are left behind");
        }
    }

    fn next(&self) -> Next {
        let mut work = self.work.lock();
        loop {
            if work.closing {
                return Next::End;
            }
            if !work.to_remove.is_empty() {
                return Next::Remove(std::mem::take(&mut work.to_remove));
            }
            if let Some(blob) = work.to_write.pop_front() {
                // One that is gone by now need not be written.
                match work.waiting.get(&blob) {
                    Some(bytes) => return Next::Write(blob, bytes.clone()),
                    None => continue,
                }
            }
            self.wake.wait(&mut work);
        }
    }

    fn write(&self, blob: BlobId, bytes: &[u8]) -> io::Result<()> {
        let mut folder = DirBuilder::new();
        folder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(&self.folder)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.path(blob))?.write_all(bytes)
    }
}

fn read(path: &Path, range: Range<u64>) -> io::Result<Bytes> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    let length = range.end.saturating_sub(range.start);
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact(&mut bytes)?;
    Ok(bytes.into())
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "a stored result is left behind");
        }
        _ => {}
    }
}

/// Removes the files of a store, and nothing else.
fn clean(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let ours = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
        if ours.is_some_and(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
