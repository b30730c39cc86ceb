//! `session.*`.

use std::sync::Arc;

use car_protocol::rpc::Empty;
use car_protocol::rpc::session::{
    Auth as Authenticate, AuthParams, Authenticated, Closed, Init, InitParams, Initialized,
    PolicyClose, PolicyOpen, PolicyScope, Role, SkippedPolicy,
};
use car_protocol::{RpcError, code, kind};
use car_state::agents::AgentId;
use car_state::chat::Chats;
use car_state::identity::Principal;
use car_state::memgine::{SessionMemory, Space};
use car_state::policy::PolicyBook;
use car_state::quota::Quotas;
use car_state::responder::Responder;
use car_state::seats::Seats;
use car_state::server::ServerState;
use car_state::session::ClientSession;
use car_state::session::resume::ResumeLimits;
use car_state::tool_table::ToolTable;

use super::resume::{Wish, answer_with_token};
use crate::auth::Auth;
use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes, answer};

pub(super) fn routes(auth: Auth, state: &ServerState, limits: ResumeLimits) -> Vec<Route> {
    let (quotas, seats) = (Arc::clone(state.quotas()), Arc::clone(state.seats()));
    let chats = Arc::clone(state.chats());
    let door = move |session: &Arc<ClientSession>| Door {
        auth: auth.clone(),
        quotas: Arc::clone(&quotas),
        seats: Arc::clone(&seats),
        chats: Arc::clone(&chats),
        session: Arc::clone(session),
        limits,
    };
    let setup = move |session: &Arc<ClientSession>| Setup {
        memory: Arc::clone(session.memory()),
        tools: Arc::clone(session.tools()),
        policies: Arc::clone(session.policies()),
        limits,
    };
    let mut routes = Routes::per_session(door)
        .on::<Authenticate, _>(authenticate)
        .into_routes();
    routes.extend(Routes::per_session(setup).on::<Init, _>(init).into_routes());
    let policies = Routes::per_session(|session| Arc::clone(session.policies()));
    routes.extend(
        policies
            .on::<PolicyOpen, _>(open_policy_scope)
            .on::<PolicyClose, _>(close_policy_scope)
            .into_routes(),
    );
    routes
}

/// Where a session presents its credential.
struct Door {
    auth: Auth,
    quotas: Arc<Quotas>,
    seats: Arc<Seats>,
    chats: Arc<Chats>,
    session: Arc<ClientSession>,
    limits: ResumeLimits,
}

/// What `session.init` fills.
struct Setup {
    memory: Arc<SessionMemory>,
    tools: Arc<ToolTable>,
    policies: Arc<PolicyBook>,
    limits: ResumeLimits,
}

fn authenticate(door: &Door, cx: &Cx, params: AuthParams, responder: Responder) {
    let before = door.session.identity().get();
    let memory = match memory(params.memory_namespace.as_deref()) {
        Ok(memory) => memory,
        Err(failure) => return answer::<Authenticated>(responder, Err(failure)),
    };
    let wish = Wish {
        resume: params.resume,
        grace_ms: params.grace_ms,
        // Before its first authentication a connection has had nothing to wait for.
        first: !door.session.identity().is_authenticated(),
    };
    match present(door, cx, params) {
        Ok(result) => {
            if let Some(memory) = memory {
                door.session.memory().bind(memory);
            }
            if door.session.identity().get() != before {
                door.session.revoke_resume();
            }
            answer_with_token(&door.limits, &door.session, responder, wish, result);
        }
        Err(failure) => answer::<Authenticated>(responder, Err(failure)),
    }
}

/// The memory that a client names.
fn memory(name: Option<&str>) -> Result<Option<Space>, Failure> {
    Ok(name.map(Space::named).transpose()?)
}

