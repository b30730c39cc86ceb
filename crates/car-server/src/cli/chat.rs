//! `car-server chat`: a conversation with an agent, line by line.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::thread;
use std::time::Duration;

use car_client::{ChatStream, Client};
use car_protocol::rpc::agents_chat::{
    ChatEvent, ChatParams, History, HistoryParams, Outcome, Turn, WhenBusy,
};
use car_protocol::rpc::host::{HostApproval, ResolveApproval, ResolveApprovalParams};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::failure::Failure;
use super::output;
use super::running::Running;

/// How long the daemon may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// Turns that `/history` shows.
const SHOWN: u32 = 20;

/// What is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) agent: String,
    /// The chat that is gone on with.
    pub(super) session: Option<String>,
    /// Only this prompt; lines of the standard input otherwise.
    pub(super) prompt: Option<String>,
    pub(super) json: bool,
}

/// A conversation.
struct Talk {
    client: Client,
    wanted: Wanted,
    lines: mpsc::Receiver<String>,
    /// Whether somebody types.
    typed: bool,
}

/// What comes next while a turn runs.
enum Next {
    Event(Option<Box<ChatEvent>>),
    Interrupt,
}

pub(super) fn run(running: &Running, wanted: Wanted) -> Result<bool, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::error)?;
    let lines = lines().map_err(Failure::error)?;
    runtime.block_on(async {
        let mut builder = Client::builder().deadline(DEADLINE);
        // As a host, which may decide approvals. Where authentication is off there is no token.
        if running.client_token()?.is_some() {
            builder = builder.host_token(running.host_token()?.expose());
        }
        let client = builder.connect(running.target()).await?;
        let mut talk = Talk {
            client,
            wanted,
            lines,
            typed: io::stdin().is_terminal(),
        };
        let went_well = talk.hold().await;
        talk.client.close().await;
        went_well
    })
}

/// Reads the standard input in a thread of its own, which nothing can interrupt.
fn lines() -> io::Result<mpsc::Receiver<String>> {
    let (give, lines) = mpsc::channel(1);
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            for line in io::stdin().lock().lines() {
                let Ok(line) = line else { return };
                if give.blocking_send(line).is_err() {
                    return;
                }
            }
        })?;
    Ok(lines)
}

impl Talk {
    /// Answers whether the last turn went well.
    async fn hold(&mut self) -> Result<bool, Failure> {
        if let Some(prompt) = self.wanted.prompt.take() {
            return self.turn(prompt).await;
        }
        let mut went_well = true;
        loop {
            self.ask("> ");
            let line = tokio::select! {
                line = self.lines.recv() => line,
                _ = tokio::signal::ctrl_c() => None,
            };
            let Some(line) = line else {
                return Ok(went_well);
            };
            match line.trim() {
                "" => {}
                "/quit" => return Ok(went_well),
                "/history" => self.history().await?,
                "/help" => {
                    output::warn("/history shows what was said, /quit ends; Ctrl-C cancels a turn")
                }
                prompt => went_well = self.turn(prompt.to_owned()).await?,
            }
        }
    }

    /// Shows where something may be typed.
    fn ask(&self, sign: &str) {
        if self.typed && !self.wanted.json {
            let mut err = io::stderr().lock();
            let _ = write!(err, "{sign}").and_then(|()| err.flush());
        }
    }

