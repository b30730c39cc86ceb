//! `approvals.explain` and `approvals.rules`.

use std::sync::Arc;

use car_protocol::rpc::Empty;
use car_protocol::rpc::rules::{
    DecidedBy, Explain, ExplainParams, ExplainedCall, Explanation, List, RuleDecision, RuleSet,
};
use car_protocol::{RpcError, Timestamp};
use car_state::approval::grants::{Grant, GrantBook};
use car_state::approval::rules::{
    Arguments, Asking, Called, Judgement, Rules, Speaking, Subject, is_judged,
};
use car_state::approval::{Act, ApprovalGate, Operation, Requester, ToolVersion};
use car_state::clock::Clock;
use car_state::host::HostPlane;
use car_state::identity::Identity;
use car_state::providers::Providers;
use car_state::server::ServerState;
use serde_json::Value;

use crate::connection::ABOUT_THE_CALL;
use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// Everybody who has a say in what becomes of a call.
#[derive(Clone)]
struct Judges {
    rules: Arc<dyn Rules>,
    gate: Arc<ApprovalGate>,
    host: Arc<HostPlane>,
    providers: Arc<Providers>,
    grants: Arc<GrantBook>,
    clock: Arc<dyn Clock>,
}

pub(super) fn routes(state: &ServerState) -> Vec<Route> {
    let judges = Judges {
        rules: Arc::clone(state.rules()),
        gate: Arc::clone(state.gate()),
        host: Arc::clone(state.host()),
        providers: Arc::clone(state.providers()),
        grants: Arc::clone(state.grants()),
        clock: Arc::clone(state.clock()),
    };
    Routes::with(judges)
        .on::<Explain, _>(explain)
        .on::<List, _>(list)
        .into_routes()
}

/// What binds a session is no secret to it.
fn list(judges: &Judges, _: &Cx, _: Empty) -> Result<RuleSet, Failure> {
    Ok(judges.rules.report())
}

/// What is called, and what the table and the gate know of it.
struct Named<'a> {
    called: Called<'a>,
    gated: bool,
    available: Option<bool>,
    /// Whether rules can be about it.
    judged: bool,
}

fn explain(judges: &Judges, cx: &Cx, params: ExplainParams) -> Result<Explanation, Failure> {
    let named = name(judges, &params.call)?;
    let identity = cx.identity();
    let subject = Subject {
        called: named.called,
        arguments: Arguments::Value(&params.call.arguments),
        identity: &identity,
        speaking: &|| Speaking::of(&judges.host, &identity),
        at: params
            .at_ms
            .map_or_else(|| judges.clock.now(), Timestamp::from_unix_millis),
    };
    let ruling = match named.judged {
        true => judges.rules.judge(&subject),
        false => None,
    };
    let matched = ruling.as_ref().map(|ruling| ruling.matched.clone());
    let allowed = ruling.clone();
    let mut told = Explanation {
        decision: RuleDecision::Allow,
        decided_by: DecidedBy::Nothing,
        rule: None,
        grant: None,
        reason: "nothing is said about it".to_owned(),
        timeout_ms: None,
        matched: matched.unwrap_or_default(),
        revision: judges.rules.revision().as_ref().to_owned(),
        available: named.available,
    };
    let decider = match Judgement::of(&judges.gate, named.gated, ruling) {
        Judgement::Run => {
            // A rule may want what a gate that is off does not do.
            allowed.filter(|ruling| ruling.decision == RuleDecision::Allow)
        }
        Judgement::Ask(Asking { ruling, timeout }) => {
            if let Some(grant) = granted(
                judges,
                cx,
                &identity,
                named.called,
                params.call.arguments.clone(),
            ) {
                told.decided_by = DecidedBy::Grant;
                told.reason = "a person has agreed to such calls".to_owned();
                told.rule = ruling.map(|ruling| ruling.rule);
                told.grant = Some(grant.id.as_str().to_owned());
                return Ok(told);
            }
            told.decision = RuleDecision::Ask;
            told.timeout_ms = Some(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
            if ruling.is_none() {
                told.decided_by = DecidedBy::Gate;
                told.reason = "it is in the gate's set".to_owned();
            }
            ruling
        }
        Judgement::Deny(ruling) => {
            told.decision = RuleDecision::Deny;
            Some(ruling)
        }
    };
    if let Some(ruling) = decider {
        told.decided_by = DecidedBy::Rule;
        told.rule = Some(ruling.rule);
        told.reason = ruling.because;
        told.revision = ruling.revision.as_ref().to_owned();
    }
    Ok(told)
}

/// The grant under which a call would run. Nothing of it is used.
fn granted(
    judges: &Judges,
    cx: &Cx,
    identity: &Identity,
    called: Called<'_>,
    mut arguments: Value,
) -> Option<Grant> {
    let operation = match called {
        Called::Method(name) => {
            if let Value::Object(members) = &mut arguments {
                for about in ABOUT_THE_CALL {
                    members.remove(about);
                }
            }
            Operation::Method(name.into())
        }
        Called::Tool(name) => {
            let known = cx.session().tools().get(name)?;
            let version = ToolVersion::of_schema(&known.definition().parameters).ok();
            let name = name.into();
            Operation::Tool { name, version }
        }
    };
    let speaking = Speaking::of(&judges.host, identity);
    let act = Act::new(operation, &arguments, Requester::from(identity)).ok()?;
    let act = act
        .of_agent(speaking.agent())
        .in_project(speaking.project());
    judges.grants.covering(&act)
}

fn name<'a>(judges: &Judges, call: &'a ExplainedCall) -> Result<Named<'a>, Failure> {
    let refused = |field: &str, message: String| {
        Failure::from(RpcError::invalid_params(Some(field), message))
    };
    match (&call.method, &call.tool) {
        (Some(name), None) => {
            let mut methods = car_protocol::rpc::methods();
            let spec =
                methods.find(|spec| spec.name == name || spec.aliases.contains(&name.as_str()));
            let spec =
                spec.ok_or_else(|| refused("call.method", format!("there is no method `{name}`")))?;
            let open = spec.access == car_protocol::method::Access::Open;
            Ok(Named {
                called: Called::Method(spec.name),
                gated: !open && judges.gate.requires_approval(spec.name),
                available: spec.provided.then(|| judges.providers.has(spec.name)),
                judged: is_judged(spec),
            })
        }
        (None, Some(tool)) => Ok(Named {
            called: Called::Tool(tool),
            gated: judges.gate.tool_requires_approval(tool),
            available: None,
            judged: true,
        }),
        _ => Err(refused("call", "name a `method` or a `tool`".to_owned())),
    }
}
