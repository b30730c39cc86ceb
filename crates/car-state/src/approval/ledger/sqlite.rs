//! Records questions in the database. A question and its end wait for the disk; what else is noted does not.

mod writing;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::idempotency::IdempotencyKey;
use car_protocol::rpc::approvals::{Approval, ApprovalStanding};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use self::writing::{Forgetting, Noting, Writing, number};
use super::{ActKey, ApprovalLedger, HistoryQuery, LedgerRow, Terms, Told};
use crate::db::{Database, Job};
use crate::log::{Durability, LogError};
use crate::outcomes::Scope;

/// How long opening may take.
const OPEN_DEADLINE: Duration = Duration::from_secs(60);

/// Records questions in the database.
#[derive(Debug)]
pub struct SqliteLedger {
    database: Database,
    notes: Notes,
}

/// What is to be noted of rows, by their ids. A question that a hundred clients get changes a hundred times in a moment;
/// what is written is how it is when it is written.
type Notes = Arc<Mutex<HashMap<String, LedgerRow>>>;

/// What a question was asked under, as it is stored.
#[derive(Deserialize, Serialize)]
struct StoredTerms {
    timeout_ms: Option<u64>,
    reach_ms: u64,
    #[serde(default)]
    routes: Vec<String>,
    #[serde(default)]
    editable: bool,
    #[serde(default)]
    key: Option<(String, String)>,
}

impl SqliteLedger {
    /// In this database.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
            notes: Notes::default(),
        }
    }

    fn submit(&self, durability: Durability, job: impl Job + 'static) {
        self.database.submit_anyway(durability, Box::new(job));
    }
}

impl ApprovalLedger for SqliteLedger {
    fn load(&self, over: usize) -> Result<Vec<LedgerRow>, LogError> {
        let over = i64::try_from(over).unwrap_or(i64::MAX);
        let load = move |connection: &Connection| {
            let sql = "
                SELECT approval, terms, announced FROM approvals WHERE standing = 'pending' OR number IN
                    (SELECT number FROM approvals WHERE standing <> 'pending' ORDER BY number DESC LIMIT ?1)
                ORDER BY number";
            let mut rows = connection.prepare(sql)?;
            let rows = rows.query_map([over], kept)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        let loaded = self.database.submit(Durability::Os, 0, load)?;
        // A row that says nothing readable is none of this version.
        Ok(loaded.wait(OPEN_DEADLINE)?.into_iter().flatten().collect())
    }

    fn admits(&self) -> Result<(), LogError> {
        Ok(self.database.admits()?)
    }

    fn record(&self, row: LedgerRow, told: Told) {
        // It says all that was to be noted before.
        self.notes.lock().remove(&row.approval.id);
        self.submit(Durability::Fsync, Writing::of(row, Some(told)));
    }

    fn note(&self, row: LedgerRow) {
        let id = row.approval.id.clone();
        let waits = self.notes.lock().insert(id.clone(), row).is_some();
        if !waits {
            self.submit(Durability::Os, Noting::new(&self.notes, id));
        }
    }

    fn announced(&self, id: &str) {
        let id = id.to_owned();
        let sql = "UPDATE approvals SET announced = 1 WHERE id = ?1";
        let job =
            move |connection: &Connection| connection.prepare_cached(sql)?.execute([&id]).map(drop);
        // Where it is not noted the next process tells it again.
        drop(self.database.submit(Durability::Os, 64, job));
    }

    fn forget(&self, id: &str) {
        self.notes.lock().remove(id);
        self.submit(Durability::Os, Forgetting(id.to_owned()));
    }

    fn find(&self, id: &str) -> BoxFuture<'static, Result<Option<Approval>, LogError>> {
        let id = id.to_owned();
        let read = self.database.read(move |connection| {
            let sql = "SELECT approval, terms, announced FROM approvals WHERE id = ?1";
            let mut find = connection.prepare_cached(sql)?;
            find.query_row([id], kept).optional()
        });
        async move { Ok(read.await?.flatten().map(|row| row.approval)) }.boxed()
    }

    fn history(&self, query: HistoryQuery) -> BoxFuture<'static, Result<Vec<Approval>, LogError>> {
        let read = self.database.read(move |connection| {
            let sql = "
                SELECT approval, terms, announced FROM approvals
                WHERE standing <> 'pending' AND number < ?1 AND (?2 IS NULL OR agent = ?2)
                    AND (?3 IS NULL OR standing = ?3)
                ORDER BY number DESC LIMIT ?4";
            let mut rows = connection.prepare_cached(sql)?;
            let before = query.before.unwrap_or(u64::MAX);
            let asked = params![
                number(before),
                query.agent_id,
                query.standing.map(ApprovalStanding::as_str),
                i64::try_from(query.limit).unwrap_or(i64::MAX),
            ];
            let rows = rows.query_map(asked, kept)?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        });
        async move {
            let rows = read.await?.into_iter().flatten();
            Ok(rows.map(|row| row.approval).collect())
        }
        .boxed()
    }
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Option<LedgerRow>> {
    let (approval, terms): (String, String) = (row.get(0)?, row.get(1)?);
    let announced: bool = row.get(2)?;
    let read = serde_json::from_str::<Approval>(&approval)
        .and_then(|approval| Ok((approval, serde_json::from_str::<StoredTerms>(&terms)?)));
    let (approval, terms) = match read {
        Ok(read) => read,
        Err(error) => {
            tracing::error!(%error, "an approval cannot be read");
            return Ok(None);
        }
    };
    let key = terms.key.and_then(|(scope, key)| {
        Some(ActKey {
            scope: Scope::named(&scope),
            key: IdempotencyKey::new(&key).ok()?,
        })
    });
    Ok(Some(LedgerRow {
        approval,
        terms: Terms {
            timeout: terms.timeout_ms.map(Duration::from_millis),
            reach: Duration::from_millis(terms.reach_ms),
            routes: terms.routes,
            editable: terms.editable,
        },
        key,
        announced,
    }))
}

