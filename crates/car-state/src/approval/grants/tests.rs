mod book;
mod race;

use std::sync::Arc;

use car_protocol::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::approval::{Act, Operation, PolicyRevision, Requester, ToolVersion};
use crate::audit::{AuditSink, MemoryAudit};
use crate::clock::{Clock, IdSource};
use crate::identity::{Identity, Principal, Role, SessionId};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

fn tool(name: &str, version: &str) -> Operation {
    Operation::Tool {
        name: name.into(),
        version: Some(ToolVersion::named(version)),
    }
}

fn asks(session: &str, principal: Principal, operation: Operation, arguments: &Value) -> Act {
    let requester = Requester {
        principal,
        session: SessionId::new(session),
    };
    let act = Act::new(operation, arguments, requester).unwrap();
    act.under(Some(PolicyRevision::new("r1")))
}

/// A book that keeps nothing beyond its life.
pub(in crate::approval) fn in_memory(
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
) -> Arc<GrantBook> {
    let audit: Arc<dyn AuditSink> = Arc::<MemoryAudit>::default();
    let store = Arc::new(MemoryGrants::new(Arc::clone(&audit)));
    Arc::new(GrantBook::open(store, audit, clock, ids).unwrap())
}

/// The usual act: the client's session `s` runs `git` in the shell.
fn act() -> Act {
    asks(
        "s",
        Principal::Client,
        tool("shell", "1"),
        &json!({"command": "git status"}),
    )
}

fn host() -> Identity {
    Identity {
        session: SessionId::new("h"),
        principal: Principal::Host,
        role: Role::Host,
        auth_enabled: true,
    }
}

fn grant(id: &str, life: Life, remaining: Option<u32>) -> Grant {
    Grant {
        id: GrantId::new(id),
        owner: Principal::Client,
        operation: tool("shell", "1"),
        narrowing: Narrowing::default(),
        life,
        remaining,
        uses: 0,
        last_used_at: None,
        created_by: "host".into(),
        created_at: at(0),
        approval_id: "approval-1".into(),
        revision: None,
    }
}

fn table(grants: impl IntoIterator<Item = Grant>) -> Grants {
    let mut table = Grants::default();
    grants
        .into_iter()
        .for_each(|grant| table.add(grant).unwrap());
    table
}

#[test]
fn a_grant_covers_what_it_was_given_for_and_nothing_else() {
    let always = table([grant("g", Life::Always, None)]);
    let covered = |act: &Act| always.find(act, at(1)).is_some();
    let arguments = json!({"command": "git status"});
    assert!(covered(&act()));
    assert!(covered(&asks(
        "other",
        Principal::Client,
        tool("shell", "1"),
        &json!({})
    )));
    for act in [
        asks("s", Principal::Host, tool("shell", "1"), &arguments),
        asks(
            "s",
            Principal::Anonymous(SessionId::new("s")),
            tool("shell", "1"),
            &arguments,
        ),
        asks("s", Principal::Client, tool("shell", "2"), &arguments),
        asks("s", Principal::Client, tool("rm", "1"), &arguments),
        asks(
            "s",
            Principal::Client,
            Operation::Method("shell".into()),
            &arguments,
        ),
    ] {
        assert!(!covered(&act), "{act:?}");
    }
}

#[test]
fn a_grant_of_a_session_covers_that_session() {
    let table = table([grant("g", Life::Session(SessionId::new("s")), None)]);
    assert!(table.find(&act(), at(1)).is_some());
    let other = asks("t", Principal::Client, tool("shell", "1"), &json!({}));
    assert!(table.find(&other, at(1)).is_none());
}