    /// One prompt and all that is said to it.
    async fn turn(&mut self, prompt: String) -> Result<bool, Failure> {
        let params = ChatParams {
            agent_id: self.wanted.agent.clone(),
            prompt,
            session_id: self.wanted.session.clone(),
            when_busy: Some(WhenBusy::Queue),
            ..ChatParams::default()
        };
        let mut chat = self.client.chat(params).await?;
        self.wanted.session = Some(chat.accepted().session_id.clone());
        let mut cancelled = false;
        loop {
            let next = tokio::select! {
                event = chat.next() => Next::Event(event.map(Box::new)),
                _ = tokio::signal::ctrl_c() => Next::Interrupt,
            };
            match next {
                Next::Event(None) => return Err(Failure::error("the daemon is gone")),
                Next::Event(Some(event)) => {
                    self.show(&event)?;
                    if let Some(outcome) = event.outcome {
                        return Ok(outcome == Outcome::Done);
                    }
                    if event.kind == "approval_pending" {
                        self.decide(&chat, &event).await?;
                    }
                }
                // Whoever insists need not wait for the daemon.
                Next::Interrupt if cancelled => return Ok(false),
                Next::Interrupt => {
                    cancelled = true;
                    chat.cancel().await?;
                }
            }
        }
    }

    fn show(&self, event: &ChatEvent) -> Result<(), Failure> {
        if self.wanted.json {
            let line = serde_json::to_string(event).map_err(Failure::error)?;
            return output::print(&format!("{line}\n"));
        }
        output::print(&shown(event))
    }

    /// Asks the person about an approval, in its place.
    async fn decide(&mut self, chat: &ChatStream, event: &ChatEvent) -> Result<(), Failure> {
        let row = event.detail.clone().unwrap_or_default();
        let Ok(row) = serde_json::from_value::<HostApproval>(row) else {
            return Ok(());
        };
        self.ask(&format!("{}? ", row.options.join("/")));
        let line = tokio::select! {
            line = self.lines.recv() => line,
            _ = tokio::signal::ctrl_c() => {
                chat.cancel().await?;
                return Ok(());
            }
        };
        // Where nobody answers, somebody else may.
        let Some(line) = line else { return Ok(()) };
        let typed = line.trim();
        let meant = row.options.iter().find(|option| {
            !typed.is_empty() && option.to_lowercase().starts_with(&typed.to_lowercase())
        });
        let Some(resolution) = meant else {
            output::warn("none of these; it stays open for others");
            return Ok(());
        };
        let decision = ResolveApprovalParams {
            approval_id: row.id,
            resolution: resolution.clone(),
        };
        if let Err(error) = self.client.call::<ResolveApproval>(decision).await {
            output::warn(&format!("not decided: {error}"));
        }
        Ok(())
    }

    async fn history(&self) -> Result<(), Failure> {
        let Some(session_id) = self.wanted.session.clone() else {
            output::warn("nothing was said yet");
            return Ok(());
        };
        let params = HistoryParams {
            session_id,
            limit: Some(SHOWN),
            ..HistoryParams::default()
        };
        let history = self.client.call::<History>(params).await?;
        if self.wanted.json {
            return output::print(&format!("{}\n", json!(history)));
        }
        for turn in history.turns.iter().rev() {
            output::print(&told(turn))?;
        }
        Ok(())
    }
}

fn told(turn: &Turn) -> String {
    let ended = turn.outcome.map_or("runs", Outcome::as_str);
    format!("> {}\n{}\n[{ended}]\n", turn.prompt, turn.text)
}

/// An event for a person.
fn shown(event: &ChatEvent) -> String {
    let detail = || event.detail.clone().unwrap_or_default();
    if let Some(outcome) = event.outcome {
        let error = match &event.error {
            Some(Value::String(text)) => format!(": {text}"),
            Some(other) => format!(": {other}"),
            None => String::new(),
        };
        return match outcome {
            Outcome::Done => "\n".to_owned(),
            outcome => format!("\n[{}{error}]\n", outcome.as_str()),
        };
    }
    match event.kind.as_str() {
        "token" => event.delta.clone().unwrap_or_default(),
        "prompt" => String::new(),
        "approval_pending" => format!("\n[asks: {}]\n", detail()["action"]),
        "approval_resolved" => format!("[decided: {}]\n", detail()["resolution"]),
        kind => format!("\n[{kind} {}]\n", detail()),
    }
}