fn present(door: &Door, cx: &Cx, params: AuthParams) -> Result<Authenticated, Failure> {
    let identity = door.session.identity();
    if let Some(agent) = &params.agent_id {
        return attach(door, agent, params.token.as_deref().unwrap_or_default());
    }
    let auth_enabled = door.auth.is_enabled();
    let (principal, role) = match (&params.host_token, &params.token) {
        _ if !auth_enabled => {
            let role = if params.host_token.is_some() {
                Role::Host
            } else {
                Role::Client
            };
            (Principal::Anonymous(cx.session_id().clone()), role)
        }
        (Some(token), _) if door.auth.is_host(token) => (Principal::Host, Role::Host),
        (None, Some(token)) if door.auth.is_client(token) => (Principal::Client, Role::Client),
        _ => {
            identity.refuse();
            return Err(mismatch("the token file has the right one"));
        }
    };
    door.quotas.account(&principal).seat(&door.session)?;
    if identity.get().agent().is_some() {
        door.seats.leave(door.session.id());
    }
    identity.authenticate(principal, role);
    // Another role reads other streams.
    door.session.subscriptions().review();
    door.session.heed();
    Ok(Authenticated {
        ok: true,
        auth_enabled,
        role,
        agent_id: None,
        resume_token: None,
        grace_ms: None,
    })
}

/// Binds the session to an agent, which has a token of its own whether or not the daemon asks others for one.
fn attach(door: &Door, agent: &str, token: &str) -> Result<Authenticated, Failure> {
    let identity = door.session.identity();
    let known = agent.parse::<AgentId>().ok();
    let Some(agent) = known.filter(|agent| door.seats.tokens().verify(agent, token)) else {
        identity.refuse();
        return Err(mismatch("an agent has a token of its own"));
    };
    let principal = Principal::Agent(agent.clone());
    door.quotas.account(&principal).seat(&door.session)?;
    identity.authenticate(principal, Role::Agent);
    door.session.subscriptions().review();
    if let Some(before) = door.seats.attach(&agent, &door.session) {
        door.chats.replaced(before.id());
    }
    Ok(Authenticated {
        ok: true,
        auth_enabled: true,
        role: Role::Agent,
        agent_id: Some(agent.to_string()),
        resume_token: None,
        grace_ms: None,
    })
}

/// The words are part of the contract: published clients read the token file again when they see them.
fn mismatch(hint: &str) -> Failure {
    let message = format!("auth failed: token mismatch; {hint}");
    RpcError::new(code::AUTH_REQUIRED, kind::AUTH_FAILED, message).into()
}

fn init(setup: &Setup, cx: &Cx, params: InitParams, responder: Responder) {
    let wish = Wish {
        resume: params.resume,
        grace_ms: params.grace_ms,
        first: false,
    };
    match set_up(setup, cx, params) {
        Ok(result) => {
            cx.session().changed();
            answer_with_token(&setup.limits, cx.session(), responder, wish, result);
        }
        Err(failure) => answer::<Initialized>(responder, Err(failure)),
    }
}

fn set_up(setup: &Setup, cx: &Cx, params: InitParams) -> Result<Initialized, Failure> {
    if let Some(memory) = memory(params.memory_namespace.as_deref())? {
        setup.memory.bind(memory);
    }
    let tools = setup.tools.register(params.tools.unwrap_or_default());
    let tools_registered = tools.map_err(|error| Failure::from(error).within("tools"))?;
    let mut policies_skipped = Vec::new();
    let mut policies_registered = 0;
    for policy in params.policies.unwrap_or_default() {
        let name = policy.name.clone();
        match setup.policies.register(None, policy) {
            Ok(()) => policies_registered += 1,
            Err(error) => policies_skipped.push(SkippedPolicy {
                name,
                reason: error.to_string(),
            }),
        }
    }
    let session_id = cx.session_id().to_string();
    Ok(Initialized {
        session_id,
        tools_registered,
        policies_registered,
        policies_skipped,
        resume_token: None,
        grace_ms: None,
    })
}

fn open_policy_scope(book: &Arc<PolicyBook>, _: &Cx, _: Empty) -> Result<PolicyScope, Failure> {
    Ok(PolicyScope {
        session_id: book.open_scope()?,
    })
}

fn close_policy_scope(
    book: &Arc<PolicyBook>,
    _: &Cx,
    params: PolicyScope,
) -> Result<Closed, Failure> {
    Ok(Closed {
        closed: book.close_scope(&params.session_id),
    })
}
