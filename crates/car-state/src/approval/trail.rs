//! What the change of an approval means for the audit log.

use car_protocol::Timestamp;
use car_protocol::rpc::approvals::{Approval, ApprovalStanding, ConsentScope, Noticed};
use serde_json::{Value, json};

use super::preview::masked;
use crate::audit::{AuditKind, Record, Who};

/// The records of the step from `before` to `after`, in their order: none where nothing happened that counts.
pub(crate) fn trail(before: Option<&Approval>, after: &Approval) -> Vec<Record> {
    let mut records = Vec::new();
    if before.is_none() {
        records.push(asked(after));
    }
    let known = |list: fn(&Approval) -> &[Noticed]| before.map_or(0, |before| list(before).len());
    let delivered = after.delivered_to.get(known(|row| &row.delivered_to)..);
    for (kind, noticed) in [
        (AuditKind::Delivered, delivered),
        (
            AuditKind::Seen,
            after.seen_by.get(known(|row| &row.seen_by)..),
        ),
    ] {
        // Those of one step are one record, of the time of the last.
        if let Some([.., last]) = noticed {
            let ways = noticed
                .iter()
                .copied()
                .flatten()
                .map(|noticed| noticed.by.clone());
            let record = about(Record::new(last.at, kind, after.id.as_str()), after);
            records.push(record.delivered(ways));
        }
    }
    let pending = before.is_none_or(|before| before.standing == ApprovalStanding::Pending);
    if pending && after.standing != ApprovalStanding::Pending {
        records.push(ended(after));
    }
    records
}

/// The record of a question that was never shown, because it or its answer could not be recorded in time.
#[cfg(feature = "sqlite")]
pub(crate) fn dropped(approval: &Approval) -> Record {
    let record = Record::new(
        approval.created_at,
        AuditKind::Withdrawn,
        approval.id.as_str(),
    );
    about(record, approval).with("reason", "not_shown")
}

fn about(record: Record, approval: &Approval) -> Record {
    let digest = approval
        .act
        .as_ref()
        .and_then(|act| act.digest.parse().ok());
    match digest {
        Some(digest) => record.about(digest),
        None => record,
    }
}

fn asked(approval: &Approval) -> Record {
    let asker = &approval.asker;
    let record = Record::new(approval.created_at, AuditKind::Asked, approval.id.as_str());
    let mut record = about(record, approval).by(Who {
        principal: asker.principal.clone(),
        role: asker.role,
        session: asker.session_id.clone(),
    });
    let mut text = json!({ "details": masked(approval.details.clone()) });
    match &approval.act {
        Some(act) => {
            for (kind, name) in [("method", &act.method), ("tool", &act.tool)] {
                if let Some(name) = name {
                    record = record.with(kind, name.as_str());
                }
            }
            for (name, fact) in [
                ("tool_version", &act.tool_version),
                ("policy_revision", &act.policy_revision),
            ] {
                if let Some(fact) = fact {
                    record = record.with(name, fact.as_str());
                }
            }
            text["preview"] = act.preview.clone();
        }
        // What a client asks for is in its own words.
        None => text["action"] = Value::from(approval.action.as_str()),
    }
    if let Some(agent) = &approval.agent_id {
        text["agent"] = Value::from(agent.as_str());
    }
    record.with_text(&text)
}

fn ended(approval: &Approval) -> Record {
    let at = approval.ended_at.unwrap_or(approval.created_at);
    let record = |at: Timestamp, kind| {
        let ways = approval.delivered_to.iter().map(|way| way.by.clone());
        about(Record::new(at, kind, approval.id.as_str()), approval).delivered(ways)
    };
    let Some(decision) = &approval.decision else {
        let kind = match approval.standing {
            ApprovalStanding::Expired => AuditKind::Expired,
            ApprovalStanding::AgentGone => AuditKind::AgentGone,
            _ => AuditKind::Withdrawn,
        };
        let ended = record(at, kind);
        return match &approval.reason {
            // A client says in its own words why it takes something back.
            Some(reason) if kind == AuditKind::Withdrawn => {
                ended.with_text(&json!({ "reason": reason }))
            }
            Some(reason) => ended.with("reason", reason.as_str()),
            None => ended,
        };
    };
    let by = &decision.by;
    let mut ended = record(decision.at, AuditKind::Decided)
        .by(Who {
            principal: by.principal.clone(),
            role: by.role,
            session: by.session_id.clone(),
        })
        .with("standing", approval.standing.as_str());
    // Of a call the resolution is one of ours, of a client's question it may be anything.
    if approval.act.is_some() {
        ended = ended.with("resolution", decision.resolution.as_str());
    }
    if decision.scope != ConsentScope::Once {
        let scope = serde_json::to_value(decision.scope).unwrap_or_default();
        ended = ended.with("scope", scope);
    }
    let mut text = json!({});
    if approval.act.is_none() {
        text["resolution"] = Value::from(decision.resolution.as_str());
    }
    if let Some(comment) = &decision.comment {
        text["comment"] = Value::from(comment.as_str());
    }
    if let Some(edits) = &decision.edits {
        text["edits"] = masked(edits.clone());
    }
    if text == json!({}) {
        return ended;
    }
    ended.with_text(&text)
}

