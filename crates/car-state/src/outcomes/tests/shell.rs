use std::time::Duration;

use car_protocol::{RpcError, kind};

use super::*;

fn in_memory(limits: OutcomeLimits) -> (Arc<Outcomes>, Arc<SetClock>) {
    let clock = Arc::<SetClock>::default();
    let store = Arc::<MemoryOutcomes>::default();
    let outcomes = Outcomes::open(store, Arc::<SetClock>::clone(&clock), limits).unwrap();
    (Arc::new(outcomes), clock)
}

fn joined(outcomes: &Arc<Outcomes>, text: &str) -> Joined {
    match submit(outcomes, text) {
        Ok(Submitted::Joined(joined)) => joined,
        other => panic!("{text} is not joined: {other:?}"),
    }
}

#[tokio::test]
async fn who_joins_gets_the_answer_and_so_does_who_comes_later() {
    let (outcomes, _) = in_memory(OutcomeLimits::default());
    let mut attempt = fresh(&outcomes, "k");
    assert_eq!(told(&outcomes, "k").await, "running");
    let early = joined(&outcomes, "k");
    attempt.begin().await.unwrap();
    let late = joined(&outcomes, "k");
    attempt.end(result("7")).await;
    for joined in [early, late] {
        let reply = joined.answer().await.unwrap();
        assert_eq!(reply.as_ref().as_ref().unwrap().get(), "7");
    }
    assert_eq!(told(&outcomes, "k").await, "done 7");
    assert!(matches!(submit(&outcomes, "k"), Ok(Submitted::Past(_))));
    let host = outcomes.report(&Scope::named("host"), &key("k"));
    assert!(host.known.is_none(), "the key of another identity");
}

#[tokio::test]
async fn an_act_that_is_dropped_before_it_begins_was_never_there() {
    let (outcomes, _) = in_memory(OutcomeLimits::default());
    let attempt = fresh(&outcomes, "k");
    let joined = joined(&outcomes, "k");
    drop(attempt);
    assert!(matches!(
        joined.answer().await,
        Err(OutcomeError::Withdrawn)
    ));
    assert_eq!(told(&outcomes, "k").await, "not_seen");
    carry_out(&outcomes, "k", "1").await;
}

#[tokio::test]
async fn an_act_that_is_cut_is_not_known_and_does_not_run_again() {
    let (outcomes, _) = in_memory(OutcomeLimits::default());
    let mut attempt = fresh(&outcomes, "k");
    attempt.begin().await.unwrap();
    let joined = joined(&outcomes, "k");
    drop(attempt);
    assert!(matches!(joined.answer().await, Err(OutcomeError::Unknown)));
    assert_eq!(told(&outcomes, "k").await, "unknown");
    assert!(matches!(submit(&outcomes, "k"), Err(OutcomeError::Unknown)));
}

#[tokio::test]
async fn what_is_taken_back_can_be_asked_for_again() {
    let (outcomes, _) = in_memory(OutcomeLimits::default());
    let attempt = fresh(&outcomes, "k");
    let joined = joined(&outcomes, "k");
    let nobody = RpcError::domain(kind::APPROVAL_TIMEOUT, "nobody decided");
    attempt.release(&Arc::new(Err(nobody)));
    let reply = joined.answer().await.unwrap();
    assert_eq!(
        reply.as_ref().as_ref().unwrap_err().kind(),
        "approval_timeout"
    );
    carry_out(&outcomes, "k", "1").await;
}

#[tokio::test]
async fn errors_are_kept_and_answers_that_are_too_large_or_secret_are_not() {
    let (outcomes, _) = in_memory(OutcomeLimits {
        result_bytes: 10,
        ..OutcomeLimits::default()
    });
    carry_out(&outcomes, "large", r#""01234567890""#).await;
    carry_out(&outcomes, "secret", r#"{"token":1}"#).await;
    for text in ["large", "secret"] {
        assert_eq!(told(&outcomes, text).await, "done");
        let again = submit(&outcomes, text);
        assert!(
            matches!(
                again,
                Err(OutcomeError::NotKept {
                    status: Status::Done
                })
            ),
            "{again:?}"
        );
    }
    let (outcomes, _) = in_memory(OutcomeLimits::default());
    let mut attempt = fresh(&outcomes, "wrong");
    attempt.begin().await.unwrap();
    let error = RpcError::domain(kind::NOT_FOUND, "no");
    attempt.end(Arc::new(Err(error))).await;
    assert_eq!(told(&outcomes, "wrong").await, "failed not_found");
    let refused: Vec<_> = outcomes.refusals().filter(|(_, n)| *n > 0).collect();
    assert_eq!(refused, []);
}

#[tokio::test]
async fn the_oldest_ends_make_room_and_what_runs_never_goes() {
    let (outcomes, clock) = in_memory(OutcomeLimits {
        keys: 3,
        ..OutcomeLimits::default()
    });
    let running = fresh(&outcomes, "running");
    for (at, text) in ["a", "b", "c"].into_iter().enumerate() {
        clock.at(i64::try_from(at).unwrap());
        carry_out(&outcomes, text, "1").await;
    }
    assert_eq!(told(&outcomes, "a").await, "not_seen");
    assert_eq!(told(&outcomes, "b").await, "done 1");
    let since = outcomes.report(&Scope::named("client"), &key("a"));
    assert_eq!(
        since.known_since,
        Timestamp::UNIX_EPOCH,
        "a was of that time"
    );
    let (two, three) = (fresh(&outcomes, "d"), fresh(&outcomes, "e"));
    let full = submit(&outcomes, "f");
    assert!(
        matches!(full, Err(OutcomeError::Full { limit: 3 })),
        "{full:?}"
    );
    assert_eq!(outcomes.counts().running, 3);
    drop((running, two));
    carry_out(&outcomes, "f", "1").await;
    drop(three);
    // Another identity has its own.
    let other = outcomes.submit(Scope::named("host"), key("x"), "m", params("{}"));
    assert!(matches!(other, Ok(Submitted::Fresh(_))));
}

#[tokio::test]
async fn answers_stay_within_their_bytes_and_their_time() {
    let (outcomes, clock) = in_memory(OutcomeLimits {
        bytes: 10,
        age: Duration::from_millis(100),
        ..OutcomeLimits::default()
    });
    clock.at(1_000);
    for text in ["a", "b", "c"] {
        carry_out(&outcomes, text, "12345").await;
    }
    assert_eq!(told(&outcomes, "a").await, "not_seen");
    assert_eq!(outcomes.counts().bytes, 10);
    clock.at(1_100);
    assert_eq!(told(&outcomes, "b").await, "done 12345");
    clock.at(1_101);
    assert_eq!(told(&outcomes, "b").await, "not_seen");
    assert_eq!(outcomes.counts(), KeptCounts::default());
    let report = outcomes.report(&Scope::named("client"), &key("b"));
    assert_eq!(report.known_since.unix_millis(), 1_001);
}

#[tokio::test]
async fn only_so_many_wait_for_one_act_and_those_who_left_do_not_count() {
    let (outcomes, _) = in_memory(OutcomeLimits {
        joined: 2,
        ..OutcomeLimits::default()
    });
    let _attempt = fresh(&outcomes, "k");
    let (one, _two) = (joined(&outcomes, "k"), joined(&outcomes, "k"));
    let third = submit(&outcomes, "k");
    assert!(matches!(third, Err(OutcomeError::Crowded { limit: 2 })));
    drop(one);
    joined(&outcomes, "k");
}
