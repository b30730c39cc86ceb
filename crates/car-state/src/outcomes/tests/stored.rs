use std::path::Path;
use std::time::Duration;

use car_protocol::{RpcError, kind};

use super::*;
use crate::db::{Database, DatabaseOptions};
use crate::log::LogError;

/// How long the database may take to end.
const CLOSE: Duration = Duration::from_secs(10);

fn open(root: &Path, at: i64) -> (Database, Arc<Outcomes>) {
    with_keys(root, at, OutcomeLimits::default().keys)
}

fn with_keys(root: &Path, at: i64, keys: usize) -> (Database, Arc<Outcomes>) {
    let database = Database::open(root, DatabaseOptions::default()).unwrap();
    let clock = SetClock::default();
    clock.at(at);
    let store = Arc::new(SqliteOutcomes::new(&database));
    let limits = OutcomeLimits {
        keys,
        ..OutcomeLimits::default()
    };
    let outcomes = Outcomes::open(store, Arc::new(clock), limits).unwrap();
    (database, Arc::new(outcomes))
}

#[tokio::test]
async fn the_next_daemon_knows_what_ended_and_that_the_rest_was_cut() {
    let root = tempfile::tempdir().unwrap();
    let (database, outcomes) = open(root.path(), 1_000);
    carry_out(&outcomes, "done", r#"{"a":[1,null]}"#).await;
    let mut failed = fresh(&outcomes, "failed");
    failed.begin().await.unwrap();
    let error = RpcError::domain(kind::NOT_FOUND, "no").with("x", 1);
    failed.end(Arc::new(Err(error))).await;
    // A person said no before it was ever recorded.
    let denied = fresh(&outcomes, "denied");
    let error = RpcError::domain(kind::APPROVAL_DENIED, "no");
    denied.end(Arc::new(Err(error))).await;
    let mut running = fresh(&outcomes, "running");
    running.begin().await.unwrap();
    let waiting = fresh(&outcomes, "waiting");
    let mut cut = fresh(&outcomes, "cut");
    cut.begin().await.unwrap();
    drop(cut);
    database.close(CLOSE).unwrap();
    // From here on nothing is stored any more.
    drop((running, waiting));
    drop((database, outcomes));

    for at in [2_000, 3_000] {
        let (database, outcomes) = open(root.path(), at);
        assert_eq!(told(&outcomes, "done").await, r#"done {"a":[1,null]}"#);
        assert_eq!(told(&outcomes, "failed").await, "failed not_found");
        assert_eq!(told(&outcomes, "denied").await, "failed approval_denied");
        assert_eq!(told(&outcomes, "running").await, "unknown");
        assert_eq!(told(&outcomes, "cut").await, "unknown");
        assert_eq!(told(&outcomes, "waiting").await, "not_seen");
        assert!(matches!(
            submit(&outcomes, "running"),
            Err(OutcomeError::Unknown)
        ));
        let print = Fingerprint::of("n", None);
        let other = outcomes.submit(Scope::named("client"), key("done"), "n", print);
        assert!(matches!(other, Err(OutcomeError::Conflict)));
        let report = outcomes.report(&Scope::named("client"), &key("running"));
        assert_eq!(report.known_since.unix_millis(), 1_000);
        let ended = report.known.unwrap().end.unwrap().1;
        assert_eq!(ended.unix_millis(), 2_000, "when it was found out");
        database.close(CLOSE).unwrap();
    }
}

#[tokio::test]
async fn an_answer_is_there_while_it_is_on_its_way_to_storage() {
    let root = tempfile::tempdir().unwrap();
    let (_database, outcomes) = open(root.path(), 0);
    for n in 0..100 {
        let text = format!("k{n}");
        let mut attempt = fresh(&outcomes, &text);
        attempt.begin().await.unwrap();
        let ended = attempt.end(result("7"));
        let asked = async { told(&outcomes, &text).await };
        let (_, told) = tokio::join!(ended, asked);
        assert_eq!(told, "done 7");
        assert_eq!(self::told(&outcomes, &text).await, "done 7");
    }
}

#[tokio::test]
async fn what_made_room_is_gone_after_a_restart_too_and_it_is_known_since_when() {
    let root = tempfile::tempdir().unwrap();
    let (database, outcomes) = with_keys(root.path(), 1_000, 2);
    for text in ["a", "b", "c"] {
        carry_out(&outcomes, text, "1").await;
    }
    database.close(CLOSE).unwrap();
    drop((database, outcomes));
    let (database, outcomes) = with_keys(root.path(), 2_000, 1);
    assert_eq!(told(&outcomes, "a").await, "not_seen");
    assert_eq!(told(&outcomes, "b").await, "not_seen", "fewer are kept now");
    assert_eq!(told(&outcomes, "c").await, "done 1");
    let report = outcomes.report(&Scope::named("client"), &key("a"));
    assert_eq!(report.known_since.unix_millis(), 1_000);
    database.close(CLOSE).unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_before_the_act_and_keeps_the_end_of_one_that_ran() {
    let root = tempfile::tempdir().unwrap();
    let (database, outcomes) = open(root.path(), 0);
    let mut running = fresh(&outcomes, "running");
    running.begin().await.unwrap();
    let mut attempt = fresh(&outcomes, "k");
    database.limit_file(Some(1));
    // The first job that the disk refuses makes the daemon know.
    let big = format!("\"{}\"", "x".repeat(500_000));
    running.end(result(&big)).await;
    let refused = attempt.begin().await;
    let full = |error: &OutcomeError| matches!(error, OutcomeError::Storage(LogError::StorageFull));
    assert!(refused.is_err_and(|error| full(&error)));
    drop(attempt);
    assert!(submit(&outcomes, "k").is_err_and(|error| full(&error)));
    assert_eq!(told(&outcomes, "k").await, "not_seen");
    assert_eq!(told(&outcomes, "running").await, format!("done {big}"));
    database.limit_file(None);
    while submit(&outcomes, "probe").is_err() {
        tokio::task::yield_now().await;
    }
    carry_out(&outcomes, "k", "1").await;
    database.close(CLOSE).unwrap();
    drop((database, outcomes));
    let (_database, outcomes) = open(root.path(), 0);
    assert_eq!(told(&outcomes, "running").await, format!("done {big}"));
    assert_eq!(told(&outcomes, "k").await, "done 1");
}
