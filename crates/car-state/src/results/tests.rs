use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::clock::FixedClock;
use crate::identity::{Principal, Role, SessionId};

const LIMITS: ResultLimits = ResultLimits {
    entries: 4,
    bytes: 100,
    session_bytes: 60,
    keep: Duration::from_secs(60),
};

fn store(limits: ResultLimits) -> ResultStore {
    let clock = Arc::new(FixedClock(Timestamp::from_unix_millis(0)));
    ResultStore::new(limits, Arc::new(MemoryBlobs::default()), clock)
}

/// A session without a credential.
fn stranger(name: &str) -> Identity {
    let session = SessionId::new(name);
    Identity {
        principal: Principal::Anonymous(session.clone()),
        session,
        role: Role::Client,
        auth_enabled: false,
    }
}

fn client(name: &str) -> Identity {
    Identity {
        principal: Principal::Client,
        auth_enabled: true,
        ..stranger(name)
    }
}

fn host(name: &str) -> Identity {
    Identity {
        principal: Principal::Host,
        role: Role::Host,
        auth_enabled: true,
        ..stranger(name)
    }
}

fn digest(handle: &ResultHandle) -> Digest {
    handle.sha256.parse().unwrap()
}

async fn whole(store: &ResultStore, reader: &Identity, handle: &ResultHandle) -> Option<String> {
    let read = store
        .read(reader, &digest(handle), 0, MAX_LENGTH, None)
        .await;
    read.ok().map(|chunk| chunk.data)
}

