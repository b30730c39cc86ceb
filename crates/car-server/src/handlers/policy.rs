//! `policy.*`.

use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::kind;
use car_protocol::rpc::policy::{
    Explain, ExplainParams, Explanation, GlobalScope, List, ListParams, PolicyLevel, PolicyList,
    Register, RegisterParams, Registered, Scope, Unregister, UnregisterParams,
};
use car_protocol::rpc::tools::Unregistered;
use car_state::engine::refers_to_output;
use car_state::identity::Role;
use car_state::policy::{GlobalPolicies, PolicyBook, Subject};
use car_state::store::{StateStore, Tenant, Transaction};
use serde_json::Value;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// The rules that bind a session, and the state that they ask about.
struct Rules {
    global: Arc<GlobalPolicies>,
    book: Arc<PolicyBook>,
    state: Arc<StateStore>,
}

/// Where a call is about.
enum Place {
    Daemon,
    Session(Option<String>),
}

pub(super) fn routes(global: &Arc<GlobalPolicies>) -> Vec<Route> {
    let global = Arc::clone(global);
    let rules = move |session: &Arc<car_state::session::ClientSession>| Rules {
        global: Arc::clone(&global),
        book: Arc::clone(session.policies()),
        state: Arc::clone(session.state()),
    };
    Routes::per_session(rules)
        .on::<Register, _>(register)
        .on::<List, _>(list)
        .on::<Unregister, _>(unregister)
        .on::<Explain, _>(explain)
        .into_routes()
}

fn register(rules: &Rules, cx: &Cx, params: RegisterParams) -> Result<Registered, Failure> {
    let registered = params.policy.name.clone();
    let (scope, level) = match place(params.session_id, params.scope)? {
        Place::Daemon => {
            only_hosts(cx)?;
            rules.global.register(params.policy)?;
            (Scope::of(None), PolicyLevel::Daemon)
        }
        Place::Session(scope) => {
            rules.book.register(scope.as_deref(), params.policy)?;
            cx.session().changed();
            let level = match scope {
                Some(_) => PolicyLevel::PolicyScope,
                None => PolicyLevel::Session,
            };
            (Scope::of(scope), level)
        }
    };
    Ok(Registered {
        registered,
        scope,
        level,
    })
}

/// What binds a session is no secret to it, so that it may read the daemon's policies too.
fn list(rules: &Rules, _: &Cx, params: ListParams) -> Result<PolicyList, Failure> {
    let policies = match place(params.session_id, params.scope)? {
        Place::Daemon => rules.global.list(),
        Place::Session(scope) => rules.book.list(scope.as_deref())?,
    };
    Ok(PolicyList { policies })
}

fn unregister(rules: &Rules, cx: &Cx, params: UnregisterParams) -> Result<Unregistered, Failure> {
    let removed = match place(params.session_id, params.scope)? {
        Place::Daemon => {
            only_hosts(cx)?;
            rules.global.unregister(&params.name)?
        }
        Place::Session(scope) => {
            let removed = rules.book.unregister(scope.as_deref(), &params.name)?;
            cx.session().changed();
            removed
        }
    };
    Ok(Unregistered {
        removed: u64::from(removed),
    })
}

fn explain(rules: &Rules, _: &Cx, params: ExplainParams) -> Result<Explanation, Failure> {
    let scope = params.scope.unwrap_or_default();
    let tenant = Tenant::of(scope.tenant_id.as_deref())
        .map_err(|error| Failure::from(error).about("scope.tenantId"))?;
    let action = params.action;
    let parameters = Value::Object(action.parameters);
    let subject = Subject {
        kind: action.kind,
        tool: action.tool.as_deref(),
        parameters: &parameters,
        tenant: &tenant,
        caller: scope.caller_id.as_deref(),
    };
    let mut state = Transaction::begin(&rules.state, &tenant);
    let session_id = params.session_id.as_deref();
    Ok(rules
        .book
        .explain(session_id, &subject, &mut state, &refers_to_output)?)
}

fn place(session_id: Option<String>, scope: Option<GlobalScope>) -> Result<Place, Failure> {
    match (scope, session_id) {
        (None, session_id) => Ok(Place::Session(session_id)),
        (Some(GlobalScope::Global), None) => Ok(Place::Daemon),
        (Some(GlobalScope::Global), Some(_)) => {
            let message = "a policy scope is one of a session, and `global` is above all sessions";
            Err(RpcError::invalid_params(Some("scope"), message).into())
        }
    }
}

fn only_hosts(cx: &Cx) -> Result<(), Failure> {
    let identity = cx.identity();
    if !identity.auth_enabled || identity.role == Role::Host {
        return Ok(());
    }
    let message = "policies of all sessions are changed by hosts";
    Err(RpcError::domain(kind::FORBIDDEN, message)
        .with("role", "host")
        .into())
}
