use std::sync::Arc;

use car_protocol::rpc::approvals::{ConsentScope, Narrowing as Wire};

use super::*;
use crate::audit::{AuditSink, Link, MemoryAudit};
use crate::clock::{CountingIds, FixedClock};

struct Fixture {
    book: GrantBook,
    audit: Arc<MemoryAudit>,
}

fn fixture() -> Fixture {
    let audit = Arc::<MemoryAudit>::default();
    let sink: Arc<dyn AuditSink> = Arc::<MemoryAudit>::clone(&audit);
    let store = Arc::new(MemoryGrants::new(Arc::clone(&sink)));
    Fixture {
        book: open(store, sink),
        audit,
    }
}

fn open(store: Arc<dyn GrantStore>, audit: Arc<dyn AuditSink>) -> GrantBook {
    let clock = Arc::new(FixedClock(at(1_000)));
    GrantBook::open(store, audit, clock, Arc::new(CountingIds::default())).unwrap()
}

impl Fixture {
    fn kinds(&self) -> Vec<String> {
        let kind = |link: &Link| {
            let body: Value = serde_json::from_str(&link.body).unwrap();
            body["kind"].as_str().unwrap().to_owned()
        };
        self.audit.links().iter().map(kind).collect()
    }
}

async fn give(book: &GrantBook, act: &Act, scope: ConsentScope, narrowing: Option<Wire>) -> Grant {
    let terms = book.terms(act.into(), &scope, narrowing.as_ref());
    let terms = terms.unwrap().unwrap();
    let (grant, kept) = book.give(terms, &host(), "approval-1").unwrap();
    kept.await.unwrap();
    grant
}

async fn runs(book: &GrantBook, act: &Act) -> bool {
    book.take(act).await.unwrap().is_some()
}

#[tokio::test]
async fn a_consent_to_three_times_is_one_and_a_grant_for_two_more() {
    let fixture = fixture();
    let grant = give(&fixture.book, &act(), ConsentScope::Times { n: 3 }, None).await;
    assert_eq!(
        (grant.remaining, grant.revision),
        (Some(2), Some(PolicyRevision::new("r1")))
    );
    assert!(runs(&fixture.book, &act()).await && runs(&fixture.book, &act()).await);
    assert!(!runs(&fixture.book, &act()).await);
    assert_eq!(
        fixture.kinds(),
        ["grant_created", "grant_used", "grant_used"]
    );
    let once = fixture
        .book
        .terms((&act()).into(), &ConsentScope::Times { n: 1 }, None);
    assert!(once.unwrap().is_none());
}

#[tokio::test]
async fn revoking_counts_from_the_next_call_on() {
    let fixture = fixture();
    let grant = give(&fixture.book, &act(), ConsentScope::Always, None).await;
    assert!(runs(&fixture.book, &act()).await);
    assert_eq!(fixture.book.list(&host())[0].uses, 1);
    fixture.book.revoke(&grant.id, &host()).await.unwrap();
    assert!(!runs(&fixture.book, &act()).await);
    let again = fixture.book.revoke(&grant.id, &host()).await.unwrap_err();
    assert!(matches!(again, GrantError::Unknown(_)));
    assert_eq!(fixture.kinds().last().unwrap(), "grant_revoked");
}

#[tokio::test]
async fn what_belongs_to_a_session_ends_with_it() {
    let fixture = fixture();
    give(&fixture.book, &act(), ConsentScope::Session, None).await;
    let anonymous = Principal::Anonymous(SessionId::new("s"));
    let nobody = asks("s", anonymous, tool("shell", "1"), &json!({}));
    give(&fixture.book, &nobody, ConsentScope::Always, None).await;
    fixture.book.end_session(&SessionId::new("t"));
    assert!(runs(&fixture.book, &act()).await && runs(&fixture.book, &nobody).await);
    fixture.book.end_session(&SessionId::new("s"));
    assert!(!runs(&fixture.book, &act()).await && !runs(&fixture.book, &nobody).await);
    assert!(fixture.book.list(&host()).is_empty());
    let kinds = fixture.kinds();
    assert_eq!(kinds[kinds.len() - 2..], ["grant_ended", "grant_ended"]);
}

