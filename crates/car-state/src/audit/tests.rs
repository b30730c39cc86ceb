use car_protocol::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::approval::{Act, Operation, Requester};
use crate::identity::{Principal, Role, SessionId};

fn who() -> Who {
    Who {
        principal: "host".into(),
        role: Role::Host,
        session: "s".into(),
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

/// A record with everything.
fn record(n: i64) -> Record {
    let requester = Requester {
        principal: Principal::Client,
        session: SessionId::new("c"),
    };
    let operation = Operation::Method("state.clear".into());
    let act = Act::new(operation, &json!({ "n": n }), requester).unwrap();
    Record::new(at(1_000 * n), AuditKind::Decided, format!("approval-{n}"))
        .by(who())
        .about(act.digest())
        .delivered(["session:x".to_owned()])
        .with("resolution", "approve")
        .with_text(&json!({"comment": format!("because of {n}"), "preview": {"n": n}}))
}

/// The same chain in memory.
fn chain(length: i64) -> Vec<Link> {
    let mut head = Head::EMPTY;
    (1..=length)
        .map(|n| {
            let link = Link::after(&head, &record(n));
            head = link.head();
            link
        })
        .collect()
}

fn check(links: &[Link], noted: Option<Head>, expected: Option<Head>) -> Result<Summary, Break> {
    let mut verifier = Verifier::new(Head::EMPTY, expected);
    for link in links {
        verifier.next(link)?;
    }
    verifier.finish(noted)
}

#[test]
fn a_chain_that_nobody_touched_is_whole() {
    let links = chain(5);
    let head = links[4].head();
    let summary = check(&links, Some(head), Some(head)).unwrap();
    assert_eq!((summary.records, summary.first, summary.head), (5, 1, head));
    assert_eq!(check(&[], Some(Head::EMPTY), None).unwrap().records, 0);
    assert_eq!(head.to_string().parse(), Ok(head));
}

#[test]
fn a_record_says_what_happened_and_not_what_was_written() {
    let body: Value = serde_json::from_str(&chain(1)[0].body).unwrap();
    assert_eq!(body["kind"], "decided");
    assert_eq!(body["subject"], "approval-1");
    assert_eq!(body["who"]["principal"], "host");
    assert_eq!(body["facts"]["resolution"], "approve");
    assert!(!body.to_string().contains("because"));
    // The same text has another digest each time: nobody can look it up.
    assert_ne!(chain(1)[0].body, chain(1)[0].body);
}

#[test]
fn every_byte_of_a_record_counts() {
    let links = chain(3);
    let flip = |bytes: &mut Vec<u8>, at: usize| bytes[at] ^= 1;
    for place in 0..3 {
        let lengths = [
            links[place].body.len(),
            links[place].hash.len(),
            links[place].salt.as_ref().unwrap().len(),
            links[place].text.as_ref().unwrap().len(),
        ];
        for (column, length) in lengths.into_iter().enumerate() {
            for byte in 0..length {
                let mut links = links.clone();
                let link = &mut links[place];
                let text = |text: &mut String| {
                    let mut bytes = std::mem::take(text).into_bytes();
                    flip(&mut bytes, byte);
                    *text = String::from_utf8_lossy(&bytes).into_owned();
                };
                match column {
                    0 => text(&mut link.body),
                    1 => flip(&mut link.hash, byte),
                    2 => flip(link.salt.as_mut().unwrap(), byte),
                    _ => text(link.text.as_mut().unwrap()),
                }
                let broken = check(&links, None, None).unwrap_err();
                assert_eq!(broken.seq, place as u64 + 1, "{column} {byte} {broken}");
            }
        }
    }
}

#[test]
fn records_cannot_be_removed_swapped_added_or_repeated() {
    let links = chain(4);
    for place in 0..3 {
        let mut removed = links.clone();
        removed.remove(place);
        assert!(check(&removed, None, None).is_err());
        let mut swapped = links.clone();
        swapped.swap(place, place + 1);
        assert!(check(&swapped, None, None).is_err());
        // With their numbers changed to fit.
        let (one, other) = (swapped[place].seq, swapped[place + 1].seq);
        swapped[place].seq = other;
        swapped[place + 1].seq = one;
        assert!(check(&swapped, None, None).is_err());
        let mut repeated = links.clone();
        repeated.insert(place, links[place].clone());
        assert!(check(&repeated, None, None).is_err());
        let mut added = links.clone();
        added.insert(place + 1, Link::after(&links[place].head(), &record(9)));
        assert!(check(&added, None, None).is_err());
    }
}

#[test]
fn an_end_that_is_gone_is_found_where_a_head_was_kept() {
    let links = chain(4);
    let head = links[3].head();
    let cut = &links[..3];
    assert_eq!(
        check(cut, Some(head), None).unwrap_err().what,
        BreakKind::End
    );
    assert_eq!(
        check(cut, None, Some(head)).unwrap_err().what,
        BreakKind::End
    );
    // Somebody who can change everything goes unnoticed without it, and is found with it.
    let mut forged = cut.to_vec();
    forged.push(Link::after(&cut[2].head(), &record(9)));
    let noted = Some(forged[3].head());
    assert!(check(&forged, noted, None).is_ok());
    let broken = check(&forged, noted, Some(head)).unwrap_err();
    assert_eq!((broken.seq, broken.what), (4, BreakKind::Head));
}

#[test]
fn a_text_that_is_gone_has_to_have_been_redacted() {
    let mut links = chain(3);
    (links[1].salt, links[1].text) = (None, None);
    let broken = check(&links, None, None).unwrap_err();
    assert_eq!((broken.seq, broken.what), (2, BreakKind::TextGone));
    let said = |first: u64, last: u64| {
        Record::new(at(9_000), AuditKind::Redacted, "audit")
            .with("first", first)
            .with("last", last)
    };
    let mut other = links.clone();
    other.push(Link::after(&links[2].head(), &said(1, 1)));
    assert_eq!(
        check(&other, None, None).unwrap_err().what,
        BreakKind::TextGone
    );
    links.push(Link::after(&links[2].head(), &said(2, 2)));
    assert_eq!(check(&links, None, None).unwrap().redacted, 1);
    // Half of it is not enough.
    let mut half = chain(1);
    half[0].salt = None;
    assert_eq!(check(&half, None, None).unwrap_err().what, BreakKind::Text);
}

#[tokio::test]
async fn memory_keeps_the_newest_of_one_chain() {
    let audit = MemoryAudit::default();
    for n in 0..1_010 {
        audit.append(record(n)).await.unwrap();
    }
    let links = audit.links();
    assert_eq!((links.len(), links[0].seq), (1_000, 11));
    let redacted = audit.redact(Stretch::One(20), who(), at(0)).await.unwrap();
    assert_eq!((redacted.first, redacted.texts), (20, 1));
    let summary = audit.verify(None).await.unwrap().unwrap();
    assert_eq!(
        (summary.first, summary.records, summary.redacted),
        (12, 1_000, 1)
    );
    assert!(audit.verify(Some(summary.head)).await.unwrap().is_ok());
    let other = Head {
        seq: 50,
        ..summary.head
    };
    assert!(audit.verify(Some(other)).await.unwrap().is_err());
    let anchored = Link::after(&Head::EMPTY, &record(0)).head();
    let mut verifier = Verifier::new(anchored, None);
    assert!(verifier.next(&links[0]).is_err());
}

#[test]
fn what_is_too_long_is_replaced_by_its_length() {
    let long = record(1).with_text(&json!("x".repeat(MAX_TEXT)));
    let link = Link::after(&Head::EMPTY, &long);
    assert_eq!(
        link.text.unwrap(),
        format!(r#"{{"left_out_bytes":{}}}"#, MAX_TEXT + 2)
    );
}

#[cfg(feature = "sqlite")]
mod stored {
    use std::time::Duration;

    use rusqlite::types::Value as Stored;
    use rusqlite::{Connection, params};

    use super::super::sqlite::{AUDIT, append, prune, redact, verify};
    use super::*;
    use crate::db::{Database, DatabaseOptions};

    const LONG: Duration = Duration::from_secs(30);

    fn file(length: i64) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(AUDIT).unwrap();
        for n in 1..=length {
            append(&connection, &record(n)).unwrap();
        }
        connection
    }

    fn broken(connection: &Connection) -> Break {
        verify(connection, None).unwrap().unwrap_err()
    }

    fn whole(connection: &Connection) -> Summary {
        verify(connection, None).unwrap().unwrap()
    }

    #[test]
    fn every_byte_of_every_column_counts() {
        let connection = file(3);
        for (table, key, columns) in [
            ("audit", "seq", &["seq", "body", "hash", "salt", "text"][..]),
            ("audit_ends", "name", &["name", "seq", "hash"]),
        ] {
            let sql = format!("SELECT {key} FROM {table}");
            let mut keys = connection.prepare(&sql).unwrap();
            let keys = keys.query_map([], |row| row.get::<_, Stored>(0)).unwrap();
            for row in keys.collect::<Result<Vec<_>, _>>().unwrap() {
                for column in columns {
                    let get = format!("SELECT {column} FROM {table} WHERE {key} = ?1");
                    let value: Stored = connection
                        .query_row(&get, [&row], |row| row.get(0))
                        .unwrap();
                    for changed in changes(&value) {
                        connection.execute_batch("SAVEPOINT attack").unwrap();
                        let set =
                            format!("UPDATE OR REPLACE {table} SET {column} = ?1 WHERE {key} = ?2");
                        connection.execute(&set, params![changed, row]).unwrap();
                        let found = verify(&connection, None).unwrap();
                        assert!(found.is_err(), "{table} {row:?} {column} {changed:?}");
                        connection
                            .execute_batch("ROLLBACK TO attack; RELEASE attack")
                            .unwrap();
                    }
                }
            }
        }
        whole(&connection);
    }

    /// The value with each byte changed, or another number.
    fn changes(value: &Stored) -> Vec<Stored> {
        let flipped = |bytes: &[u8]| -> Vec<Vec<u8>> {
            (0..bytes.len())
                .map(|at| {
                    let mut bytes = bytes.to_vec();
                    bytes[at] ^= 1;
                    bytes
                })
                .collect()
        };
        match value {
            Stored::Integer(number) => vec![(number + 1).into(), (number - 1).into(), 77.into()],
            Stored::Blob(bytes) => flipped(bytes).into_iter().map(Stored::Blob).collect(),
            Stored::Text(text) => flipped(text.as_bytes())
                .into_iter()
                .map(|bytes| Stored::Text(String::from_utf8_lossy(&bytes).into_owned()))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rows_cannot_be_deleted_or_moved() {
        let connection = file(4);
        for attack in [
            "DELETE FROM audit WHERE seq = 1",
            "DELETE FROM audit WHERE seq = 2",
            "DELETE FROM audit WHERE seq = 4",
            "DELETE FROM audit",
            "UPDATE audit SET seq = -2 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;
             UPDATE audit SET seq = 3 WHERE seq = -2",
            "DELETE FROM audit WHERE seq <= 2;
             INSERT INTO audit_ends SELECT 'anchor', 2, hash FROM audit WHERE seq = 3",
        ] {
            connection
                .execute_batch(&format!("SAVEPOINT attack; {attack}"))
                .unwrap();
            broken(&connection);
            // Nor does the next record cover that up.
            append(&connection, &record(9)).unwrap();
            broken(&connection);
            connection
                .execute_batch("ROLLBACK TO attack; RELEASE attack")
                .unwrap();
        }
        whole(&connection);
    }

    #[test]
    fn the_oldest_are_dropped_and_the_rest_still_verifies() {
        let connection = file(40);
        prune(&connection, at(0), 20, i64::MAX).unwrap();
        // A tenth below the bound, and the record that says so.
        let summary = whole(&connection);
        assert_eq!(
            (summary.first, summary.records, summary.head.seq),
            (23, 19, 41)
        );
        prune(&connection, at(0), 20, i64::MAX).unwrap();
        assert_eq!(whole(&connection), summary);
        for n in 41..60 {
            append(&connection, &record(n)).unwrap();
        }
        prune(&connection, at(0), 20, i64::MAX).unwrap();
        whole(&connection);
        connection
            .execute_batch("DELETE FROM audit_ends WHERE name = 'anchor'")
            .unwrap();
        broken(&connection);
    }

    #[test]
    fn what_is_too_old_is_dropped_a_month_later() {
        const DAY: i64 = 24 * 3_600 * 1_000;
        let connection = file(0);
        for day in 0..100 {
            let record = Record::new(at(day * DAY), AuditKind::Expired, "a");
            append(&connection, &record).unwrap();
        }
        prune(&connection, at(60 * DAY), u64::MAX, 30 * DAY).unwrap();
        assert_eq!(whole(&connection).first, 1);
        prune(&connection, at(61 * DAY), u64::MAX, 30 * DAY).unwrap();
        assert_eq!(whole(&connection).first, 32);
    }

    #[test]
    fn what_was_written_can_be_redacted_and_the_chain_still_verifies() {
        let connection = file(6);
        let redacted = redact(&connection, Stretch::One(2), &who(), at(9_000)).unwrap();
        assert_eq!((redacted.first, redacted.last, redacted.texts), (2, 2, 1));
        assert_eq!(whole(&connection).redacted, 1);
        let before = Stretch::Before(at(5_000));
        let redacted = redact(&connection, before, &who(), at(9_000)).unwrap();
        assert_eq!((redacted.first, redacted.last, redacted.texts), (1, 4, 3));
        let left: u32 = connection
            .query_row("SELECT count(text) + count(salt) FROM audit", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!((left, whole(&connection).redacted), (4, 4));
        // Nothing is recorded where there is nothing.
        let head = whole(&connection).head;
        redact(&connection, Stretch::One(2), &who(), at(9_000)).unwrap();
        redact(&connection, Stretch::One(99), &who(), at(9_000)).unwrap();
        assert_eq!(whole(&connection).head, head);
    }

    #[tokio::test]
    async fn a_file_is_verified_exported_and_redacted_without_a_daemon() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(
            verify_file(root.path(), None),
            Err(AuditFileError::None(_))
        ));
        let database = Database::open(root.path(), DatabaseOptions::default()).unwrap();
        let audit = SqliteAudit::new(&database);
        for n in 1..=3 {
            audit.append(record(n)).await.unwrap();
        }
        // While it is in use, too.
        let summary = verify_file(root.path(), None).unwrap().unwrap();
        assert_eq!(summary.records, 3);
        let refused = redact_file(root.path(), Stretch::One(1), who(), at(0)).unwrap_err();
        assert!(matches!(refused, AuditFileError::Database(_)));
        database.close(LONG).unwrap();
        drop((database, audit));
        let redacted = redact_file(root.path(), Stretch::One(1), who(), at(0)).unwrap();
        assert_eq!(redacted.texts, 1);
        let mut out = Vec::new();
        let head = export(root.path(), &mut out).unwrap();
        let lines = String::from_utf8(out).unwrap();
        let lines: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0]["text"], Value::Null);
        assert_eq!(lines[1]["text"]["comment"], "because of 2");
        assert_eq!(lines[3]["body"]["kind"], "redacted");
        // Whoever has the export can check it: the digest is that of the body's canonical text.
        use sha2::Digest as _;
        for line in &lines {
            let body = crate::approval::canonical(&line["body"]).unwrap();
            let hash = super::super::chain::hex(&sha2::Sha256::digest(body.as_bytes()));
            assert_eq!(line["hash"], hash);
        }
        assert!(verify_file(root.path(), Some(head)).unwrap().is_ok());
        assert!(
            verify_file(root.path(), Some(summary.head))
                .unwrap()
                .is_ok()
        );
        let unknown = Head { seq: 9, ..head };
        assert!(verify_file(root.path(), Some(unknown)).unwrap().is_err());
    }
}