#[cfg(test)]
mod tests {
    use car_protocol::Timestamp;
    use car_protocol::rpc::approvals::{Asker, ConsentScope, Decider, DecisionMade, Noticed};
    use car_protocol::rpc::session::Role;
    use serde_json::Value;
    use tokio::sync::oneshot;

    use super::super::KEPT;
    use super::writing::prune;
    use super::*;
    use crate::audit::sqlite::AUDIT;
    use crate::db::DatabaseOptions;
    use crate::host::schema::HOST_PLANE;

    fn row(number: u64, standing: ApprovalStanding) -> LedgerRow {
        LedgerRow {
            approval: Approval {
                id: format!("approval-{number}"),
                number,
                action: "deploy".to_owned(),
                act: None,
                asker: Asker {
                    principal: "client".to_owned(),
                    role: Role::Client,
                    session_id: "a".to_owned(),
                },
                owner: Some("a".to_owned()),
                agent_id: number.is_multiple_of(2).then(|| "even".to_owned()),
                details: Value::Null,
                options: vec!["approve".to_owned()],
                standing,
                reason: None,
                created_at: Timestamp::from_unix_millis(1_767_323_045_678),
                reach_by: None,
                expires_at: None,
                delivered_to: Vec::new(),
                seen_by: Vec::new(),
                decision: None,
                ended_at: None,
                used: false,
            },
            terms: Terms {
                timeout: Some(Duration::from_secs(60)),
                reach: Duration::from_secs(30),
                routes: vec!["desktop".to_owned()],
                editable: true,
            },
            key: Some(ActKey {
                scope: Scope::named("client"),
                key: IdempotencyKey::new("k").unwrap(),
            }),
            announced: false,
        }
    }

