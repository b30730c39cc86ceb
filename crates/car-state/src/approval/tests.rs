mod bounds;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::approvals::{Approval, ApprovalStanding};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::plane::Raising;
use super::*;
use crate::clock::{Clock, CountingIds, FixedClock};
use crate::host::HostStream;
use crate::identity::{Identity, Principal, Role, SessionId};
use crate::log::{EventLog as _, LogError, MemoryLog};
use crate::outcomes::Scope;
use crate::quota::{Class, IdentityLimits, Quotas};

const NOON: i64 = 1_767_323_045_678;

/// A wall clock that somebody may turn; nobody else moves it.
#[derive(Debug)]
struct Turned(AtomicI64);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst))
    }
}

fn client(session: &str) -> Identity {
    Identity {
        session: SessionId::new(session),
        principal: Principal::Client,
        role: Role::Client,
        auth_enabled: true,
    }
}

fn host() -> Identity {
    Identity {
        principal: Principal::Host,
        role: Role::Host,
        ..client("h")
    }
}

/// One life of a daemon over a ledger that outlives it.
struct Life {
    approvals: Arc<Approvals>,
    log: Arc<MemoryLog>,
    clock: Arc<Turned>,
}

impl Life {
    fn begin(ledger: &Arc<dyn ApprovalLedger>, comes_back: Option<Duration>) -> Self {
        let most = IdentityLimits {
            approvals: MAX_PENDING,
            ..IdentityLimits::default()
        };
        Self::with_limits(ledger, comes_back, |_| most)
    }

    fn with_limits(
        ledger: &Arc<dyn ApprovalLedger>,
        comes_back: Option<Duration>,
        limits: impl Fn(Class) -> IdentityLimits,
    ) -> Self {
        let log = Arc::new(MemoryLog::new(&FixedClock(Timestamp::UNIX_EPOCH)));
        let clock = Arc::new(Turned(AtomicI64::new(NOON)));
        let ids = Arc::new(CountingIds::default());
        let stream = HostStream::new(
            Arc::<MemoryLog>::clone(&log),
            Arc::<Turned>::clone(&clock),
            Arc::<CountingIds>::clone(&ids),
        );
        let parts = ApprovalParts {
            ledger: Arc::clone(ledger),
            stream: Arc::new(stream),
            sessions: Arc::default(),
            grants: grants::tests::in_memory(clock.clone(), ids.clone()),
            quotas: Arc::new(Quotas::new(Class::ALL.map(limits))),
            reach: None,
            clock: Arc::<Turned>::clone(&clock),
            ids,
        };
        let until = comes_back.map(|after| {
            let after = i64::try_from(after.as_millis()).unwrap();
            Timestamp::from_unix_millis(clock.now().unix_millis() + after)
        });
        let approvals = Approvals::open(parts, |_| until).unwrap();
        Self {
            approvals,
            log,
            clock,
        }
    }

    /// What was told since the beginning.
    fn told(&self) -> Vec<String> {
        let stream = crate::log::StreamName::single(&crate::log::HOST);
        let page = self.log.read(&stream, None, 100).unwrap();
        let event = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let events = page.entries.iter().map(|entry| event(entry.params()));
        let words = |event: Value| {
            let of = |member: &str| event["payload"][member].as_str().unwrap_or("").to_owned();
            format!("{} {}", event["kind"].as_str().unwrap(), of("resolution"))
        };
        events
            .map(words)
            .map(|told| told.trim().to_owned())
            .collect()
    }

    /// A call that waits, as a task.
    fn call(&self, by: Identity, arguments: Value) -> JoinHandle<Result<Verdict, ApprovalError>> {
        self.call_with_key(by, arguments, None)
    }

