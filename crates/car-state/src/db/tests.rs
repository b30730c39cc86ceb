use std::fs;
use std::sync::mpsc;

use tempfile::TempDir;

use super::*;

const LONG: Duration = Duration::from_secs(30);

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> Database {
    Database::open(folder.path(), DatabaseOptions::default()).unwrap()
}

/// A table that belongs to nobody, and its content.
fn make_table(database: &Database) {
    let make = |connection: &Connection| {
        connection.execute_batch("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, text TEXT)")
    };
    database
        .submit(Durability::Os, 0, make)
        .unwrap()
        .wait(LONG)
        .unwrap();
}

fn insert(
    n: i64,
    bytes: usize,
) -> impl FnMut(&Connection) -> rusqlite::Result<usize> + Send + 'static {
    move |connection| {
        let text = "x".repeat(bytes);
        connection.execute("INSERT INTO t VALUES (?1, ?2)", rusqlite::params![n, text])
    }
}

async fn numbers(database: &Database) -> Vec<i64> {
    let read = database.read(|connection| {
        let mut select = connection.prepare("SELECT n FROM t ORDER BY n")?;
        let rows = select.query_map([], |row| row.get(0))?;
        rows.collect()
    });
    read.await.unwrap()
}

/// Keeps the writer busy until the sender is dropped.
pub(crate) fn hold(database: &Database) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel();
    let (began, begun) = mpsc::channel();
    let wait = move |_: &Connection| {
        let _ = began.send(());
        let _ = held.recv();
        Ok(())
    };
    drop(database.submit(Durability::Os, 0, wait).unwrap());
    begun.recv().unwrap();
    release
}

#[tokio::test]
async fn what_was_receipted_is_there_when_it_is_opened_again() {
    let folder = folder();
    let database = open(&folder);
    make_table(&database);
    for n in 0..3 {
        let job = insert(n, 10);
        let receipt = database.submit(Durability::Fsync, 10, job).unwrap();
        assert_eq!(receipt.await.unwrap(), 1);
    }
    database.close(LONG).unwrap();
    drop(database);
    assert_eq!(numbers(&open(&folder)).await, [0, 1, 2]);
}

