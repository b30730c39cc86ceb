//! `agents.*_external`: agents of the Agent Client Protocol, found, looked at and given tasks; and `agents.permit`, what
//! they ask before they act.

use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::agents::{AcpFiles, AgentSpec, AgentStatus, ManagedAgent};
use car_protocol::rpc::agents_chat::{ChatParams, HistoryParams, OnDisconnect, Outcome};
use car_protocol::rpc::agents_external::{
    ExternalAgent, ExternalHealth, ExternalHealthAnswer, HealthExternal, HealthExternalParams,
    InvokeExternal, InvokeExternalParams, InvokeResult, ListExternal, ListExternalParams, Permit,
    PermitParams, Permitted,
};
use car_protocol::{RpcError, kind};
use car_state::agents::{AgentId, Presence as _};
use car_state::approval::rules::{Arguments, Called, Judgement, Rules, Speaking, Subject};
use car_state::approval::{Act, Operation, Question, Requester, Terms, Verdict, preview};
use car_state::chat::Chats;
use car_state::clock::Clock;
use car_state::seats::Seats;
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::agents::{Desk, on_files};
use super::agents_chat::follow;
use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// How long the word for what an agent wants to do may be, in bytes.
const LONGEST_TOOL: usize = 128;
/// The same for what exactly, as JSON.
const MOST_ARGUMENTS: usize = 256 << 10;
/// How long an agent may take to say that it listens.
const PING: Duration = Duration::from_secs(5);
/// How long an agent that is started may take to be ready.
const READY: Duration = Duration::from_secs(90);
/// How often is looked whether it has ended meanwhile.
const LOOK: Duration = Duration::from_millis(500);
/// How long a task may take, in seconds: usually and at most.
const USUAL_TIME: u64 = 300;
const MOST_TIME: u64 = 3_600;
/// Turns among which one that ended is looked for.
const LOOKED_BACK: u32 = 20;

/// An agent that is known by its programs.
struct Known {
    id: &'static str,
    name: &'static str,
    /// What is looked for, with its arguments, the best first.
    programs: &'static [(&'static str, &'static [&'static str])],
}

const KNOWN: &[Known] = &[
    Known {
        id: "claude-code",
        name: "Claude Code",
        programs: &[("claude-agent-acp", &[]), ("claude-code-acp", &[])],
    },
    Known {
        id: "codex",
        name: "Codex",
        programs: &[("codex-acp", &[])],
    },
    Known {
        id: "gemini",
        name: "Gemini",
        programs: &[("gemini", &["--experimental-acp"])],
    },
];

/// What is needed for them.
#[derive(Clone, Debug)]
pub(super) struct External {
    pub(super) desk: Desk,
    pub(super) chats: Arc<Chats>,
    pub(super) seats: Arc<Seats>,
    pub(super) rules: Arc<dyn Rules>,
    pub(super) clock: Arc<dyn Clock>,
}

pub(super) fn routes(external: External) -> Vec<Route> {
    Routes::with(external)
        .on::<Permit, _>(permit)
        .on::<ListExternal, _>(list)
        .on::<HealthExternal, _>(health)
        .on::<InvokeExternal, _>(invoke)
        .into_routes()
}

fn refused(reason: impl Into<String>) -> Permitted {
    Permitted {
        allowed: false,
        reason: Some(reason.into()),
    }
}

async fn permit(external: External, cx: Cx, params: PermitParams) -> Result<Permitted, Failure> {
    let PermitParams {
        session_id: chat,
        turn_id,
        tool,
        arguments,
    } = params;
    let within = |field, what: &str, limit: usize, fits: bool| match fits {
        true => Ok(()),
        false => Err(
            RpcError::invalid_params(Some(field), format!("{field} is {what}"))
                .with_limit(limit as u64),
        ),
    };
    let length = arguments.to_string().len();
    let named = (1..=LONGEST_TOOL).contains(&tool.len());
    within("tool", "1 to 128 bytes", LONGEST_TOOL, named)?;
    within(
        "arguments",
        "at most 256 KiB of JSON",
        MOST_ARGUMENTS,
        length <= MOST_ARGUMENTS,
    )?;
    let session = cx.session();
    let asked = external
        .chats
        .asked_in(session, &chat, turn_id.as_deref())?;
    let Some(turn) = asked else {
        return Ok(refused("the turn is over"));
    };
    let identity = cx.identity();
    let (gate, host) = (&external.desk.gate, &external.desk.host);
    let speaking = || Speaking::of(host, &identity);
    let reached = external.rules.reaches_tool(&tool);
    let judged = || {
        external.rules.judge(&Subject {
            called: Called::Tool(&tool),
            arguments: Arguments::Value(&arguments),
            identity: &identity,
            speaking: &speaking,
            at: external.clock.now(),
        })
    };
    let ruling = reached.then(judged).flatten();
    // The agent has asked by itself; a rule that allows it spares the person the question.
    let gated = gate.is_enabled() && ruling.is_none();
    let asking = match Judgement::of(gate, gated, ruling) {
        Judgement::Ask(asking) => asking,
        Judgement::Run => {
            return Ok(Permitted {
                allowed: true,
                reason: None,
            });
        }
        Judgement::Deny(ruling) => {
            let why = format!("the rule {} refuses it: {}", ruling.rule, ruling.because);
            return Ok(refused(why));
        }
    };
    let operation = Operation::Tool {
        name: tool.as_str().into(),
        version: None,
    };
    let act = Act::new(operation, &arguments, Requester::from(&identity));
    let act =
        act.map_err(|error| RpcError::invalid_params(Some("arguments"), error.to_string()))?;
    let question = Question {
        action: format!("tool:{tool}"),
        act: act
            .of_agent(Some(turn.agent()))
            .in_project(speaking().project())
            .under(asking.revision()),
        details: json!({
            "chat": chat,
            "turn_id": turn.turn(),
            "tool": tool,
            "parameters_preview": preview(&arguments),
        }),
        terms: Terms {
            editable: false,
            ..asking.terms(gate)
        },
        because: asking.because(),
        key: None,
        edits: None,
    };
    let verdict = tokio::select! {
        verdict = host.approvals().ask(&identity, question) => verdict?,
        // The question is taken back.
        () = turn.ended() => return Ok(refused("the turn is over")),
    };
    Ok(match verdict {
        Verdict::Approved(_) => Permitted {
            allowed: true,
            reason: None,
        },
        other => refused(other.told_to_caller()),
    })
}