#[tokio::test]
async fn everybody_sees_their_own_and_a_host_all() {
    let fixture = fixture();
    give(&fixture.book, &act(), ConsentScope::Always, None).await;
    let of = |principal: Principal| Identity {
        principal,
        role: Role::Client,
        ..host()
    };
    let seen = |identity: &Identity| fixture.book.list(identity).len();
    let stranger = of(Principal::Anonymous(SessionId::new("x")));
    assert_eq!(
        (seen(&host()), seen(&of(Principal::Client)), seen(&stranger)),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn a_consent_that_makes_no_sense_is_none() {
    let fixture = fixture();
    for scope in [
        ConsentScope::For { ms: 0 },
        ConsentScope::For { ms: u64::MAX },
        ConsentScope::Times { n: 0 },
        ConsentScope::Times { n: u32::MAX },
    ] {
        let refused = fixture
            .book
            .terms((&act()).into(), &scope, None)
            .unwrap_err();
        assert!(matches!(refused, GrantError::Scope), "{scope:?}");
    }
    for narrowing in [
        Wire {
            arguments: Some([("/command".to_owned(), "rm *".to_owned())].into()),
            ..Wire::default()
        },
        Wire {
            agent_id: Some("ada".to_owned()),
            ..Wire::default()
        },
    ] {
        let refused = fixture
            .book
            .terms((&act()).into(), &ConsentScope::Always, Some(&narrowing));
        assert!(matches!(
            refused,
            Err(GrantError::Narrowing(NarrowingError::NotCovered))
        ));
    }
    let same = Wire {
        same_arguments: Some(true),
        ..Wire::default()
    };
    give(&fixture.book, &act(), ConsentScope::Always, Some(same)).await;
    assert!(runs(&fixture.book, &act()).await);
    let other = act()
        .with_arguments(&json!({"command": "git push"}))
        .unwrap();
    assert!(!runs(&fixture.book, &other).await);
}

#[cfg(feature = "sqlite")]
mod stored {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::audit::{SqliteAudit, verify_file};
    use crate::db::{Database, DatabaseOptions};

    const LONG: Duration = Duration::from_secs(30);

    fn daemon(root: &Path) -> (Database, GrantBook) {
        let database = Database::open(root, DatabaseOptions::default()).unwrap();
        let audit = Arc::new(SqliteAudit::new(&database));
        let book = open(Arc::new(SqliteGrants::new(&database)), audit);
        (database, book)
    }

    #[tokio::test]
    async fn what_outlives_a_session_is_there_after_the_end_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let (database, book) = daemon(root.path());
        let narrowing = Wire {
            arguments: Some([("/command".to_owned(), "git *".to_owned())].into()),
            same_arguments: Some(true),
            agent_id: Some("ada".to_owned()),
        };
        let agent = act().of_agent(Some("ada"));
        give(
            &book,
            &agent,
            ConsentScope::For { ms: 60_000 },
            Some(narrowing),
        )
        .await;
        give(&book, &act(), ConsentScope::Session, None).await;
        give(&book, &act(), ConsentScope::Times { n: 3 }, None).await;
        let method = asks(
            "s",
            Principal::Host,
            Operation::Method("state.clear".into()),
            &json!({}),
        );
        let revoked = give(&book, &method, ConsentScope::Always, None).await;
        give(&book, &method, ConsentScope::Always, None).await;
        book.revoke(&revoked.id, &host()).await.unwrap();
        assert!(runs(&book, &method).await);
        let mut before = book.list(&host());
        before.retain(|grant| grant.ends_with().is_none());
        database.close(LONG).unwrap();
        drop((database, book));
        let (database, book) = daemon(root.path());
        let mut after = book.list(&host());
        after.sort_by_key(|grant| grant.id.clone());
        before.sort_by_key(|grant| grant.id.clone());
        assert_eq!((after.len(), &after), (3, &before));
        database.close(LONG).unwrap();
        verify_file(root.path(), None).unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_grant_for_three_times_is_never_used_four_times_over_restarts() {
        let root = tempfile::tempdir().unwrap();
        let (mut database, mut book) = daemon(root.path());
        give(&book, &act(), ConsentScope::Times { n: 4 }, None).await;
        let mut ran = 0;
        while runs(&book, &act()).await {
            ran += 1;
            database.close(LONG).unwrap();
            drop((database, book));
            (database, book) = daemon(root.path());
        }
        assert_eq!((ran, book.list(&host()).len()), (3, 0));
    }

    #[tokio::test]
    async fn what_is_used_at_once_is_counted_all_the_same() {
        let root = tempfile::tempdir().unwrap();
        let (database, book) = daemon(root.path());
        give(&book, &act(), ConsentScope::Times { n: 6 }, None).await;
        let act = act();
        let uses = (0..8).map(|_| runs(&book, &act));
        let ran = futures_util::future::join_all(uses).await;
        assert_eq!(ran.iter().filter(|ran| **ran).count(), 5);
        database.close(LONG).unwrap();
        drop((database, book));
        let (_database, book) = daemon(root.path());
        assert!(book.list(&host()).is_empty());
    }

    #[tokio::test]
    async fn storage_that_takes_nothing_lets_nothing_run_and_takes_no_use() {
        let root = tempfile::tempdir().unwrap();
        let (database, book) = daemon(root.path());
        give(&book, &act(), ConsentScope::Times { n: 3 }, None).await;
        database.close(LONG).unwrap();
        assert!(book.take(&act()).await.is_err());
        assert_eq!(book.list(&host())[0].remaining, Some(2));
    }
}
