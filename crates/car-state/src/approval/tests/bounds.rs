//! How many questions there are at once.

use super::super::desk::{Desk, Moment, ToDo};
use super::super::machine::Input;
use super::*;
use crate::quota::{QuotaExceeded, Resource};

/// Raises a question that anybody may decide.
fn raise(life: &Life, by: &Identity) -> Result<(), ApprovalError> {
    let question = ClientQuestion {
        action: "q".to_owned(),
        agent_id: None,
        details: Value::Null,
        options: default_options(),
        anybodys: true,
    };
    life.approvals.raise(by, question).map(drop)
}

/// Who asks has so many pending already.
fn full(asked: &Result<impl Sized, ApprovalError>) -> Option<usize> {
    match asked {
        Err(ApprovalError::Quota(QuotaExceeded {
            resource: Resource::Approvals,
            limit,
            ..
        })) => Some(*limit),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_than_a_thousand_wait_and_two_hundred_that_are_over_are_in_memory() {
    let ledger = memory();
    let life = Life::begin(&ledger, None);
    for _ in 0..MAX_PENDING {
        raise(&life, &client("a")).unwrap();
    }
    assert!(matches!(
        raise(&life, &client("a")),
        Err(ApprovalError::TooMany { limit: MAX_PENDING })
    ));
    let ids = life.waiting();
    for id in &ids {
        life.decide(&host(), id, DENY).unwrap();
    }
    assert_eq!(life.approvals.list().len(), 200);
    // What is in the ledger alone is known all the same.
    let late = life.decide(&host(), ids.last().unwrap(), APPROVE);
    assert!(matches!(late, Err(ApprovalError::AlreadyDecided { .. })));
    let page = HistoryQuery {
        limit: 2_000,
        ..HistoryQuery::default()
    };
    assert_eq!(
        life.approvals.history(page).await.unwrap().len(),
        MAX_PENDING
    );
}

#[tokio::test(start_paused = true)]
async fn clients_that_ask_for_all_there_is_leave_a_host_what_it_needs() {
    let life = Life::with_limits(&memory(), None, IdentityLimits::of);
    for _ in 0..MAX_PENDING / 4 {
        raise(&life, &client("a")).unwrap();
    }
    // A session more makes no difference, and a call is a question like any other.
    let (another, call) = (client("b"), life.call(client("c"), json!({})));
    assert_eq!(full(&raise(&life, &another)), Some(MAX_PENDING / 4));
    assert_eq!(full(&call.await.unwrap()), Some(MAX_PENDING / 4));
    let _call = life.call(host(), json!({}));
    settle().await;
    assert_eq!(life.approvals.pending(), MAX_PENDING / 4 + 1);
    // What is decided, taken back or over leaves room.
    let ids = life.waiting();
    life.decide(&host(), ids.last().unwrap(), DENY).unwrap();
    raise(&life, &another).unwrap();
    assert!(full(&raise(&life, &another)).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_or_not_recorded_gives_its_place_back() {
    let failing = Arc::<Failing>::default();
    let ledger: Arc<dyn ApprovalLedger> = Arc::<Failing>::clone(&failing);
    let one = |_| IdentityLimits {
        approvals: 1,
        ..IdentityLimits::default()
    };
    let life = Life::with_limits(&ledger, None, one);
    *failing.full.lock() = true;
    let verdict = life.call(client("a"), json!({})).await.unwrap();
    assert_eq!(verdict.unwrap(), Verdict::NotRecorded);
    failing.recover();
    for _ in 0..2 {
        let call = life.call(client("a"), json!({}));
        settle().await;
        assert_eq!(full(&raise(&life, &client("b"))), Some(1));
        call.abort();
        settle().await;
    }
    raise(&life, &client("b")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_daemon_left_pending_counts_and_is_never_turned_away() {
    let ledger = memory();
    let before = Life::begin(&ledger, None);
    for _ in 0..3 {
        raise(&before, &client("a")).unwrap();
    }
    let two = |_| IdentityLimits {
        approvals: 2,
        ..IdentityLimits::default()
    };
    let life = Life::with_limits(&ledger, None, two);
    assert_eq!(life.approvals.pending(), 3);
    assert_eq!(full(&raise(&life, &client("a"))), Some(2));
    for id in life.waiting().iter().take(2) {
        life.decide(&host(), id, DENY).unwrap();
    }
    raise(&life, &client("a")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_question_that_comes_to_many_at_once_is_noted_once() {
    let ledger = memory();
    let asker = client("a");
    raise(&Life::begin(&ledger, None), &asker).unwrap();
    let row = ledger.load(1).unwrap().remove(0);
    let id = row.approval.id.clone();
    let now = Moment {
        wall: Timestamp::from_unix_millis(NOON),
        run: Instant::now(),
    };
    let quotas = Quotas::new(Class::ALL.map(IdentityLimits::of));
    let mut desk = Desk::default();
    desk.draft(row, quotas.account(&asker.principal), now)
        .unwrap();
    desk.step(&id, Input::Recorded, now);
    let mut noted = |by: &[&str]| {
        let todo = desk.reached(&id, by.iter().map(|by| (*by).to_owned()), now);
        let noted = todo.into_iter().map(|todo| match todo {
            ToDo::Note(row) => row.approval.delivered_to.len(),
            other => panic!("{other:?}"),
        });
        noted.collect::<Vec<_>>()
    };
    assert_eq!(noted(&["b", "c", "d"]), [3]);
    assert!(noted(&["c", "d"]).is_empty());
    assert_eq!(noted(&["d", "e"]), [4]);
}
