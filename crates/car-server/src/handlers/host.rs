//! `host.*`.

use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::rpc::host::{
    AgentParams, Agents, Approvals, Events, EventsParams, HostAgent, HostApproval, HostEvent,
    HostIdentity, HostSnapshot, Notify, NotifyParams, RegisterAgent, RegisterAgentParams,
    RequestApproval, RequestApprovalParams, ResolveApproval, ResolveApprovalParams, SetStatus,
    SetStatusParams, Subscribe, UnregisterAgent,
};
use car_protocol::rpc::{Empty, Ok as Done};
use car_state::approval::{ApprovalError, Decided, Decision};
use car_state::host::{HostError, HostPlane, MAX_EVENTS, Raised};
use car_state::log::LogError;
use car_state::session::ClientSession;
use futures_util::FutureExt as _;

use crate::VERSION;
use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Answer, Route, Routes};

/// Events in the answer of `host.subscribe`.
const SNAPSHOT_EVENTS: usize = 50;
/// Events of an answer that asks for no number.
const USUAL_EVENTS: u32 = 100;

type Plane = Arc<HostPlane>;

pub(super) fn routes(plane: Plane) -> Vec<Route> {
    let seat = {
        let plane = Arc::clone(&plane);
        move |session: &Arc<ClientSession>| Seat {
            plane: Arc::clone(&plane),
            session: Arc::clone(session),
        }
    };
    let mut routes = Routes::per_session(seat)
        .on::<Subscribe, _>(subscribe)
        .into_routes();
    routes.extend(
        Routes::with(plane)
            .on::<Agents, _>(agents)
            .on::<Events, _>(events)
            .on::<Approvals, _>(approvals)
            .on::<RegisterAgent, _>(register_agent)
            .on::<UnregisterAgent, _>(unregister_agent)
            .on::<SetStatus, _>(set_status)
            .on::<Notify, _>(notify)
            .on::<RequestApproval, _>(request_approval)
            .on::<ResolveApproval, _>(resolve_approval)
            .into_routes(),
    );
    routes
}

/// A session that takes part in the host plane.
struct Seat {
    plane: Plane,
    session: Arc<ClientSession>,
}

fn subscribe(seat: &Seat, cx: &Cx, _: Empty) -> Result<HostSnapshot, Failure> {
    // What waits has come to whoever reads this.
    seat.plane.approvals().shown_to(&cx.identity(), None);
    let view = seat.plane.view(SNAPSHOT_EVENTS)?;
    // The answer is in the fast lane, so it leaves before the first event.
    seat.session
        .subscribe(seat.plane.stream().clone(), view.cursor)?;
    seat.session.changed();
    seat.plane.heed(&seat.session);
    Ok(HostSnapshot {
        subscribed: true,
        agents: view.agents,
        approvals: view.approvals,
        events: view.events,
        identity: HostIdentity {
            version: VERSION.to_owned(),
            pid: std::process::id(),
            manifest_path: None,
            manifest_role: "none".to_owned(),
        },
        epoch: view.cursor.epoch,
        seq: view.cursor.seq,
    })
}

fn agents(plane: &Plane, _: &Cx, _: Empty) -> Result<Vec<HostAgent>, Failure> {
    Ok(plane.agents())
}

fn events(plane: &Plane, _: &Cx, params: EventsParams) -> Result<Answer<Vec<HostEvent>>, Failure> {
    let limit = params.limit.unwrap_or(USUAL_EVENTS) as usize;
    if !(1..=MAX_EVENTS).contains(&limit) {
        let message = format!("limit is 1 to {MAX_EVENTS}");
        return Err(RpcError::invalid_params(Some("limit"), message)
            .with_limit(MAX_EVENTS as u64)
            .into());
    }
    match plane.events(limit) {
        Err(HostError::Log(LogError::Cold { .. })) => {
            let plane = Arc::clone(plane);
            Ok(Answer::Later(
                async move { Ok(plane.fetch_events(limit).await?) }.boxed(),
            ))
        }
        events => Ok(Answer::Now(events?)),
    }
}

fn approvals(plane: &Plane, cx: &Cx, _: Empty) -> Result<Vec<HostApproval>, Failure> {
    plane.approvals().shown_to(&cx.identity(), None);
    Ok(plane.approvals().list())
}

/// An answer that tells of an event waits for it: whoever is told that something happened finds it in the log.
fn durably<R: Send + 'static>(plane: &Plane, result: R) -> Result<Answer<R>, Failure> {
    Answer::when(plane.settled(), result)
}

fn register_agent(
    plane: &Plane,
    cx: &Cx,
    params: RegisterAgentParams,
) -> Result<Answer<HostAgent>, Failure> {
    durably(plane, plane.register_agent(&cx.identity(), params)?)
}

fn unregister_agent(plane: &Plane, cx: &Cx, params: AgentParams) -> Result<Answer<Done>, Failure> {
    plane.unregister_agent(cx.session_id(), &params.agent_id)?;
    durably(plane, Done::YES)
}

fn set_status(
    plane: &Plane,
    cx: &Cx,
    params: SetStatusParams,
) -> Result<Answer<HostAgent>, Failure> {
    durably(plane, plane.set_status(cx.session_id(), params)?)
}

fn notify(plane: &Plane, _: &Cx, params: NotifyParams) -> Result<Answer<HostEvent>, Failure> {
    durably(plane, plane.notify(params)?)
}

fn request_approval(
    plane: &Plane,
    cx: &Cx,
    params: RequestApprovalParams,
) -> Result<Answer<HostApproval>, Failure> {
    match plane.request_approval(&cx.identity(), params)? {
        Raised::Now(row) => durably(plane, *row),
        Raised::Later(recorded) => {
            let plane = Arc::clone(plane);
            let answer = async move {
                let row = recorded.await?;
                plane.settled().await?;
                Ok(row)
            };
            Ok(Answer::Later(answer.boxed()))
        }
    }
}

fn resolve_approval(
    plane: &Plane,
    cx: &Cx,
    params: ResolveApprovalParams,
) -> Result<Answer<HostApproval>, Failure> {
    let decision = Decision {
        resolution: params.resolution,
        ..Decision::default()
    };
    let failed = |error: ApprovalError| Failure::from(HostError::from(error));
    match plane.decide(&cx.identity(), &params.approval_id, decision) {
        Decided::Now(outcome) => durably(plane, outcome.map_err(failed)?.brief()),
        Decided::PassedOn(approval, _) => durably(plane, approval.brief()),
        Decided::Later(outcome) => {
            let plane = Arc::clone(plane);
            let answer = async move {
                let approval = outcome.await.map_err(failed)?;
                plane.settled().await?;
                Ok(approval.brief())
            };
            Ok(Answer::Later(answer.boxed()))
        }
    }
}