#[test]
fn a_narrowed_grant_covers_what_it_is_narrowed_to() {
    let narrowing = Narrowing::default()
        .with_argument("/command", "git *")
        .unwrap();
    let mut narrow = grant("g", Life::Always, None);
    narrow.narrowing = Narrowing {
        agent: Some("ada".into()),
        ..narrowing
    };
    let table = table([narrow]);
    let ask = |command: &str, agent| {
        let arguments = json!({ "command": command });
        asks("s", Principal::Client, tool("shell", "1"), &arguments).of_agent(agent)
    };
    assert!(table.find(&ask("git log", Some("ada")), at(1)).is_some());
    assert!(table.find(&ask("rm -rf /", Some("ada")), at(1)).is_none());
    assert!(table.find(&ask("git log", Some("bob")), at(1)).is_none());
    assert!(table.find(&ask("git log", None), at(1)).is_none());
}

#[test]
fn a_grant_for_a_while_ends_by_the_wall_clock() {
    let mut table = table([grant("g", Life::Until(at(100)), None)]);
    assert!(table.take(&act(), at(99)).is_some());
    assert!(table.take(&act(), at(100)).is_none());
    assert_eq!(table.iter(at(100)).count(), 0);
    // A clock that is set back does not bring back what was swept.
    assert_eq!(table.sweep(at(100)).len(), 1);
    assert!(table.take(&act(), at(50)).is_none());
}

#[test]
fn what_counts_its_uses_is_spared_and_then_gone() {
    let mut table = table([
        grant("two", Life::Times, Some(2)),
        grant("one", Life::Times, Some(1)),
        grant("while", Life::Until(at(10)), None),
    ]);
    let used: Vec<_> = (8..14)
        .map(|now| {
            table
                .take(&act(), at(now))
                .map(|grant| grant.id.to_string())
        })
        .collect();
    let expected = ["while", "while", "one", "two", "two"].map(|id| Some(id.to_owned()));
    assert_eq!(used[..5], expected);
    assert_eq!(used[5], None);
    assert!(table.get(&GrantId::new("two")).is_none());
}

#[test]
fn the_table_is_bounded_for_each_and_for_all() {
    let mut table = Grants::default();
    for principal in 0..MAX_GRANTS / MAX_GRANTS_EACH {
        for number in 0..MAX_GRANTS_EACH {
            let mut one = grant(&format!("{principal}-{number}"), Life::Always, None);
            one.owner = Principal::Anonymous(SessionId::new(&principal.to_string()));
            table.add(one).unwrap();
        }
        let full = table.admits(&Principal::Anonymous(SessionId::new(
            &principal.to_string(),
        )));
        assert!(full.is_err());
    }
    let full = table.add(grant("more", Life::Always, None)).unwrap_err();
    assert_eq!(full.limit, MAX_GRANTS);
    // What ends makes room.
    assert_eq!(
        table.end_session(&SessionId::new("0")).len(),
        MAX_GRANTS_EACH
    );
    table.add(grant("more", Life::Always, None)).unwrap();
}

proptest! {
    /// Against a list that is searched from the front.
    #[test]
    fn no_order_of_uses_and_ends_uses_a_grant_too_often(
        steps in prop::collection::vec((0..5_u8, 0..4_usize, 1..4_u32), 0..40)
    ) {
        let mut table = Grants::default();
        let mut left = std::collections::BTreeMap::<String, u32>::new();
        for (number, (step, which, times)) in steps.into_iter().enumerate() {
            match step {
                0 => {
                    let id = number.to_string();
                    table.add(grant(&id, Life::Times, Some(times))).unwrap();
                    left.insert(id, times);
                }
                1 => {
                    let id = left.keys().nth(which).cloned();
                    if let Some(id) = id {
                        prop_assert!(table.remove(&GrantId::new(&id)).is_some());
                        left.remove(&id);
                    }
                }
                _ => {
                    let used = table.take(&act(), at(1));
                    prop_assert_eq!(used.is_some(), !left.is_empty());
                    if let Some(used) = used {
                        let id = used.id.to_string();
                        let most = left.get_mut(&id).unwrap();
                        *most -= 1;
                        prop_assert_eq!(used.remaining, Some(*most));
                        if *most == 0 {
                            left.remove(&id);
                        }
                    }
                }
            }
            prop_assert_eq!(table.iter(at(1)).count(), left.len());
        }
    }
}
