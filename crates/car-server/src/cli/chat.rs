//! `car-server chat`: a conversation with an agent, line by line.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::thread;
use std::time::Duration;

use car_client::{Client, ConnectionState, ConnectionStates, Reconnect};
use car_protocol::rpc::agents_chat::{
    ChatEvent, ChatParams, History, HistoryParams, Outcome, Turn, WhenBusy,
};
use car_protocol::rpc::host::{HostApproval, ResolveApproval, ResolveApprovalParams};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::failure::Failure;
use super::output;
use super::running::Running;
use super::signals::Interrupts;

/// How long the daemon may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long a daemon that went away is looked for.
const PATIENCE: Duration = Duration::from_secs(60);
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
    states: ConnectionStates,
    wanted: Wanted,
    lines: mpsc::Receiver<String>,
    interrupts: Interrupts,
    /// Whether somebody types.
    typed: bool,
    /// Whether there is nothing more to read.
    said_all: bool,
}

/// What comes next while a turn runs.
enum Next {
    Event(Option<Box<ChatEvent>>),
    Line(Option<String>),
    State(Option<ConnectionState>),
    Interrupt,
}

pub(super) fn run(running: &Running, wanted: Wanted) -> Result<bool, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::error)?;
    let lines = lines().map_err(Failure::error)?;
    runtime.block_on(async {
        let interrupts = Interrupts::listen().map_err(Failure::error)?;
        let reconnect = Reconnect {
            limit: Some(PATIENCE),
            ..Reconnect::default()
        };
        let mut builder = Client::builder().deadline(DEADLINE).resume(reconnect);
        // As a host, which may decide approvals. Where authentication is off there is no token.
        if running.client_token()?.is_some() {
            builder = builder.host_token(running.host_token()?.expose());
        }
        let client = builder.connect(running.target()).await?;
        let mut talk = Talk {
            states: client.states(),
            client,
            wanted,
            lines,
            interrupts,
            typed: io::stdin().is_terminal(),
            said_all: false,
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
                () = self.interrupts.next() => None,
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
        let mut questions = VecDeque::new();
        loop {
            let may_answer = !questions.is_empty() && !self.said_all;
            let next = tokio::select! {
                event = chat.next() => Next::Event(event.map(Box::new)),
                line = self.lines.recv(), if may_answer => Next::Line(line),
                state = self.states.next() => Next::State(state),
                () = self.interrupts.next() => Next::Interrupt,
            };
            match next {
                Next::Event(None) | Next::State(None) => {
                    return Err(Failure::error("the daemon is gone"));
                }
                Next::State(Some(state)) => warn(&state),
                Next::Event(Some(event)) => {
                    self.show(&event)?;
                    if let Some(outcome) = event.outcome {
                        return Ok(outcome == Outcome::Done);
                    }
                    self.hear(&event, &mut questions);
                }
                Next::Line(Some(line)) => self.decide(&line, &mut questions).await,
                // Where nobody answers, somebody else may.
                Next::Line(None) => self.said_all = true,
                // Whoever insists need not wait for the daemon.
                Next::Interrupt if cancelled => return Ok(false),
                Next::Interrupt => {
                    cancelled = true;
                    chat.cancel().await?;
                }
            }
        }
    }

    /// Notes what a person is asked, and what was decided, here or elsewhere.
    fn hear(&self, event: &ChatEvent, questions: &mut VecDeque<HostApproval>) {
        let row = event.detail.clone().unwrap_or_default();
        let Ok(row) = serde_json::from_value::<HostApproval>(row) else {
            return;
        };
        match event.kind.as_str() {
            "approval_pending" => {
                questions.push_back(row);
                if questions.len() == 1 {
                    self.put(questions);
                }
            }
            "approval_resolved" => {
                let asked = questions.front().is_some_and(|first| first.id == row.id);
                questions.retain(|question| question.id != row.id);
                if asked {
                    self.put(questions);
                }
            }
            _ => {}
        }
    }

    /// Asks for the answer to the first question.
    fn put(&self, questions: &VecDeque<HostApproval>) {
        if let Some(question) = questions.front() {
            self.ask(&format!("{}? ", question.options.join("/")));
        }
    }

    /// Takes a line as the answer to the first question.
    async fn decide(&self, line: &str, questions: &mut VecDeque<HostApproval>) {
        let Some(question) = questions.pop_front() else {
            return;
        };
        match meant(&question.options, line) {
            Some(resolution) => {
                let decision = ResolveApprovalParams {
                    approval_id: question.id,
                    resolution: resolution.to_owned(),
                };
                if let Err(error) = self.client.call::<ResolveApproval>(decision).await {
                    output::warn(&format!("not decided: {error}"));
                }
            }
            None => output::warn("none of these; it stays open for others"),
        }
        self.put(questions);
    }

    fn show(&self, event: &ChatEvent) -> Result<(), Failure> {
        if self.wanted.json {
            let line = serde_json::to_string(event).map_err(Failure::error)?;
            return output::print(&format!("{line}\n"));
        }
        output::print(&shown(event))
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

/// Says how the connection goes, once for each time that it is lost.
fn warn(state: &ConnectionState) {
    match state {
        ConnectionState::Reconnecting { attempt: 1 } => {
            output::warn("the daemon is gone; looking for it");
        }
        ConnectionState::Resumed(_) => output::warn("the daemon is there again"),
        _ => {}
    }
}

/// The option that somebody means: by how it begins, or with yes and no.
fn meant<'a>(options: &'a [String], line: &str) -> Option<&'a str> {
    let typed = line.trim().to_lowercase();
    let begins = |option: &&String| !typed.is_empty() && option.to_lowercase().starts_with(&typed);
    let words: &[&str] = match typed.as_str() {
        "y" | "yes" => &["approve", "approved", "allow"],
        "n" | "no" => &["deny", "denied", "reject"],
        _ => &[],
    };
    let said = |option: &&String| words.contains(&option.to_lowercase().as_str());
    let found = options.iter().find(begins);
    found
        .or_else(|| options.iter().find(said))
        .map(String::as_str)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_meant_by_its_beginning_and_by_yes_and_no() {
        let options = ["approve", "deny"].map(str::to_owned);
        for (typed, option) in [
            ("a", Some("approve")),
            (" Deny ", Some("deny")),
            ("y", Some("approve")),
            ("NO", Some("deny")),
            ("", None),
            ("maybe", None),
        ] {
            assert_eq!(meant(&options, typed), option, "{typed:?}");
        }
        // What is there counts before what is usual.
        let options = ["never", "yesterday"].map(str::to_owned);
        assert_eq!(meant(&options, "n"), Some("never"));
        assert_eq!(meant(&options, "y"), Some("yesterday"));
    }
}
