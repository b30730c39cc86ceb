use super::*;

fn row(number: u64, chat: &str) -> TurnRow {
    TurnRow {
        number,
        chat: chat.to_owned(),
        turn: format!("turn-{number}"),
        agent: "echo".to_owned(),
        owner: "client".to_owned(),
        prompt: "hello".to_owned(),
        started: Timestamp::from_unix_millis(0),
    }
}

fn end(number: u64, text: &str) -> TurnEnd {
    TurnEnd {
        number,
        text: text.to_owned(),
        outcome: Outcome::Done,
        error: None,
        at: Timestamp::from_unix_millis(1),
    }
}

fn limits() -> ChatLimits {
    ChatLimits {
        kept_of_chat: 3,
        kept: 5,
        ..ChatLimits::default()
    }
}

/// What every store does.
async fn is_kept(store: &dyn TurnStore) {
    let numbers = async |chat: &str, before, limit| -> Vec<u64> {
        let turns = store.history(chat, before, limit).await.unwrap();
        turns.iter().map(|turn| turn.number).collect()
    };
    store.begin(row(1, "a"));
    store.note(1, "one ".to_owned());
    store.end(end(1, "two"), Box::new(|| {}));
    let turns = store.history("a", u64::MAX, 10).await.unwrap();
    assert_eq!(turns[0].text, "one two");
    assert_eq!(turns[0].outcome, Some(Outcome::Done));
    for number in 2..=4 {
        store.begin(row(number, "a"));
    }
    store.begin(row(5, "b"));
    store.begin(row(6, "b"));
    store.forget(6);
    assert_eq!(numbers("a", u64::MAX, 10).await, [4, 3, 2]);
    assert_eq!(numbers("a", 4, 1).await, [3]);
    assert_eq!(numbers("b", u64::MAX, 10).await, [5]);
    assert!(numbers("c", u64::MAX, 10).await.is_empty());
    store.begin(row(7, "b"));
    assert!(
        !numbers("a", u64::MAX, 10).await.contains(&1),
        "too many in all"
    );
}

#[tokio::test]
async fn turns_are_kept_in_memory() {
    is_kept(&MemoryTurns::new(limits())).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn turns_are_kept_in_the_database_and_those_that_were_cut_end() {
    use crate::chat::sqlite::SqliteTurns;
    use crate::db::{Database, DatabaseOptions};

    let folder = tempfile::tempdir().unwrap();
    let open = || Database::open(folder.path(), DatabaseOptions::default()).unwrap();
    let at = Timestamp::from_unix_millis(9);
    {
        let database = open();
        let store = SqliteTurns::new(&database, limits());
        assert_eq!(store.open(at).unwrap().1, 0);
        is_kept(&store).await;
        store.end(end(7, ""), Box::new(|| {}));
        store.begin(row(8, "a"));
        store.note(8, "so far".to_owned());
        store.settled().await;
        database.close(std::time::Duration::from_secs(5)).unwrap();
    }
    let database = open();
    let store = SqliteTurns::new(&database, limits());
    let (kept, last) = store.open(at).unwrap();
    assert_eq!(last, 8);
    let seen: Vec<_> = kept
        .iter()
        .map(|chat| (chat.chat.as_str(), chat.outcome, chat.was_cut))
        .collect();
    assert_eq!(
        seen,
        [("b", Outcome::Done, false), ("a", Outcome::AgentGone, true)]
    );
    let turns = store.history("a", u64::MAX, 1).await.unwrap();
    assert_eq!(turns[0].text, "so far");
    assert_eq!(turns[0].outcome, Some(Outcome::AgentGone));
    // What was cut once is not cut again.
    assert!(store.open(at).unwrap().0.iter().all(|chat| !chat.was_cut));
}
