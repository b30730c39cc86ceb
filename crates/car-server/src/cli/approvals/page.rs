//! Approvals and grants for a person.

use std::fmt::Write as _;

use car_protocol::Timestamp;
use car_protocol::rpc::approvals::{
    Approval, ApprovalStanding, ConsentScope, DecisionMade, Noticed,
};
use car_protocol::rpc::grants::Grant;
use serde_json::Value;

use super::asker;
use super::text::{columns, cut, plain, span};

/// How much of an action or of arguments a table shows, in characters.
const CELL: usize = 60;

/// A line for each.
pub(super) fn table(approvals: &[Approval], now: Timestamp) -> String {
    if approvals.is_empty() {
        return "nothing waits for a person\n".to_owned();
    }
    let rows: Vec<Vec<String>> = approvals
        .iter()
        .map(|approval| {
            vec![
                approval.id.clone(),
                state(approval, now),
                cut(&asker(approval), 24),
                cut(&plain(&approval.action), CELL),
                cut(&arguments(approval), CELL),
            ]
        })
        .collect();
    columns(&["ID", "STATE", "FROM", "WHAT", "WITH"], &rows)
}

/// Where it stands, and for how long.
fn state(approval: &Approval, now: Timestamp) -> String {
    match (approval.standing, approval.expires_at, approval.ended_at) {
        (ApprovalStanding::Pending, Some(until), _) => format!("{} left", span(now, until)),
        (ApprovalStanding::Pending, None, _) => format!("waits {}", span(approval.created_at, now)),
        (standing, _, Some(ended)) => format!("{} {} ago", standing.as_str(), span(ended, now)),
        (standing, ..) => standing.as_str().to_owned(),
    }
}

/// What is shown of the arguments, in a line.
fn arguments(approval: &Approval) -> String {
    let preview = match &approval.act {
        Some(act) => &act.preview,
        None => &approval.details,
    };
    match preview {
        Value::Null => String::new(),
        Value::String(text) => plain(text),
        other => plain(&other.to_string()),
    }
}

/// Everything about one.
pub(super) fn whole(approval: &Approval, now: Timestamp) -> String {
    let mut text = format!("{}  {}\n", approval.id, state(approval, now));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {name:<12} {value}");
        }
    };
    line("what", &plain(&approval.action));
    line("with", &arguments(approval));
    let by = &approval.asker;
    line(
        "asked by",
        &format!("{}, session {}", by.principal, by.session_id),
    );
    line(
        "agent",
        &approval.agent_id.as_deref().map(plain).unwrap_or_default(),
    );
    line(
        "asked",
        &format!(
            "{}, {} ago",
            approval.created_at,
            span(approval.created_at, now)
        ),
    );
    if let Some(until) = approval.expires_at {
        line("expires", &until.to_string());
    }
    if let Some(act) = &approval.act {
        let optional = |text: &Option<String>| text.as_deref().map(plain).unwrap_or_default();
        line("because", &optional(&act.because));
        line("project", &optional(&act.project));
        line("tool version", &optional(&act.tool_version));
        line("rules", &optional(&act.policy_revision));
        line("digest", &act.digest);
        line("details", &details(&approval.details));
    }
    line("options", &plain(&approval.options.join(", ")));
    line("shown to", &noticed(&approval.delivered_to));
    line("seen by", &noticed(&approval.seen_by));
    if let Some(decision) = &approval.decision {
        line("decision", &consent(decision));
        line(
            "comment",
            &decision.comment.as_deref().map(plain).unwrap_or_default(),
        );
        let edits = decision.edits.as_ref().map(Value::to_string);
        line("edited to", &plain(&edits.unwrap_or_default()));
    }
    line(
        "reason",
        &approval.reason.as_deref().map(plain).unwrap_or_default(),
    );
    text
}

fn details(details: &Value) -> String {
    match details {
        Value::Null => String::new(),
        Value::Object(members) if members.is_empty() => String::new(),
        other => plain(&other.to_string()),
    }
}

fn noticed(noticed: &[Noticed]) -> String {
    let each: Vec<String> = noticed
        .iter()
        .map(|noticed| format!("{} at {}", plain(&noticed.by), noticed.at))
        .collect();
    each.join(", ")
}

/// Who decided what, and how far it reaches.
pub(super) fn consent(decision: &DecisionMade) -> String {
    let reach = match decision.scope {
        ConsentScope::Session => ", for the session".to_owned(),
        ConsentScope::Always => ", always".to_owned(),
        ConsentScope::For { ms } => format!(", for {} s", ms / 1_000),
        ConsentScope::Times { n } => format!(", {}", times(n.into())),
        _ => String::new(),
    };
    let resolution = plain(&decision.resolution);
    format!(
        "{resolution} by {}{reach}, {}",
        decision.by.principal, decision.at
    )
}

/// What became of one that was decided just now.
pub(super) fn decided(approval: &Approval) -> String {
    let what = approval.decision.as_ref().map(consent);
    let what = what.unwrap_or_else(|| approval.standing.as_str().to_owned());
    format!("{}  {}  {what}\n", approval.id, plain(&approval.action))
}

/// How often.
pub(super) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

/// A line for each grant.
pub(super) fn grants(grants: &[Grant], now: Timestamp) -> String {
    if grants.is_empty() {
        return "there are no grants\n".to_owned();
    }
    let rows: Vec<Vec<String>> = grants
        .iter()
        .map(|grant| {
            let what = match (&grant.method, &grant.tool) {
                (Some(method), _) => plain(method),
                (_, Some(tool)) => format!("tool {}", plain(tool)),
                _ => String::new(),
            };
            let used = match grant.last_used_at {
                Some(last) => format!("{}, {} ago", times(grant.uses), span(last, now)),
                None => "never".to_owned(),
            };
            vec![
                grant.id.clone(),
                grant.owner.clone(),
                what,
                ends(grant, now),
                used,
                cut(&narrowed(grant), CELL),
            ]
        })
        .collect();
    columns(&["ID", "TO", "WHAT", "ENDS", "USED", "ONLY"], &rows)
}

fn ends(grant: &Grant, now: Timestamp) -> String {
    match (grant.expires_at, grant.remaining, &grant.session_id) {
        (Some(until), ..) => format!("in {}", span(now, until)),
        (_, Some(left), _) => format!("after {left} more"),
        (.., Some(session)) => format!("with session {session}"),
        _ => "when revoked".to_owned(),
    }
}

fn narrowed(grant: &Grant) -> String {
    let mut parts: Vec<String> = grant
        .arguments
        .iter()
        .map(|(pointer, pattern)| format!("{}={}", plain(pointer), plain(pattern)))
        .collect();
    if let Some(digest) = &grant.digest {
        parts.push(format!("act {}", cut(digest, 13)));
    }
    if let Some(agent) = &grant.agent_id {
        parts.push(format!("agent {}", plain(agent)));
    }
    parts.join(" ")
}

/// One in a line.
pub(super) fn line(approval: &Approval) -> String {
    let with = cut(&arguments(approval), 2 * CELL);
    format!(
        "{}  {}  {}  {with}\n",
        approval.id,
        asker(approval),
        plain(&approval.action)
    )
}