    async fn record(ledger: &SqliteLedger, row: LedgerRow) {
        let (tell, told) = oneshot::channel();
        let tell = Arc::new(Mutex::new(Some(tell)));
        let told_once = move |outcome: Result<(), LogError>| {
            if let Some(tell) = tell.lock().take() {
                let _ = tell.send(outcome);
            }
        };
        ledger.record(row, Box::new(told_once));
        told.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_was_recorded_is_there_as_it_was_after_the_end() {
        let root = tempfile::tempdir().unwrap();
        let pending = row(1, ApprovalStanding::Pending);
        let mut over = row(2, ApprovalStanding::Denied);
        {
            let database = Database::open(root.path(), DatabaseOptions::default()).unwrap();
            let ledger = SqliteLedger::new(&database);
            record(&ledger, pending.clone()).await;
            record(&ledger, over.clone()).await;
            record(&ledger, row(3, ApprovalStanding::Pending)).await;
            ledger.announced(&over.approval.id);
            ledger.forget("approval-3");
            database.close(OPEN_DEADLINE).unwrap();
        }
        over.announced = true;
        let database = Database::open(root.path(), DatabaseOptions::default()).unwrap();
        let ledger = SqliteLedger::new(&database);
        assert_eq!(ledger.load(10).unwrap(), [pending.clone(), over.clone()]);
        assert_eq!(ledger.load(0).unwrap(), [pending]);
        let found = ledger.find("approval-2").await.unwrap();
        assert_eq!(found, Some(over.approval));
        assert_eq!(ledger.find("approval-3").await.unwrap(), None);
    }

    #[tokio::test]
    async fn what_changes_while_the_disk_is_busy_is_written_once() {
        let root = tempfile::tempdir().unwrap();
        let database = Database::open(root.path(), DatabaseOptions::default()).unwrap();
        let ledger = SqliteLedger::new(&database);
        let mut shown = row(1, ApprovalStanding::Pending);
        record(&ledger, shown.clone()).await;
        let (release, held) = std::sync::mpsc::channel::<()>();
        let busy = move |_: &Connection| {
            let _ = held.recv();
            Ok(())
        };
        let busy = database.submit(Durability::Os, 0, busy).unwrap();
        for name in ["a", "b", "c"] {
            shown.approval.delivered_to.push(Noticed {
                by: name.to_owned(),
                at: Timestamp::UNIX_EPOCH,
            });
            ledger.note(shown.clone());
        }
        // Another's is recorded, and with that what was to be noted of it.
        let mut other = row(2, ApprovalStanding::Pending);
        ledger.note(other.clone());
        other.approval.standing = ApprovalStanding::Expired;
        drop(release);
        record(&ledger, other.clone()).await;
        busy.await.unwrap();
        database.press();
        let nothing = |_: &Connection| Ok(());
        let behind = database.submit(Durability::Os, 0, nothing).unwrap();
        behind.await.unwrap();
        assert!(ledger.notes.lock().is_empty());
        assert_eq!(
            ledger.find("approval-1").await.unwrap(),
            Some(shown.approval)
        );
        assert_eq!(
            ledger.find("approval-2").await.unwrap(),
            Some(other.approval)
        );
        let records = database.read(|connection| {
            let sql = "SELECT body FROM audit ORDER BY seq";
            let mut bodies = connection.prepare(sql)?;
            let bodies = bodies.query_map([], |row| row.get::<_, String>(0))?;
            bodies.collect::<rusqlite::Result<Vec<_>>>()
        });
        let records = records.await.unwrap();
        let delivered: Vec<_> = records
            .iter()
            .filter(|body| body.contains(r#""kind":"delivered""#))
            .collect();
        assert_eq!(delivered.len(), 1, "{records:#?}");
        assert!(delivered[0].contains(r#"["a","b","c"]"#), "{delivered:?}");
    }

    #[tokio::test]
    async fn the_secrets_of_an_edit_stay_until_it_has_run() {
        let edited = |used| {
            let mut row = row(1, ApprovalStanding::Approved);
            row.approval.decision = Some(DecisionMade {
                resolution: "approve".to_owned(),
                by: Decider {
                    principal: "host".to_owned(),
                    role: Role::Host,
                    session_id: "b".to_owned(),
                },
                at: Timestamp::from_unix_millis(1_767_323_046_000),
                scope: ConsentScope::default(),
                narrowing: None,
                comment: None,
                edits: Some(serde_json::json!({ "password": "hunter2", "user": "ann" })),
            });
            row.approval.used = used;
            row
        };
        let edits = async |ledger: &SqliteLedger| {
            let found = ledger.find("approval-1").await.unwrap().unwrap();
            found.decision.unwrap().edits.unwrap()
        };
        let root = tempfile::tempdir().unwrap();
        let database = Database::open(root.path(), DatabaseOptions::default()).unwrap();
        let ledger = SqliteLedger::new(&database);

        record(&ledger, edited(false)).await;
        assert_eq!(edits(&ledger).await["password"], "hunter2");
        record(&ledger, edited(true)).await;
        let kept = edits(&ledger).await;
        assert_ne!(kept["password"], "hunter2");
        assert_eq!(kept["user"], "ann");
    }

    #[tokio::test]
    async fn history_is_read_in_pages_and_by_what_is_wanted() {
        let root = tempfile::tempdir().unwrap();
        let database = Database::open(root.path(), DatabaseOptions::default()).unwrap();
        let ledger = SqliteLedger::new(&database);
        for number in 1..=9 {
            let standing = match number % 3 {
                0 => ApprovalStanding::Pending,
                1 => ApprovalStanding::Approved,
                _ => ApprovalStanding::Expired,
            };
            record(&ledger, row(number, standing)).await;
        }
        let numbers = async |query| {
            let page = ledger.history(query).await.unwrap();
            page.iter().map(|row| row.number).collect::<Vec<_>>()
        };
        let all = HistoryQuery {
            limit: 100,
            ..HistoryQuery::default()
        };
        assert_eq!(numbers(all.clone()).await, [8, 7, 5, 4, 2, 1]);
        let page = HistoryQuery {
            limit: 2,
            before: Some(7),
            ..HistoryQuery::default()
        };
        assert_eq!(numbers(page).await, [5, 4]);
        let even = HistoryQuery {
            agent_id: Some("even".to_owned()),
            standing: Some(ApprovalStanding::Approved),
            ..all
        };
        assert_eq!(numbers(even).await, [4]);
    }

    #[test]
    fn what_is_too_old_or_too_much_goes_and_what_is_pending_stays() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(HOST_PLANE).unwrap();
        connection.execute_batch(AUDIT).unwrap();
        let write = |row| Writing::of(row, None).run(&connection).unwrap();
        let now = row(1, ApprovalStanding::Pending).approval.created_at;
        let mut old = row(1, ApprovalStanding::Denied);
        old.approval.created_at = Timestamp::UNIX_EPOCH;
        write(old);
        let mut waits = row(2, ApprovalStanding::Pending);
        waits.approval.created_at = Timestamp::UNIX_EPOCH;
        write(waits);
        let count = |sql| {
            let count = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
            count.unwrap()
        };
        for number in 3..=KEPT as u64 + 10 {
            write(row(number, ApprovalStanding::Denied));
        }
        prune(&connection, now).unwrap();
        let kept = i64::try_from(KEPT).unwrap();
        assert_eq!(count("SELECT count(*) FROM approvals"), kept + 1);
        assert_eq!(count("SELECT min(number) FROM approvals"), 2);
    }
}