impl External {
    /// All of them, by id. Looks at files.
    async fn found(&self) -> Result<Vec<ExternalAgent>, Failure> {
        let agents = Arc::clone(&self.desk.agents);
        on_files(move || {
            let all = agents.list();
            let mut found: Vec<_> = all
                .iter()
                .filter(|agent| agent.spec.acp.is_some())
                .map(supervised)
                .collect();
            for one in &mut found {
                let command = one.command.as_deref().unwrap_or_default();
                one.installed = agents.may_start(command).is_ok();
            }
            for Known { id, name, programs } in KNOWN {
                if all.iter().any(|agent| agent.spec.id == *id) {
                    continue;
                }
                let mut there = programs.iter().filter_map(|(program, args)| {
                    let command = agents.find_program(program).ok()?;
                    Some((command, args.iter().map(|arg| (*arg).to_owned()).collect()))
                });
                let there: Option<(String, Vec<String>)> = there.next();
                found.push(ExternalAgent {
                    id: (*id).to_owned(),
                    name: (*name).to_owned(),
                    protocol: "acp".to_owned(),
                    installed: there.is_some(),
                    args: there
                        .as_ref()
                        .map(|(_, args)| args.clone())
                        .unwrap_or_default(),
                    command: there.map(|(command, _)| command),
                    status: None,
                    health: None,
                });
            }
            found.sort_unstable_by(|one, other| one.id.cmp(&other.id));
            Ok(found)
        })
        .await
    }

    async fn one(&self, id: &str) -> Result<ExternalAgent, Failure> {
        let mut found = self.found().await?.into_iter();
        let found = found.find(|agent| agent.id == id);
        let message = || format!("no agent of the Agent Client Protocol has the id {id}");
        Ok(found.ok_or_else(|| RpcError::domain(kind::NOT_FOUND, message()))?)
    }

    async fn look_at(&self, agent: &ExternalAgent) -> ExternalHealth {
        let id = agent.id.parse::<AgentId>().ok();
        let answers = match &id {
            Some(id) => timeout(PING, self.seats.ping(id))
                .await
                .unwrap_or(Some(false)),
            None => None,
        };
        let reason = match (agent.installed, agent.status, answers) {
            (false, ..) => Some("there is no executable of it that may be started"),
            (_, Some(AgentStatus::Errored | AgentStatus::Backoff), _) => {
                Some("it ended, and failed to start again")
            }
            (_, _, Some(false)) => Some("it does not answer agent.ping"),
            (_, Some(AgentStatus::Running), None) => Some("it is not ready yet"),
            _ => None,
        };
        ExternalHealth {
            id: agent.id.clone(),
            ok: reason.is_none(),
            reason: reason.map(str::to_owned),
            installed: agent.installed,
            alive: agent.status == Some(AgentStatus::Running),
            attached: answers.is_some(),
            checked_at: self.clock.now(),
        }
    }

    /// Has the agent run and waits until it is ready.
    async fn ready(&self, cx: &Cx, agent: ExternalAgent) -> Result<(), Failure> {
        if self.seats.session_of(&agent.id).is_some() {
            return Ok(());
        }
        let id: AgentId = agent.id.parse().map_err(Failure::internal)?;
        let away = |why: &str| RpcError::domain(kind::UNAVAILABLE, format!("agent {id} {why}"));
        if agent.status.is_none() {
            let command = agent.command.ok_or_else(|| away("is not installed"))?;
            let spec = AgentSpec {
                id: agent.id.clone(),
                name: agent.name,
                command,
                args: agent.args,
                acp: Some(AcpFiles::default()),
                ..AgentSpec::default()
            };
            let agents = Arc::clone(&self.desk.agents);
            on_files(move || agents.put(spec, None)).await?;
        }
        self.desk.agreed(cx, &id, "agents.invoke_external").await?;
        self.desk.agents.start(&id).await?;
        let until = Instant::now() + READY;
        while timeout(LOOK, self.seats.attached(&agent.id)).await.is_err() {
            let seen = self.desk.agents.get(&id)?;
            if matches!(seen.status, AgentStatus::Errored | AgentStatus::Stopped) {
                let why = seen.error.unwrap_or_else(|| "it was stopped".to_owned());
                return Err(away(&format!("ended before it was ready: {why}")).into());
            }
            if Instant::now() >= until {
                return Err(away("is not ready in time").retryable().into());
            }
        }
        Ok(())
    }
}

