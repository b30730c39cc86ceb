//! What is left after a loss of power.
//!
//! SQLite writes to two files, and at a quiet moment the main one is synced: pages get there by a checkpoint alone, which
//! syncs it. Of the write-ahead log the disk holds what the last `fsync` commit synced, and what a checkpoint has carried
//! over, which it syncs before; what was written after that may be cut off, be zeros, or be nonsense at any place. So may
//! all of the journal.

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::*;
use crate::db::tests::hold;

/// All files.
struct Disk {
    main: Vec<u8>,
    wal: Vec<u8>,
    journal: [Vec<u8>; 2],
    /// Frames of the write-ahead log that the main file has.
    carried_over: usize,
}

impl Disk {
    fn of(folder: &Path) -> Self {
        let index = fs::read(folder.join("car.db-shm")).unwrap();
        Self {
            main: fs::read(folder.join("car.db")).unwrap(),
            wal: fs::read(folder.join("car.db-wal")).unwrap(),
            journal: Journal::paths(folder).map(|path| fs::read(path).unwrap()),
            carried_over: u32::from_ne_bytes(index[96..100].try_into().unwrap()) as usize,
        }
    }

    /// What tells one generation of the write-ahead log from the next, which begins at the start of the file again.
    fn generation(&self) -> Option<&[u8]> {
        self.wal.get(16..24)
    }

    /// How long a frame is (<https://www.sqlite.org/fileformat2.html#walformat>).
    fn frame(&self) -> usize {
        24 + u32::from_be_bytes(self.wal[8..12].try_into().unwrap()) as usize
    }

    /// Where the frames of this generation end.
    fn end(&self) -> usize {
        let mut end = 32;
        while let Some(frame) = self.wal.get(end..end + self.frame())
            && frame[8..16] == self.wal[16..24]
        {
            end += frame.len();
        }
        end
    }

    /// The same with another write-ahead log, opened.
    fn open(&self, wal: &[u8]) -> (TempDir, Database, SqliteLog) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("car.db"), &self.main).unwrap();
        fs::write(folder.path().join("car.db-wal"), wal).unwrap();
        for (path, content) in Journal::paths(folder.path()).iter().zip(&self.journal) {
            fs::write(path, content).unwrap();
        }
        let (database, log) = super::open(folder.path(), 2_000);
        (folder, database, log)
    }
}

/// What was said to be stored.
#[derive(Clone, Debug, Default)]
struct Promised {
    /// By `fsync`.
    synced: u64,
    /// By `os`, which says nothing about power.
    written: u64,
    generation: Option<Vec<u8>>,
    end: usize,
}

impl Promised {
    /// How much of the write-ahead log the disk has for sure.
    fn safe(&self, disk: &Disk) -> usize {
        let synced = match self.generation.as_deref() == disk.generation() {
            true => self.end,
            false => 0,
        };
        match disk.carried_over {
            0 => synced,
            frames => synced.max(32 + frames * disk.frame()),
        }
    }
}

fn text(n: u64) -> String {
    char::from(b'a' + u8::try_from(n % 26).unwrap())
        .to_string()
        .repeat(usize::try_from(n * 37 % 3_000).unwrap())
}

fn event(n: u64) -> Draft {
    let body = json!({ "n": n, "text": text(n) });
    Draft::new("test", Timestamp::from_unix_millis(1_000), &body).unwrap()
}

/// All that is left is what was appended, from the first on and without a gap; answers how much.
async fn prefix(log: &SqliteLog, name: &StreamName) -> u64 {
    let (mut after, mut count) = (None, 0);
    loop {
        let page = log.fetch(name, after, 1_000).await.unwrap();
        assert_eq!(page.missed, 0);
        for entry in &page.entries {
            count += 1;
            let event: Value = serde_json::from_str(entry.params()).unwrap();
            assert_eq!((entry.seq, &event["n"]), (count, &json!(count)));
            assert_eq!(event["text"], text(count));
        }
        after = Some(page.next);
        if !page.more {
            assert_eq!(log.head(name).seq, count);
            return count;
        }
    }
}

async fn survives(disk: &Disk, wal: &[u8], promised: &Promised, names: &[StreamName; 2]) {
    let (_folder, database, log) = disk.open(wal);
    assert_eq!(database.integrity_check().await.unwrap(), [""; 0]);
    let synced = prefix(&log, &names[0]).await;
    let written = prefix(&log, &names[1]).await;
    assert!(synced >= promised.synced, "{synced} of {promised:?}");
    assert!(written <= promised.written);
    // It goes on where it was.
    for (name, count) in names.iter().zip([synced, written]) {
        let cursor = log.append(name, event(count + 1)).unwrap();
        log.settled(name, cursor).await.unwrap();
        assert_eq!(prefix(&log, name).await, count + 1);
    }
    database.close(LONG).unwrap();
}

/// Looks while nobody writes and nothing is carried over.
fn quiet<T>(database: &Database, look: impl FnOnce() -> T) -> T {
    let release = hold(database);
    database.wait_for_checkpoint();
    let seen = look();
    drop(release);
    seen
}

async fn losses(seed: u64) {
    let mut random = SmallRng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    // A checkpoint every few commits.
    let options = DatabaseOptions {
        checkpoint_pages: 40,
        ..DatabaseOptions::default()
    };
    let database = Database::open(folder.path(), options).unwrap();
    let families = Families::default().with(&[&NOTED, &LEDGER]);
    let clock = Arc::new(FixedClock(Timestamp::from_unix_millis(1_000)));
    let log = SqliteLog::open(&database, families, clock).unwrap();
    let names = [StreamName::owned(&LEDGER, "a"), noted()];
    let mut promised = Promised::default();
    let mut generations = 0;
    for _ in 0..40 {
        let fsync = random.random_bool(0.4);
        let name = &names[usize::from(!fsync)];
        let first = log.head(name).seq + 1;
        let last = first + random.random_range(0..12);
        let mut cursor = None;
        for n in first..=last {
            cursor = Some(log.append(name, event(n)).unwrap());
        }
        log.settled(name, cursor.unwrap()).await.unwrap();
        let mut disk = quiet(&database, || Disk::of(folder.path()));
        if promised.generation.as_deref() != disk.generation() {
            generations += 1;
        }
        if fsync {
            promised.synced = last;
            promised.generation = disk.generation().map(<[u8]>::to_vec);
            promised.end = disk.end();
        } else {
            promised.written = last;
        }
        survives(&disk, &disk.wal, &promised, &names).await;
        let (safe, len) = (promised.safe(&disk), disk.wal.len());
        let cut = random.random_range(safe..=len);
        survives(&disk, &disk.wal[..cut], &promised, &names).await;
        let mut zeros = disk.wal.clone();
        zeros[random.random_range(safe..=len)..].fill(0);
        survives(&disk, &zeros, &promised, &names).await;
        for journal in &mut disk.journal {
            let cut = random.random_range(0..=journal.len());
            if random.random_bool(0.5) {
                journal.truncate(cut);
            } else {
                journal[cut..].fill(0);
            }
        }
        survives(&disk, &disk.wal, &promised, &names).await;
        survives(&disk, &disk.wal[..safe], &promised, &names).await;
        let mut nonsense = disk.wal.clone();
        for byte in &mut nonsense[safe..] {
            if random.random_bool(0.001) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
        survives(&disk, &nonsense, &promised, &names).await;
    }
    assert!(generations > 3, "the log began anew {generations} times");
}

#[tokio::test]
async fn what_was_published_as_fsync_is_there_after_a_loss_of_power() {
    for seed in 0..3 {
        losses(seed).await;
    }
}
