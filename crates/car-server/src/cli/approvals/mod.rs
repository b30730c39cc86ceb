//! `car-server approvals`: what waits for a person, and the person's answers.

mod arguments;
mod page;
mod text;
mod watch;

use std::time::Duration;

use car_protocol::method::Method;
use car_protocol::rpc::approvals::{
    Approval, ApprovalParams, Choice, Decide, DecideParams, Get, History, HistoryParams, List,
    ListParams,
};
use car_protocol::rpc::grants;
use car_server::config::{Environment, Flags};
use car_state::clock::{Clock as _, SystemClock};
use serde::Serialize;

pub(super) use arguments::{Approvals, Grants};

use super::conversation::{Role, converse};
use super::failure::Failure;
use super::output;
use super::running::Running;

/// How long the daemon may take to answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// Does what is asked for.
pub(super) fn run(
    flags: &Flags,
    environment: &Environment,
    what: Approvals,
) -> Result<(), Failure> {
    let find = || Running::find(flags, environment);
    let now = SystemClock.now();
    match what {
        Approvals::List { agent, json } => {
            let params = ListParams {
                agent_id: agent,
                ..ListParams::default()
            };
            let list = ask::<List>(&find()?, params)?;
            tell(json, &list, || page::table(&list.approvals, now))
        }
        Approvals::Watch { json, count } => watch::run(flags, environment, json, count),
        Approvals::Show { id, json } => {
            let approval_id = prefixed("approval", id);
            let approval = ask::<Get>(&find()?, ApprovalParams { approval_id })?;
            tell(json, &approval, || page::whole(&approval, now))
        }
        Approvals::Approve {
            id,
            consent,
            comment,
            edits,
            digest,
            json,
        } => {
            let edits = edits.as_deref().map(serde_json::from_str).transpose();
            let params = DecideParams {
                digest,
                scope: consent.scope(),
                narrowing: consent.narrowing()?,
                comment,
                edits: edits
                    .map_err(|error| Failure::usage(format!("--edits is no JSON: {error}")))?,
                ..decision(id, Choice::Approve)
            };
            decide(&find()?, params, json)
        }
        Approvals::Deny { id, comment, json } => {
            let params = DecideParams {
                comment,
                ..decision(id, Choice::Deny)
            };
            decide(&find()?, params, json)
        }
        Approvals::History {
            limit,
            before,
            agent,
            json,
        } => {
            let params = HistoryParams {
                limit: Some(limit),
                before,
                agent_id: agent,
                ..HistoryParams::default()
            };
            let history = ask::<History>(&find()?, params)?;
            tell(json, &history, || {
                let mut text = page::table(&history.approvals, now);
                if let Some(next) = history.next {
                    text.push_str(&format!("more with --before {next}\n"));
                }
                text
            })
        }
        Approvals::Grants(Grants::List { json }) => {
            let list = ask::<grants::List>(&find()?, grants::ListParams::default())?;
            tell(json, &list, || page::grants(&list.grants, now))
        }
        Approvals::Grants(Grants::Revoke { id, json }) => {
            let grant_id = prefixed("grant", id);
            let grant = ask::<grants::Revoke>(&find()?, grants::RevokeParams { grant_id })?;
            tell(json, &grant, || {
                let used = page::times(grant.uses);
                format!("{} is revoked; it was used {used}\n", grant.id)
            })
        }
    }
}

fn decision(id: String, decision: Choice) -> DecideParams {
    DecideParams {
        approval_id: prefixed("approval", id),
        decision,
        digest: None,
        scope: None,
        narrowing: None,
        comment: None,
        edits: None,
    }
}

fn decide(running: &Running, params: DecideParams, json: bool) -> Result<(), Failure> {
    let approval = ask::<Decide>(running, params)?;
    tell(json, &approval, || page::decided(&approval))
}

fn ask<M: Method>(running: &Running, params: M::Params) -> Result<M::Result, Failure> {
    // Where authentication is off there is no token, and everybody may.
    let role = if running.client_token()?.is_some() {
        Role::Host
    } else {
        Role::Client
    };
    converse(running, role, DEADLINE, async |client| {
        client.call::<M>(params).await
    })
}

fn tell(json: bool, result: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
    if json {
        return output::print_json(&serde_json::to_value(result).map_err(Failure::error)?);
    }
    output::print(&text())
}

/// The id, where only its digits were given.
fn prefixed(prefix: &str, id: String) -> String {
    if id.contains('-') {
        id
    } else {
        format!("{prefix}-{id}")
    }
}

/// Who asks, in a few words.
fn asker(approval: &Approval) -> String {
    match &approval.agent_id {
        Some(agent) => text::plain(agent),
        None => format!("{}/{}", approval.asker.principal, approval.asker.session_id),
    }
}