fn supervised(agent: &ManagedAgent) -> ExternalAgent {
    ExternalAgent {
        id: agent.spec.id.clone(),
        name: agent.spec.name.clone(),
        protocol: "acp".to_owned(),
        command: Some(agent.spec.command.clone()),
        args: agent.spec.args.clone(),
        installed: true,
        status: Some(agent.status),
        health: None,
    }
}

async fn list(
    external: External,
    _: Cx,
    params: ListExternalParams,
) -> Result<Vec<ExternalAgent>, Failure> {
    let mut found = external.found().await?;
    if params.include_health == Some(true) {
        let health = join_all(found.iter().map(|agent| external.look_at(agent))).await;
        for (agent, health) in found.iter_mut().zip(health) {
            agent.health = Some(health);
        }
    }
    Ok(found)
}

async fn health(
    external: External,
    _: Cx,
    params: HealthExternalParams,
) -> Result<ExternalHealthAnswer, Failure> {
    if let Some(id) = params.id {
        let agent = external.one(&id).await?;
        return Ok(ExternalHealthAnswer::One(external.look_at(&agent).await));
    }
    let found = external.found().await?;
    let all = join_all(found.iter().map(|agent| external.look_at(agent))).await;
    Ok(ExternalHealthAnswer::All(all))
}

async fn invoke(
    external: External,
    cx: Cx,
    params: InvokeExternalParams,
) -> Result<InvokeResult, Failure> {
    let seconds = params.timeout_secs.unwrap_or(USUAL_TIME);
    let unsupported = [
        ("allowed_tools", params.allowed_tools.is_some()),
        ("max_turns", params.max_turns.is_some()),
        ("mcp_endpoint", params.mcp_endpoint.is_some()),
    ];
    if let Some((field, _)) = unsupported.into_iter().find(|(_, given)| *given) {
        // Whoever sets a limit counts on it.
        let why = format!("{field} cannot be passed on by the Agent Client Protocol");
        return Err(RpcError::invalid_params(Some(field), why).into());
    }
    if !(1..=MOST_TIME).contains(&seconds) {
        let why = format!("timeout_secs is 1 to {MOST_TIME}");
        return Err(RpcError::invalid_params(Some("timeout_secs"), why)
            .with_limit(MOST_TIME)
            .into());
    }
    let began = Instant::now();
    let stream = params.stream.unwrap_or_default();
    let agent = external.one(&params.id).await?;
    external.ready(&cx, agent).await?;
    let (session, chats) = (cx.session(), &external.chats);
    let begun = chats.begin(
        session,
        ChatParams {
            agent_id: params.id.clone(),
            prompt: params.task,
            session_id: params.session_id,
            cwd: params.cwd,
            timeout_ms: Some(seconds * 1_000),
            on_disconnect: (!stream).then_some(OnDisconnect::Cancel),
            ..ChatParams::default()
        },
    )?;
    let turn = Arc::clone(begun.turn());
    if !stream {
        // The caller gets every word; what is kept has none of the secrets.
        turn.remember();
    }
    let (accepted, taking) = begun.into_parts();
    if let Some(taking) = taking {
        taking.wait().await?;
    }
    if stream {
        chats.settled().await;
        let from = turn.prompted().unwrap_or(accepted.from);
        follow(chats, session, turn.stream(), from)?;
        session.changed();
        return Ok(InvokeResult {
            id: params.id,
            session_id: accepted.session_id,
            turn_id: accepted.turn_id,
            accepted: Some(true),
            ..InvokeResult::default()
        });
    }
    turn.ended().await;
    chats.settled().await;
    let wanted = HistoryParams {
        session_id: accepted.session_id.clone(),
        limit: Some(LOOKED_BACK),
        ..HistoryParams::default()
    };
    let history = chats.history(&cx.identity(), wanted).await?;
    let mut turns = history.turns.into_iter();
    let ended = turns.find(|turn| turn.turn_id == accepted.turn_id);
    let outcome = ended.as_ref().and_then(|turn| turn.outcome);
    let outcome = outcome.unwrap_or(Outcome::Error);
    let (output, error) = (turn.said(), ended.and_then(|turn| turn.error));
    Ok(InvokeResult {
        id: params.id,
        session_id: accepted.session_id,
        turn_id: accepted.turn_id,
        output: Some(output),
        is_error: Some(outcome != Outcome::Done),
        outcome: Some(outcome),
        error,
        duration_ms: Some(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)),
        ..InvokeResult::default()
    })
}