#[cfg(test)]
mod tests {
    use car_protocol::rpc::approvals::{Act, Asker, Decider, DecisionMade};

    use super::*;
    use crate::audit::{Head, Link};
    use crate::identity::Role;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis)
    }

    fn row() -> Approval {
        Approval {
            id: "approval-1".into(),
            number: 1,
            action: "ws.method:m".into(),
            act: Some(Act {
                method: Some("m".into()),
                digest: "ab".repeat(32),
                preview: json!({"n": 1}),
                ..Act::default()
            }),
            asker: Asker {
                principal: "client".into(),
                role: Role::Client,
                session_id: "s".into(),
            },
            owner: None,
            agent_id: None,
            details: Value::Null,
            options: Vec::new(),
            standing: ApprovalStanding::Pending,
            reason: None,
            created_at: at(1),
            reach_by: None,
            expires_at: None,
            delivered_to: Vec::new(),
            seen_by: Vec::new(),
            decision: None,
            ended_at: None,
            used: false,
        }
    }

    fn notice(by: &str) -> Noticed {
        Noticed {
            by: by.into(),
            at: at(2),
        }
    }

    fn decided() -> Approval {
        Approval {
            standing: ApprovalStanding::Approved,
            decision: Some(DecisionMade {
                resolution: "approve".into(),
                by: Decider {
                    principal: "host".into(),
                    role: Role::Host,
                    session_id: "h".into(),
                },
                at: at(3),
                scope: ConsentScope::Times { n: 3 },
                narrowing: None,
                comment: Some("fine by me".into()),
                edits: Some(json!({"password": "hunter2"})),
            }),
            delivered_to: vec![notice("session:h")],
            seen_by: vec![notice("session:h")],
            ..row()
        }
    }

    fn kinds(before: Option<&Approval>, after: &Approval) -> Vec<&'static str> {
        let records = trail(before, after);
        records
            .iter()
            .map(|record| record.kind().as_str())
            .collect()
    }

    #[test]
    fn each_thing_that_happens_is_recorded_once() {
        let (row, decided) = (row(), decided());
        let delivered = Approval {
            delivered_to: vec![notice("session:h")],
            ..row.clone()
        };
        assert_eq!(kinds(None, &row), ["asked"]);
        assert_eq!(kinds(Some(&row), &row), [""; 0]);
        assert_eq!(kinds(Some(&row), &delivered), ["delivered"]);
        assert_eq!(kinds(Some(&delivered), &decided), ["seen", "decided"]);
        assert_eq!(
            kinds(None, &decided),
            ["asked", "delivered", "seen", "decided"]
        );
        let used = Approval {
            used: true,
            ..decided.clone()
        };
        assert_eq!(kinds(Some(&decided), &used), [""; 0]);
        for (standing, kind) in [
            (ApprovalStanding::Expired, "expired"),
            (ApprovalStanding::Withdrawn, "withdrawn"),
            (ApprovalStanding::AgentGone, "agent_gone"),
        ] {
            let over = Approval {
                standing,
                ..row.clone()
            };
            assert_eq!(kinds(Some(&row), &over), [kind]);
        }
    }

    #[test]
    fn a_decision_says_who_and_what_and_can_lose_what_was_written() {
        let records = trail(Some(&row()), &decided());
        let link = Link::after(&Head::EMPTY, records.last().unwrap());
        let body: Value = serde_json::from_str(&link.body).unwrap();
        assert_eq!(body["who"]["principal"], "host");
        assert_eq!(body["facts"]["resolution"], "approve");
        assert_eq!(body["facts"]["scope"]["n"], 3);
        assert_eq!(body["digest"], "ab".repeat(32));
        assert_eq!(body["delivered"], json!(["session:h"]));
        let text = link.text.unwrap();
        assert!(
            text.contains("fine by me") && !text.contains("hunter2"),
            "{text}"
        );
        assert!(!link.body.contains("fine by me"));
    }
}