fn keep(store: &ResultStore, owner: &Identity, letter: &str, bytes: usize) -> ResultHandle {
    store.keep(owner, &json!(letter.repeat(bytes))).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_text_is_kept_as_it_is_and_anything_else_as_json() {
    let (store, ada) = (store(LIMITS), stranger("ada"));
    let text = store.keep(&ada, &json!("a \"b\"")).unwrap();
    assert_eq!(
        (text.bytes, text.media_type.as_str()),
        (5, "text/plain; charset=utf-8")
    );
    assert_eq!(text.expires_at, Timestamp::from_unix_millis(60_000));
    assert_eq!(whole(&store, &ada, &text).await.unwrap(), "a \"b\"");
    // The same bytes, and something else.
    let one = store.keep(&stranger("bob"), &json!([1, "x"])).unwrap();
    let other = store.keep(&ada, &json!("[1,\"x\"]")).unwrap();
    assert_eq!(one.sha256, other.sha256);
    let read = store.read(&ada, &digest(&one), 0, 9, None).await.unwrap();
    assert_eq!(read.handle.media_type, "text/plain; charset=utf-8");
    let list = store.keep(&ada, &json!([1, "x"])).unwrap();
    assert_eq!(
        (list.bytes, list.media_type.as_str()),
        (7, "application/json")
    );
    assert_eq!(whole(&store, &ada, &list).await.unwrap(), "[1,\"x\"]");
}

#[tokio::test(start_paused = true)]
async fn a_part_says_where_the_next_one_begins() {
    let (store, ada) = (store(LIMITS), stranger("ada"));
    let handle = store.keep(&ada, &json!("a€b")).unwrap();
    let read = async |offset, length| {
        store
            .read(&ada, &digest(&handle), offset, length, None)
            .await
    };
    let first = read(0, 2).await.unwrap();
    assert_eq!(
        (first.data.as_str(), first.length, first.next_offset),
        ("a", 1, Some(1))
    );
    let second = read(1, 4).await.unwrap();
    assert_eq!((second.data.as_str(), second.next_offset), ("€b", None));
    let middle = read(2, 100).await.unwrap();
    assert_eq!((middle.encoding, middle.length), (ChunkEncoding::Base64, 3));
    let end = read(5, 1).await.unwrap();
    assert_eq!(
        (end.data.as_str(), end.length, end.next_offset),
        ("", 0, None)
    );
    let beyond = read(6, 1).await.unwrap_err();
    assert!(matches!(
        beyond,
        ResultError::BeyondTheEnd {
            offset: 6,
            bytes: 5
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn only_the_session_its_credential_and_hosts_read_a_result() {
    let store = store(LIMITS);
    let alone = keep(&store, &stranger("ada"), "a", 5);
    assert!(whole(&store, &stranger("ada"), &alone).await.is_some());
    assert!(whole(&store, &stranger("bob"), &alone).await.is_none());
    assert!(whole(&store, &client("bob"), &alone).await.is_none());
    assert!(whole(&store, &host("hal"), &alone).await.is_some());
    let shared = keep(&store, &client("ada"), "b", 5);
    assert!(whole(&store, &client("bob"), &shared).await.is_some());
    let hosts = keep(&store, &host("hal"), "c", 5);
    assert!(whole(&store, &client("bob"), &hosts).await.is_none());
    let nobody = Digest::of(b"never kept");
    let unknown = store.read(&host("hal"), &nobody, 0, 1, None).await;
    assert!(matches!(unknown, Err(ResultError::Unknown)));
}

#[tokio::test(start_paused = true)]
async fn the_same_content_is_there_once_and_each_owner_counts() {
    let store = store(LIMITS);
    let (ada, bob) = (stranger("ada"), stranger("bob"));
    let first = keep(&store, &ada, "a", 40);
    tokio::time::advance(Duration::from_secs(30)).await;
    let second = keep(&store, &bob, "a", 40);
    assert_eq!(first.sha256, second.sha256);
    assert_eq!(
        store.usage(),
        Usage {
            entries: 2,
            bytes: 40
        }
    );
    // One's right ends, the other's does not.
    tokio::time::advance(Duration::from_secs(30)).await;
    assert!(whole(&store, &ada, &first).await.is_none());
    assert!(whole(&store, &bob, &first).await.is_some());
    // What is kept anew lives anew.
    keep(&store, &bob, "a", 40);
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(
        store.usage(),
        Usage {
            entries: 1,
            bytes: 40
        }
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(store.usage(), Usage::default());
}

#[tokio::test(start_paused = true)]
async fn without_room_the_sessions_own_oldest_go_first_and_then_the_oldest_of_all() {
    let store = store(LIMITS);
    let (ada, bob) = (stranger("ada"), stranger("bob"));
    let oldest = keep(&store, &bob, "o", 10);
    let first = keep(&store, &ada, "a", 30);
    let second = keep(&store, &ada, "b", 30);
    // Ada may have 60: her own first one goes, though Bob's is older.
    let third = keep(&store, &ada, "c", 20);
    assert!(whole(&store, &ada, &first).await.is_none());
    assert!(whole(&store, &ada, &second).await.is_some());
    assert!(whole(&store, &bob, &oldest).await.is_some());
    // All may have 100: the oldest of all goes.
    let most = keep(&store, &stranger("eve"), "e", 50);
    assert!(whole(&store, &bob, &oldest).await.is_none());
    assert!(whole(&store, &ada, &third).await.is_some());
    assert!(whole(&store, &stranger("eve"), &most).await.is_some());
    // And all may have 4.
    for letter in ["1", "2", "3", "4", "5"] {
        keep(&store, &bob, letter, 1);
    }
    assert_eq!(
        store.usage(),
        Usage {
            entries: 4,
            bytes: 4
        }
    );
    let refused = store.keep(&ada, &json!("x".repeat(61)));
    assert!(matches!(
        refused,
        Err(ResultError::TooBig {
            bytes: 61,
            limit: 60
        })
    ));
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_only_and_nothing_is_left_of_them() {
    use std::os::unix::fs::PermissionsExt as _;

    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("results");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("0123456789abcdef.result"), "left behind").unwrap();
    std::fs::write(folder.join("mine.txt"), "not a result").unwrap();
    let blobs = Arc::new(FileBlobs::open(&folder).unwrap());
    assert!(!folder.join("0123456789abcdef.result").exists());
    let clock = Arc::new(FixedClock(Timestamp::from_unix_millis(0)));
    let store = ResultStore::new(ResultLimits::default(), Arc::clone(&blobs) as _, clock);
    let (ada, text) = (stranger("ada"), "0123456789".repeat(1_000));
    let handle = store.keep(&ada, &json!(text)).unwrap();
    // At once from memory, then from the file.
    assert_eq!(whole(&store, &ada, &handle).await.unwrap(), text);
    while blobs.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    let files = || {
        let entries = std::fs::read_dir(&folder).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    let file = files()
        .into_iter()
        .find(|path| path.extension().unwrap() == "result")
        .unwrap();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let part = store
        .read(&ada, &digest(&handle), 5, 7, None)
        .await
        .unwrap();
    assert_eq!(part.data, "5678901");
    // Gone behind our back.
    std::fs::remove_file(&file).unwrap();
    let lost = store.read(&ada, &digest(&handle), 5, 7, None).await;
    assert!(matches!(lost, Err(ResultError::Unknown)));
    keep(&store, &ada, "x", 10);
    drop(store);
    drop(blobs);
    assert_eq!(files(), [folder.join("mine.txt")]);
}

#[tokio::test]
async fn what_cannot_be_written_stays_in_memory_until_there_is_too_much_of_it() {
    let root = tempfile::tempdir().unwrap();
    let blocked = root.path().join("results");
    let blobs = FileBlobs::open(&blocked).unwrap();
    // A file where the folder should be.
    std::fs::write(&blocked, "in the way").unwrap();
    let big = Bytes::from(vec![b'x'; 20 << 20]);
    let kept: Vec<_> = (0..3).map(|_| blobs.put(big.clone()).unwrap()).collect();
    assert!(matches!(blobs.put(big.clone()), Err(ResultError::Full)));
    assert_eq!(blobs.read(kept[0], 0..3).await.unwrap(), "xxx");
    blobs.remove(kept[0]);
    blobs.put(big).unwrap();
}