    #[expect(clippy::disallowed_methods, reason = "a test owns its tasks")]
    fn call_with_key(
        &self,
        by: Identity,
        arguments: Value,
        key: Option<&str>,
    ) -> JoinHandle<Result<Verdict, ApprovalError>> {
        let approvals = Arc::clone(&self.approvals);
        let operation = Operation::Method("state.clear".into());
        let act = Act::new(operation, &arguments, Requester::from(&by)).unwrap();
        let key = key.map(|key| ActKey {
            scope: Scope::of(&by.principal),
            key: car_protocol::idempotency::IdempotencyKey::new(key).unwrap(),
        });
        tokio::spawn(async move {
            let question = Question {
                action: "ws.method:state.clear".to_owned(),
                act,
                details: Value::Null,
                terms: ApprovalGate::default().terms(),
                because: None,
                key,
                edits: None,
            };
            approvals.ask(&by, question).await
        })
    }

    /// The ids of those that wait.
    fn waiting(&self) -> Vec<String> {
        let rows = self.approvals.pending_rows(None);
        rows.into_iter().map(|row| row.id).collect()
    }

    fn decide(&self, by: &Identity, id: &str, resolution: &str) -> Outcome {
        let decision = Decision {
            resolution: resolution.to_owned(),
            ..Decision::default()
        };
        match self.approvals.decide(by, id, decision, false) {
            Decided::Now(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }
}

fn memory() -> Arc<dyn ApprovalLedger> {
    Arc::<MemoryLedger>::default()
}

async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// A ledger with one question of the session `a`, whose daemon was killed.
async fn killed_while_one_waits() -> (Arc<dyn ApprovalLedger>, String) {
    let ledger = memory();
    let life = Life::begin(&ledger, None);
    let call = life.call(client("a"), json!({ "n": 1 }));
    settle().await;
    let id = life.waiting().remove(0);
    // What a kill leaves is what was recorded; an abort would take the question back.
    std::mem::forget(call);
    let recorded = Arc::new(MemoryLedger::default());
    for row in ledger.load(10).unwrap() {
        recorded.record(row, Box::new(|_| ()));
    }
    (recorded, id)
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_the_question_waits_under_its_id_and_the_call_that_comes_again_has_its_answer()
 {
    let (ledger, id) = killed_while_one_waits().await;
    let life = Life::begin(&ledger, Some(Duration::from_secs(120)));
    assert_eq!(life.waiting(), [id.as_str()]);
    assert_eq!(life.told(), ["approval.requested"]);
    life.approvals.session_returned(&SessionId::new("a"));
    let call = life.call(client("a"), json!({ "n": 1 }));
    settle().await;
    assert_eq!(life.waiting(), [id.as_str()], "it is not asked anew");
    life.decide(&host(), &id, APPROVE).unwrap();
    let verdict = call.await.unwrap().unwrap();
    assert!(matches!(verdict, Verdict::Approved(consent) if consent.approval == id));
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_was_taken_meanwhile_is_used_once_by_exactly_that_call() {
    let (ledger, id) = killed_while_one_waits().await;
    let life = Life::begin(&ledger, Some(Duration::from_secs(120)));
    let decided = life.decide(&host(), &id, APPROVE).unwrap();
    assert!(!decided.used);
    // Other arguments, or another session, are asked about.
    for (session, arguments) in [("a", json!({ "n": 2 })), ("b", json!({ "n": 1 }))] {
        let other = life.call(client(session), arguments);
        settle().await;
        assert_eq!(life.waiting().len(), 1);
        other.abort();
        settle().await;
    }
    let call = life.call(client("a"), json!({ "n": 1 }));
    assert!(matches!(call.await.unwrap(), Ok(Verdict::Approved(_))));
    assert!(life.approvals.get(&id).ok().unwrap().used);
    // It is used up, also for the next process.
    let call = life.call(client("a"), json!({ "n": 1 }));
    settle().await;
    assert_eq!(life.waiting().len(), 1);
    call.abort();
    settle().await;
    let next = Life::begin(&ledger, Some(Duration::from_secs(120)));
    let _call = next.call(client("a"), json!({ "n": 1 }));
    settle().await;
    assert_eq!(next.waiting().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_was_given_meanwhile_reaches_the_call_that_comes_again() {
    let (ledger, id) = killed_while_one_waits().await;
    let life = Life::begin(&ledger, Some(Duration::from_secs(120)));
    life.decide(&host(), &id, DENY).unwrap();
    let verdict = life.call(client("a"), json!({ "n": 1 })).await.unwrap();
    assert!(matches!(verdict, Ok(Verdict::Denied { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_comes_back_for_is_taken_back_with_the_reason() {
    let (ledger, id) = killed_while_one_waits().await;
    let life = Life::begin(&ledger, None);
    let row = life.approvals.get(&id).ok().unwrap();
    assert_eq!(row.standing, ApprovalStanding::Withdrawn);
    assert_eq!(row.reason.as_deref(), Some("restart"));
    assert_eq!(life.told(), ["approval.resolved withdrawn"]);
    // And once only.
    assert!(Life::begin(&ledger, None).told().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_does_not_come_back_in_its_time_loses_its_question() {
    let (ledger, id) = killed_while_one_waits().await;
    let life = Life::begin(&ledger, Some(Duration::from_secs(20)));
    tokio::select! {
        () = life.approvals.tend() => {}
        () = sleep(Duration::from_secs(21)) => {}
    }
    let row = life.approvals.get(&id).ok().unwrap();
    assert_eq!(row.standing, ApprovalStanding::Withdrawn);
    assert_eq!(row.reason.as_deref(), Some("session_ended"));
}

#[tokio::test(start_paused = true)]
async fn a_key_finds_its_question_from_another_session() {
    let ledger = memory();
    {
        let life = Life::begin(&ledger, None);
        let call = life.call_with_key(client("a"), json!({}), Some("k"));
        settle().await;
        std::mem::forget((call, Arc::clone(&life.approvals)));
    }
    let life = Life::begin(&ledger, None);
    let id = life.waiting().remove(0);
    let call = life.call_with_key(client("b"), json!({}), Some("k"));
    settle().await;
    assert_eq!(life.waiting(), [id.as_str()]);
    life.decide(&host(), &id, APPROVE).unwrap();
    assert!(matches!(call.await.unwrap(), Ok(Verdict::Approved(_))));
}

#[tokio::test(start_paused = true)]
async fn what_is_over_is_told_by_the_next_process_if_it_was_not() {
    let ledger = memory();
    let life = Life::begin(&ledger, None);
    let question = ClientQuestion {
        action: "deploy".to_owned(),
        agent_id: None,
        details: Value::Null,
        options: default_options(),
        anybodys: true,
    };
    let Ok(Raising::Now(row)) = life.approvals.raise(&client("a"), question) else {
        panic!("it waits for nothing");
    };
    life.decide(&host(), &row.id, APPROVE).unwrap();
    let untold = Arc::new(MemoryLedger::default());
    for mut row in ledger.load(10).unwrap() {
        assert!(row.announced);
        row.announced = false;
        untold.record(row, Box::new(|_| ()));
    }
    let untold: Arc<dyn ApprovalLedger> = untold;
    assert_eq!(
        Life::begin(&untold, None).told(),
        ["approval.resolved approve"]
    );
    assert!(Life::begin(&untold, None).told().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_finds_the_question_expired_when_it_wakes() {
    let life = Life::begin(&memory(), None);
    let call = life.call(client("a"), json!({}));
    settle().await;
    let id = life.waiting().remove(0);
    let seen = life.approvals.seen(&host(), vec![id.clone()]);
    assert_eq!(seen, [id.as_str()]);
    // The wall clock went on for an hour, and the runtime's did not.
    life.clock.0.fetch_add(3_600_000, Ordering::SeqCst);
    let late = life.decide(&host(), &id, APPROVE).unwrap_err();
    assert!(matches!(late, ApprovalError::Expired { .. }));
    let began = Instant::now();
    assert!(matches!(call.await.unwrap(), Ok(Verdict::TimedOut { .. })));
    assert!(began.elapsed() <= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_is_turned_back_gives_nobody_more_time() {
    let life = Life::begin(&memory(), None);
    let call = life.call(client("a"), json!({}));
    settle().await;
    let seen = life.waiting();
    life.approvals.seen(&host(), seen);
    life.clock.0.fetch_sub(7 * 86_400_000, Ordering::SeqCst);
    let began = Instant::now();
    assert!(matches!(call.await.unwrap(), Ok(Verdict::TimedOut { .. })));
    assert_eq!(began.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn the_time_that_is_left_is_kept_over_a_restart() {
    let ledger = memory();
    {
        let life = Life::begin(&ledger, None);
        let call = life.call(client("a"), json!({}));
        settle().await;
        life.approvals.seen(&host(), life.waiting());
        std::mem::forget((call, Arc::clone(&life.approvals)));
    }
    let life = Life::begin(&ledger, Some(Duration::from_secs(3_600)));
    let id = life.waiting().remove(0);
    life.clock.0.fetch_add(59_000, Ordering::SeqCst);
    assert!(life.waiting().contains(&id));
    tokio::select! {
        () = life.approvals.tend() => {}
        () = sleep(Duration::from_secs(61)) => {}
    }
    let row = life.approvals.get(&id).ok().unwrap();
    assert_eq!(row.standing, ApprovalStanding::Expired);
}

/// A ledger whose disk fills up.
#[derive(Debug, Default)]
struct Failing {
    rows: MemoryLedger,
    full: Mutex<bool>,
    /// What is on its way.
    delayed: Mutex<Vec<(LedgerRow, Waiter)>>,
}

struct Waiter(Told);

impl std::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waiter")
    }
}

impl Failing {
    fn recover(&self) {
        *self.full.lock() = false;
        let delayed = std::mem::take(&mut *self.delayed.lock());
        for (row, waiter) in delayed {
            self.rows.record(row, waiter.0);
        }
    }
}

impl ApprovalLedger for Failing {
    fn load(&self, over: usize) -> Result<Vec<LedgerRow>, LogError> {
        self.rows.load(over)
    }

    fn admits(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn record(&self, row: LedgerRow, mut told: Told) {
        if *self.full.lock() {
            told(Err(LogError::StorageFull));
            self.delayed.lock().push((row, Waiter(told)));
        } else {
            self.rows.record(row, told);
        }
    }

    fn note(&self, row: LedgerRow) {
        self.rows.note(row);
    }

    fn announced(&self, id: &str) {
        self.rows.announced(id);
    }

    fn forget(&self, id: &str) {
        self.delayed.lock().retain(|(row, _)| row.approval.id != id);
        self.rows.forget(id);
    }

    fn find(&self, id: &str) -> BoxFuture<'static, Result<Option<Approval>, LogError>> {
        self.rows.find(id)
    }

    fn history(&self, query: HistoryQuery) -> BoxFuture<'static, Result<Vec<Approval>, LogError>> {
        self.rows.history(query)
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_cannot_be_recorded_is_refused_and_never_shown() {
    let failing = Arc::<Failing>::default();
    let ledger: Arc<dyn ApprovalLedger> = Arc::<Failing>::clone(&failing);
    let life = Life::begin(&ledger, None);
    *failing.full.lock() = true;
    let verdict = life.call(client("a"), json!({})).await.unwrap();
    assert_eq!(verdict.unwrap(), Verdict::NotRecorded);
    failing.recover();
    assert_eq!((life.waiting().len(), life.told().len()), (0, 0));
    assert_eq!(life.approvals.pending(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_cannot_be_recorded_runs_nothing_and_counts_when_it_can() {
    let failing = Arc::<Failing>::default();
    let ledger: Arc<dyn ApprovalLedger> = Arc::<Failing>::clone(&failing);
    let life = Life::begin(&ledger, None);
    let call = life.call(client("a"), json!({}));
    settle().await;
    let id = life.waiting().remove(0);
    *failing.full.lock() = true;
    let refused = life.decide(&host(), &id, APPROVE).unwrap_err();
    assert!(matches!(
        refused,
        ApprovalError::Storage(LogError::StorageFull)
    ));
    assert_eq!(call.await.unwrap().unwrap(), Verdict::NotRecorded);
    assert_eq!(life.told(), ["approval.requested"]);
    failing.recover();
    assert_eq!(
        life.told(),
        ["approval.requested", "approval.resolved approve"]
    );
    assert_eq!(life.approvals.pending(), 0);
}
