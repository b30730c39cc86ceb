//! `proposal.*`.

use std::sync::Arc;

use car_protocol::rpc::proposal::{
    Calls, CallsParams, Cancel, CancelParams, Cancelled, GetCalls, ProposalResult, Submit,
    SubmitParams,
};
use car_protocol::{RpcError, kind};
use car_state::engine::{CancelOutcome, Engine, RunRequest};
use car_state::identity::{Role, SessionId};
use car_state::log::RUN;
use car_state::session::{ClientSession, SessionRegistry};

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

pub(super) fn routes(sessions: &Arc<SessionRegistry>) -> Vec<Route> {
    let sessions = Arc::clone(sessions);
    Routes::per_session(move |session| Proposals {
        session: Arc::clone(session),
        sessions: Arc::clone(&sessions),
    })
    .on::<Submit, _>(submit)
    .lasting()
    // Not plain: what is submitted before it has begun by then.
    .on::<Cancel, _>(cancel)
    .on::<GetCalls, _>(calls)
    .into_routes()
}

/// The caller's proposals, and for a host those of all others.
struct Proposals {
    session: Arc<ClientSession>,
    sessions: Arc<SessionRegistry>,
}

async fn submit(
    at: Proposals,
    cx: Cx,
    mut params: SubmitParams,
) -> Result<ProposalResult, Failure> {
    let engine = Arc::clone(at.session.engine());
    if params.stream {
        follow(&at.session, &mut params)?;
    }
    // Boxed, so that nothing of it is moved from here on.
    let request = Box::new(RunRequest {
        trace: cx.trace(),
        ..RunRequest::try_from(params)?
    });
    Ok(engine.run(request, cx.cancellation().clone()).await?)
}

/// Feeds the steps of a proposal that is about to begin to the connection that submits it.
fn follow(session: &ClientSession, params: &mut SubmitParams) -> Result<(), Failure> {
    let (engine, log) = (session.engine(), session.events().0);
    let id = params
        .proposal
        .id
        .get_or_insert_with(|| engine.parts().ids.hex12());
    let limit = engine.parts().limits.id_bytes;
    if id.is_empty() || id.len() > limit {
        // The engine says so better, and nothing is to be told of it.
        return Ok(());
    }
    // Those that were followed before and have told all they had to.
    for fed in session.subscriptions().list() {
        let runs = |id| engine.is_running(id);
        if *fed.stream.family() == RUN
            && !fed.stream.item().is_some_and(runs)
            && fed.written >= log.head(&fed.stream).seq
        {
            session.subscriptions().unsubscribe(&fed.stream);
        }
    }
    if let Some((stream, from)) = engine.parts().journal.steps(id) {
        session.subscribe(stream, from)?;
    }
    Ok(())
}

async fn cancel(at: Proposals, cx: Cx, params: CancelParams) -> Result<Cancelled, Failure> {
    let id = &*params.proposal_id;
    let reason = params.reason.as_deref();
    let session = at.owner(&cx, id, params.session_id.as_deref())?;
    let outcome = session.engine().cancel(id, reason);
    let (cancelled, outcome) = match outcome.ok_or_else(|| unknown(id))? {
        CancelOutcome::Cancelled => (true, None),
        CancelOutcome::Ended(outcome) => (false, Some(outcome)),
        CancelOutcome::Ending => (false, None),
    };
    Ok(Cancelled {
        proposal_id: params.proposal_id,
        cancelled,
        outcome,
    })
}

async fn calls(at: Proposals, cx: Cx, params: CallsParams) -> Result<Calls, Failure> {
    let id = &*params.proposal_id;
    let session = at.owner(&cx, id, params.session_id.as_deref())?;
    let engine = session.engine();
    Ok(Calls {
        running: engine.is_running(id),
        calls: engine.calls(id).ok_or_else(|| unknown(id))?,
        proposal_id: params.proposal_id,
    })
}

impl Proposals {
    /// The session that a proposal is looked for in: the one that is named; else the caller's own, and for a host the
    /// only other one that runs such a proposal.
    fn owner(
        &self,
        cx: &Cx,
        proposal: &str,
        named: Option<&str>,
    ) -> Result<Arc<ClientSession>, Failure> {
        let identity = cx.identity();
        // Where no credential is asked for, anybody may act as host.
        let host = identity.role == Role::Host || !identity.auth_enabled;
        let own = |engine: &Engine| engine.calls(proposal).is_some();
        match named {
            Some(id) if id == self.session.id().as_str() => Ok(Arc::clone(&self.session)),
            Some(id) => {
                let found = host
                    .then(|| self.sessions.get(&SessionId::new(id)))
                    .flatten();
                Ok(found.ok_or_else(|| unknown(proposal))?)
            }
            None if !host || own(self.session.engine()) => Ok(Arc::clone(&self.session)),
            None => {
                let mut others = self.sessions.all();
                others.retain(|session| session.engine().is_running(proposal));
                let found = others.pop().ok_or_else(|| unknown(proposal))?;
                if others.is_empty() {
                    return Ok(found);
                }
                let message = "several sessions run a proposal with this id";
                Err(RpcError::invalid_params(Some("session_id"), message).into())
            }
        }
    }
}

fn unknown(proposal: &str) -> RpcError {
    let shown = &proposal[..proposal.floor_char_boundary(64)];
    let message = format!("no proposal `{shown}` is known");
    let mut error = RpcError::domain(kind::NOT_FOUND, message);
    error.data.get_or_insert_default().field = Some("proposal_id".to_owned());
    error
}
