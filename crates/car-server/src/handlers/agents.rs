//! `agents.*`: processes that the daemon looks after. All but the list are tasks: they wait for files and processes.

use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::rpc::Empty;
use car_protocol::rpc::agents::{
    AgentHealth, AgentParams, AgentSpec, AgentStatus, Health, Install, InstallParams, Installed,
    List, LogTail, ManagedAgent, Remove, Removed, Restart, RotateToken, Rotated, Start, Stop,
    StopParams, StopSignal, TailLog, TailLogParams, Upsert, UpsertParams,
};
use car_state::agents::{AgentId, Supervisor, SupervisorError};
use car_state::approval::{Act, ApprovalGate, Operation, Question, Requester, preview};
use car_state::host::HostPlane;
use car_state::identity::Role;
use serde_json::json;
use tokio::task::spawn_blocking;

use crate::connection::gate;
use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// Lines of an answer that asks for no number.
const USUAL_LINES: u32 = 100;
/// Lines of an answer at most.
const MOST_LINES: u32 = 10_000;

/// The agents, and who is asked before something new is started.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) agents: Arc<Supervisor>,
    pub(super) host: Arc<HostPlane>,
    pub(super) gate: Arc<ApprovalGate>,
}

pub(super) fn routes(desk: Desk) -> Vec<Route> {
    Routes::with(desk)
        .on::<List, _>(list)
        .on::<Health, _>(health)
        .on::<Upsert, _>(upsert)
        .on::<Install, _>(install)
        .on::<Remove, _>(remove)
        .on::<Start, _>(start)
        .on::<Stop, _>(stop)
        .on::<Restart, _>(restart)
        .on::<TailLog, _>(tail_log)
        .on::<RotateToken, _>(rotate_token)
        .into_routes()
}

pub(super) async fn on_files<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SupervisorError> + Send + 'static,
) -> Result<T, Failure> {
    let done = spawn_blocking(work).await.map_err(Failure::internal)?;
    Ok(done?)
}

fn id(text: &str) -> Result<AgentId, Failure> {
    Ok(text.parse::<AgentId>().map_err(SupervisorError::from)?)
}

fn list(desk: &Desk, _: &Cx, _: Empty) -> Result<Vec<ManagedAgent>, Failure> {
    Ok(desk.agents.list())
}

async fn health(desk: Desk, _: Cx, _: Empty) -> Result<Vec<AgentHealth>, Failure> {
    Ok(desk.agents.health().await)
}

async fn upsert(desk: Desk, _: Cx, params: UpsertParams) -> Result<ManagedAgent, Failure> {
    on_files(move || {
        let command = match (params.interpreter, params.command) {
            (Some(name), _) => desk.agents.find_program(&name)?,
            (None, Some(command)) => command,
            (None, None) => {
                return Err(SupervisorError::Param {
                    field: "command",
                    why: "the executable or an interpreter is missing".to_owned(),
                });
            }
        };
        let spec = AgentSpec {
            id: params.id,
            name: params.name,
            command,
            args: params.args.unwrap_or_default(),
            cwd: params.cwd,
            env: params.env.unwrap_or_default(),
            restart: params.restart.unwrap_or_default(),
            max_restarts: params.max_restarts,
            backoff_secs: params.backoff_secs,
            auto_start: params.auto_start.unwrap_or_default(),
            daemon_token: params.daemon_token.unwrap_or_default(),
            sandbox: params.sandbox,
            acp: params.acp,
            ..AgentSpec::default()
        };
        desk.agents.put(spec, params.token.as_deref())
    })
    .await
}

async fn install(desk: Desk, _: Cx, params: InstallParams) -> Result<Installed, Failure> {
    let (report, agent) = on_files(move || desk.agents.install(&params.0)).await?;
    Ok(Installed { report, agent })
}

async fn remove(desk: Desk, _: Cx, params: AgentParams) -> Result<Removed, Failure> {
    let removed = desk.agents.remove(&id(&params.id)?).await?;
    Ok(Removed { removed })
}

async fn start(desk: Desk, cx: Cx, params: AgentParams) -> Result<ManagedAgent, Failure> {
    let id = id(&params.id)?;
    let running = desk.agents.get(&id)?.status == AgentStatus::Running;
    if !running {
        desk.agreed(&cx, &id, "agents.start").await?;
    }
    Ok(desk.agents.start(&id).await?)
}

async fn restart(desk: Desk, cx: Cx, params: AgentParams) -> Result<ManagedAgent, Failure> {
    let id = id(&params.id)?;
    desk.agreed(&cx, &id, "agents.restart").await?;
    Ok(desk.agents.restart(&id).await?)
}

async fn stop(desk: Desk, _: Cx, params: StopParams) -> Result<ManagedAgent, Failure> {
    let signal = params.signal.unwrap_or(StopSignal::Term);
    Ok(desk.agents.stop(&id(&params.id)?, signal).await?)
}

async fn tail_log(desk: Desk, _: Cx, params: TailLogParams) -> Result<LogTail, Failure> {
    let (id, n) = (id(&params.id)?, params.n.unwrap_or(USUAL_LINES));
    if !(1..=MOST_LINES).contains(&n) {
        let message = format!("n is 1 to {MOST_LINES}");
        return Err(RpcError::invalid_params(Some("n"), message)
            .with_limit(u64::from(MOST_LINES))
            .into());
    }
    let lines = on_files(move || desk.agents.tail_log(&id, n as usize)).await?;
    Ok(LogTail { lines })
}

async fn rotate_token(desk: Desk, _: Cx, params: AgentParams) -> Result<Rotated, Failure> {
    let id = id(&params.id)?;
    on_files(move || desk.agents.rotate_token(&id)).await?;
    Ok(Rotated { rotated: true })
}

impl Desk {
    /// Has a person agree to what would be started, where nobody did before. A host speaks for a person. The answer
    /// covers this executable as it is: it is asked again once its bytes have changed.
    pub(super) async fn agreed(
        &self,
        cx: &Cx,
        id: &AgentId,
        method: &'static str,
    ) -> Result<(), Failure> {
        let Some(fingerprint) = self.agents.question(id).await? else {
            return Ok(());
        };
        let identity = cx.identity();
        if identity.role != Role::Host {
            let spec = self.agents.get(id)?.spec;
            let started = json!({
                "agent_id": id.as_str(),
                "command": spec.command,
                "args": spec.args,
                "digest": fingerprint.to_string(),
            });
            let details = json!({
                "method": method,
                "agent_id": id.as_str(),
                "params_preview": preview(&started),
            });
            let operation = Operation::Method(method.into());
            let act = Act::new(operation, &started, Requester::from(&identity));
            let act = act.map_err(|error| RpcError::invalid_params(None, error.to_string()))?;
            let question = Question {
                action: format!("ws.method:{method}"),
                act,
                details,
                terms: self.gate.terms(),
                because: Some("this executable has not been started before".to_owned()),
                key: None,
                edits: None,
            };
            let verdict = self.host.approvals().ask(&identity, question).await?;
            gate::agreed(method, verdict)?;
        }
        let (agents, id) = (Arc::clone(&self.agents), id.clone());
        on_files(move || agents.agree(&id, fingerprint)).await
    }
}