#[cfg(unix)]
#[tokio::test]
async fn folder_and_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("car.db"), "").unwrap();
    let database = open(&folder);
    make_table(&database);
    numbers(&database).await;
    assert_eq!(mode(folder.path()), 0o700);
    for name in ["car.db", "car.db-wal", "car.db-shm", "car.db.lock"] {
        assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_second_one_on_the_same_folder_is_refused() {
    let folder = folder();
    let _first = open(&folder);
    let second = Database::open(folder.path(), DatabaseOptions::default());
    assert!(matches!(second, Err(DbError::InUse { .. })));
}

#[test]
fn a_database_of_a_newer_version_is_refused_with_both_versions() {
    let folder = folder();
    open(&folder).close(LONG).unwrap();
    let path = folder.path().join(Database::FILE);
    let connection = Connection::open(&path).unwrap();
    let known: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    connection.pragma_update(None, "user_version", 77).unwrap();
    drop(connection);
    let newer = Database::open(folder.path(), DatabaseOptions::default());
    let error = newer.unwrap_err().to_string();
    assert!(
        error.contains("version 77") && error.contains(&format!("up to {known}")),
        "{error}"
    );
    let still: u32 = Connection::open(&path)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(still, 77);
}

#[test]
fn files_of_others_are_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join(Database::FILE);
    let text = "dear diary, ".repeat(100);
    fs::write(&path, &text).unwrap();
    let refused = Database::open(folder.path(), DatabaseOptions::default());
    assert!(matches!(refused, Err(DbError::Open { .. })), "{refused:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);

    fs::remove_file(&path).unwrap();
    let theirs = Connection::open(&path).unwrap();
    theirs.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(theirs);
    let refused = Database::open(folder.path(), DatabaseOptions::default());
    assert!(
        matches!(refused, Err(DbError::Foreign { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_job_that_fails_or_panics_harms_no_other_of_its_transaction() {
    let folder = folder();
    let database = open(&folder);
    make_table(&database);
    let release = hold(&database);
    let first = database.submit(Durability::Os, 0, insert(1, 1)).unwrap();
    let mut both = (insert(2, 1), insert(1, 1));
    let twice = move |connection: &Connection| {
        both.0(connection)?;
        both.1(connection)
    };
    let twice = database.submit(Durability::Os, 0, twice).unwrap();
    let mut before = insert(3, 1);
    let panics = move |connection: &Connection| -> rusqlite::Result<()> {
        before(connection)?;
        panic!("in a job")
    };
    let panics = database.submit(Durability::Os, 0, panics).unwrap();
    let last = database.submit(Durability::Os, 0, insert(4, 1)).unwrap();
    drop(release);
    first.await.unwrap();
    assert!(matches!(twice.await, Err(DbError::Statement(_))));
    assert!(matches!(panics.await, Err(DbError::Panicked)));
    last.await.unwrap();
    assert_eq!(numbers(&database).await, [1, 4]);
}

#[tokio::test]
async fn the_most_demanding_job_decides_how_durable_a_transaction_is() {
    let folder = folder();
    let database = open(&folder);
    let level = |connection: &Connection| {
        connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))
    };
    let (normal, full) = (1, 2);
    let os = database.submit(Durability::Os, 0, level).unwrap();
    assert_eq!(os.await.unwrap(), normal);
    let release = hold(&database);
    let os = database.submit(Durability::Os, 0, level).unwrap();
    let fsync = database.submit(Durability::Fsync, 0, level).unwrap();
    drop(release);
    assert_eq!((os.await.unwrap(), fsync.await.unwrap()), (full, full));
    let os = database.submit(Durability::Os, 0, level).unwrap();
    assert_eq!(os.await.unwrap(), normal);
}

/// Notes the order in which its kind is told.
struct Noted(&'static str, mpsc::Sender<&'static str>);

impl Job for Noted {
    fn run(&mut self, _: &Connection) -> rusqlite::Result<()> {
        Ok(())
    }

    fn delayed(&mut self, _: &DbError) {}

    fn done(self: Box<Self>, outcome: Result<(), DbError>) {
        outcome.unwrap();
        self.1.send(self.0).unwrap();
    }
}

#[test]
fn who_waits_for_the_disk_is_told_first_and_others_know_that_it_hurries() {
    let folder = folder();
    let database = open(&folder);
    let held = hold(&database);
    let (note, noted) = mpsc::channel();
    assert!(!database.hurries());
    for (durability, name) in [
        (Durability::Os, "first event"),
        (Durability::Fsync, "decision"),
        (Durability::Os, "second event"),
    ] {
        database.submit_anyway(durability, Box::new(Noted(name, note.clone())));
    }
    assert!(database.hurries());
    drop(held);
    let told: Vec<_> = (0..3).map(|_| noted.recv_timeout(LONG).unwrap()).collect();
    assert_eq!(told, ["decision", "first event", "second event"]);
    assert!(!database.hurries());
}

#[tokio::test]
async fn full_storage_refuses_loses_nothing_and_recovers_by_itself() {
    let folder = folder();
    let database = open(&folder);
    make_table(&database);
    let acknowledged = database.submit(Durability::Os, 0, insert(0, 10)).unwrap();
    acknowledged.await.unwrap();
    let size = fs::metadata(database.path()).unwrap().len();
    database.limit_file(Some(size + 65_536));

    let release = hold(&database);
    let too_big = database
        .submit(Durability::Os, 0, insert(1, 1 << 20))
        .unwrap();
    let behind_it = database
        .submit(Durability::Fsync, 0, insert(2, 10))
        .unwrap();
    drop(release);
    assert!(matches!(too_big.await, Err(DbError::StorageFull { .. })));
    assert!(matches!(behind_it.await, Err(DbError::StorageFull { .. })));
    let refused = database.submit(Durability::Os, 0, insert(3, 1));
    assert!(matches!(refused, Err(DbError::StorageFull { .. })));
    assert!(matches!(
        database.admits(),
        Err(DbError::StorageFull { .. })
    ));
    assert_eq!(numbers(&database).await, [0]);

    database.limit_file(None);
    while database.admits().is_err() {
        tokio::task::yield_now().await;
    }
    let after = database.submit(Durability::Os, 0, insert(4, 1)).unwrap();
    after.await.unwrap();
    // What was refused at once did not happen; what waited did.
    assert_eq!(numbers(&database).await, [0, 1, 2, 4]);
    assert_eq!(database.integrity_check().await.unwrap(), [""; 0]);
}

#[test]
fn a_full_disk_does_not_keep_it_from_closing() {
    let folder = folder();
    let database = open(&folder);
    make_table(&database);
    database.limit_file(Some(1));
    let never = database
        .submit(Durability::Os, 0, insert(1, 1 << 20))
        .unwrap();
    assert!(matches!(never.wait(LONG), Err(DbError::StorageFull { .. })));
    database.close(Duration::from_millis(200)).ok();
    assert!(matches!(database.admits(), Err(DbError::Closed)));
    drop(database);
}

#[test]
fn the_queue_is_bounded_in_jobs_and_bytes() {
    let folder = folder();
    let options = DatabaseOptions {
        jobs: 3,
        job_bytes: 100,
        ..DatabaseOptions::default()
    };
    let database = Database::open(folder.path(), options).unwrap();
    make_table(&database);
    let release = hold(&database);
    // One alone may be as large as it likes.
    drop(
        database
            .submit(Durability::Os, 1_000, insert(1, 1))
            .unwrap(),
    );
    let refused = database.submit(Durability::Os, 1, insert(2, 1));
    assert!(matches!(refused, Err(DbError::Busy { .. })));
    for n in 3..5 {
        drop(database.submit(Durability::Os, 0, insert(n, 1)));
    }
    drop(release);
    database.close(LONG).unwrap();
}

#[tokio::test]
async fn closing_writes_what_waits_and_takes_nothing_more() {
    let folder = folder();
    let database = open(&folder);
    make_table(&database);
    let release = hold(&database);
    let receipts: Vec<_> = (0..100)
        .map(|n| database.submit(Durability::Os, 0, insert(n, 1)).unwrap())
        .collect();
    drop(release);
    database.close(LONG).unwrap();
    for receipt in receipts {
        receipt.await.unwrap();
    }
    let refused = database.submit(Durability::Os, 0, insert(1_000, 1));
    assert!(matches!(refused, Err(DbError::Closed)));
    assert!(matches!(
        database.read(|_| Ok(())).await,
        Err(DbError::Closed)
    ));
    drop(database);
    assert_eq!(numbers(&open(&folder)).await.len(), 100);
}

#[tokio::test]
async fn with_its_last_handle_it_ends_and_gives_the_file_up() {
    let folder = folder();
    let database = open(&folder);
    make_table(&database);
    drop(database.submit(Durability::Os, 0, insert(1, 1)).unwrap());
    drop(database);
    let again = loop {
        match Database::open(folder.path(), DatabaseOptions::default()) {
            Err(DbError::InUse { .. }) => tokio::task::yield_now().await,
            opened => break opened.unwrap(),
        }
    };
    assert_eq!(numbers(&again).await, [1]);
}

#[tokio::test]
async fn a_look_that_takes_too_long_is_stopped_and_one_that_panics_harms_nobody() {
    let folder = folder();
    let options = DatabaseOptions {
        readers: 1,
        ..DatabaseOptions::default()
    };
    let database = Database::open(folder.path(), options).unwrap();
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    let look = move |connection: &Connection| {
        connection.query_row(endless, [], |row| row.get::<_, i64>(0))
    };
    let stopped = database.read_within(Duration::from_millis(20), look).await;
    assert!(matches!(stopped, Err(DbError::Deadline)), "{stopped:?}");
    let panics = database.read(|_| -> rusqlite::Result<()> { panic!("in a look") });
    assert!(matches!(panics.await, Err(DbError::Closed)));
    database.read(|_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn the_write_ahead_log_begins_anew_however_fast_it_is_written() {
    let folder = folder();
    let options = DatabaseOptions {
        checkpoint_pages: 20,
        ..DatabaseOptions::default()
    };
    let database = Database::open(folder.path(), options).unwrap();
    make_table(&database);
    let write = async |from: i64| {
        for n in from..from + 400 {
            let job = database.submit(Durability::Os, 0, insert(n, 2_000));
            job.unwrap().await.unwrap();
        }
    };
    let log = || fs::read(folder.path().join("car.db-wal")).unwrap();
    let page = 4_096 + 24;
    write(0).await;
    let most = log().len();
    assert!(most < 150 * page, "{} pages", most / page);
    // As long as somebody reads an old state it cannot.
    let (release, held) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    let reading = database.read(move |connection| {
        let count: i64 = connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0))?;
        let _ = began.send(());
        let _ = held.recv();
        Ok(count)
    });
    begun.recv().unwrap();
    write(400).await;
    assert!(log().len() > 400 * page);
    drop(release);
    assert_eq!(reading.await.unwrap(), 400);
    let salt = |log: &[u8]| log[16..24].to_vec();
    let before = salt(&log());
    write(800).await;
    assert_ne!(salt(&log()), before);
    database.close(LONG).unwrap();
    assert!(!folder.path().join("car.db-wal").exists());
}

#[tokio::test]
async fn damage_is_found() {
    let folder = folder();
    let database = open(&folder);
    make_table(&database);
    for n in 0..200 {
        drop(database.submit(Durability::Os, 0, insert(n, 500)).unwrap());
    }
    database.close(LONG).unwrap();
    drop(database);
    let path = folder.path().join(Database::FILE);
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len() - 8_192;
    bytes[end..].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let found = open(&folder).integrity_check().await;
    assert!(found.is_err() || !found.unwrap().is_empty());
}
