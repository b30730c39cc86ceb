//! `car-server approvals watch`.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::thread;

use car_client::{CallError, Client, Notification};
use car_protocol::method::ServerNotification as _;
use car_protocol::rpc::Empty;
use car_protocol::rpc::approvals::{
    Approval, ApprovalParams, ApprovalStanding, Choice, ConsentScope, Decide, DecideParams, Get,
    List, ListParams, Seen, SeenParams,
};
use car_protocol::rpc::host::{Event, Subscribe};
use car_server::config::{Environment, Flags};
use car_state::clock::{Clock as _, SystemClock};
use serde_json::json;
use tokio::sync::mpsc;

use super::super::failure::Failure;
use super::super::output;
use super::super::running::Running;
use super::super::tail;
use super::{decision, page};

/// How long an answer of a person may be, in bytes.
const ANSWER: u64 = 4_096;
/// What a terminal rings at.
const BELL: &str = "\x07";
const PROMPT: &str =
    "  [y] yes  [s] yes, for this session  [n] no (and why)  [Enter] later  [q] quit: ";

/// What a person says to a question.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Answer {
    Yes,
    Session,
    No(Option<String>),
    Later,
    Quit,
    Unclear,
}

/// Why a connection is left.
enum Left {
    Enough,
    Gone,
}

struct Watch {
    json: bool,
    left: Option<u64>,
    /// What a person says, where there is one.
    answers: Option<mpsc::Receiver<Answer>>,
    /// What waits, the oldest first.
    waiting: Vec<Approval>,
    /// The one that is before the person.
    asked: Option<String>,
}

pub(super) fn run(
    flags: &Flags,
    environment: &Environment,
    json: bool,
    count: Option<u64>,
) -> Result<(), Failure> {
    let person = !json && io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut watch = Watch {
        json,
        left: count,
        answers: if person { Some(listen()?) } else { None },
        waiting: Vec::new(),
        asked: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::error)?;
    runtime.block_on(async {
        let running = Running::find(flags, environment)?;
        let mut client = tail::connect(&running).await?;
        loop {
            let left = watch.follow(&client).await?;
            client.close().await;
            if matches!(left, Left::Enough) {
                return Ok(());
            }
            output::warn("the daemon is gone; looking for it");
            client = tail::again(flags, environment).await?;
        }
    })
}

/// Reads what the person says, on a thread that waits for the terminal.
fn listen() -> Result<mpsc::Receiver<Answer>, Failure> {
    let (say, said) = mpsc::channel(1);
    let read = move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let read = (&mut stdin).take(ANSWER).read_until(b'\n', &mut line);
            let answer = match read {
                Ok(0) | Err(_) => Answer::Quit,
                Ok(_) => answer(&String::from_utf8_lossy(&line)),
            };
            let over = answer == Answer::Quit;
            if say.blocking_send(answer).is_err() || over {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("terminal".to_owned())
        .spawn(read)
        .map_err(Failure::error)?;
    Ok(said)
}

fn answer(line: &str) -> Answer {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match word.to_ascii_lowercase().as_str() {
        "" => Answer::Later,
        "y" | "yes" if rest.is_empty() => Answer::Yes,
        "s" | "session" if rest.is_empty() => Answer::Session,
        "n" | "no" => Answer::No(Some(rest.trim().to_owned()).filter(|why| !why.is_empty())),
        "q" | "quit" if rest.is_empty() => Answer::Quit,
        _ => Answer::Unclear,
    }
}

impl Watch {
    async fn follow(&mut self, client: &Client) -> Result<Left, Failure> {
        let Some(mut notifications) = client.notifications() else {
            return Ok(Left::Gone);
        };
        (self.waiting, self.asked) = (Vec::new(), None);
        // The listener first, the list behind it: what comes between is in both, and known by its id.
        let listed = match client.call::<Subscribe>(Empty {}).await {
            Ok(_) => client.call::<List>(ListParams::default()).await,
            Err(error) => Err(error),
        };
        let Some(listed) = unless_gone(listed)? else {
            return Ok(Left::Gone);
        };
        let now = SystemClock.now();
        for approval in listed.approvals.into_iter().rev() {
            self.comes(approval)?;
        }
        if self.waiting.is_empty() && self.answers.is_some() {
            output::print(&page::table(&[], now))?;
        }
        loop {
            if self.left == Some(0) {
                return Ok(Left::Enough);
            }
            if !self.ask(client).await? {
                return Ok(Left::Gone);
            }
            tokio::select! {
                notification = notifications.next() => {
                    let Some(notification) = notification else { return Ok(Left::Gone) };
                    if !self.hear(client, &notification).await? {
                        return Ok(Left::Gone);
                    }
                }
                said = next(&mut self.answers) => {
                    match said {
                        None | Some(Answer::Quit) => return Ok(Left::Enough),
                        Some(said) => if !self.take(client, said).await? {
                            return Ok(Left::Gone);
                        },
                    }
                }
            }
        }
    }

    /// Puts the next question before the person, where there is one and nothing else is before them.
    async fn ask(&mut self, client: &Client) -> Result<bool, Failure> {
        if self.answers.is_none() || self.asked.is_some() {
            return Ok(true);
        }
        let Some(approval) = self.waiting.first() else {
            return Ok(true);
        };
        self.asked = Some(approval.id.clone());
        let page = page::whole(approval, SystemClock.now());
        output::print(&format!("{BELL}\n{page}{PROMPT}"))?;
        let seen = SeenParams {
            approval_ids: vec![approval.id.clone()],
        };
        Ok(unless_gone(client.call::<Seen>(seen).await)?.is_some())
    }

    /// What happened; `false` when the daemon is gone.
    async fn hear(
        &mut self,
        client: &Client,
        notification: &Notification,
    ) -> Result<bool, Failure> {
        if notification.method != Event::NAME {
            return Ok(true);
        }
        let Some(event) = notification.read::<Event>() else {
            return Ok(true);
        };
        let id = event.payload.get("id").and_then(|id| id.as_str());
        let (Some(id), true) = (id, event.kind.starts_with("approval.")) else {
            return Ok(true);
        };
        let known = self.waiting.iter().position(|waiting| waiting.id == id);
        let params = ApprovalParams {
            approval_id: id.to_owned(),
        };
        let approval = match client.call::<Get>(params).await {
            // It is over for so long that it is forgotten.
            Err(CallError::Rpc(_)) => return Ok(true),
            other => match unless_gone(other)? {
                Some(approval) => approval,
                None => return Ok(false),
            },
        };
        match (approval.standing, known) {
            (ApprovalStanding::Pending, None) => self.comes(approval)?,
            (ApprovalStanding::Pending, Some(place)) => {
                if let Some(waiting) = self.waiting.get_mut(place) {
                    *waiting = approval;
                }
            }
            _ => self.goes(approval, known)?,
        }
        Ok(true)
    }

    fn comes(&mut self, approval: Approval) -> Result<(), Failure> {
        if self.waiting.iter().any(|waiting| waiting.id == approval.id) {
            return Ok(());
        }
        if self.json {
            let line = json!({ "event": "asked", "approval": approval });
            output::print(&format!("{line}\n"))?;
        } else if self.answers.is_none() {
            let bell = if io::stdout().is_terminal() { BELL } else { "" };
            let what = page::line(&approval);
            output::print(&format!("{bell}asked    {what}"))?;
        }
        self.waiting.push(approval);
        Ok(())
    }

    fn goes(&mut self, approval: Approval, known: Option<usize>) -> Result<(), Failure> {
        if let Some(place) = known {
            self.waiting.remove(place);
        }
        let asked = self.asked.as_deref() == Some(approval.id.as_str());
        if asked {
            self.asked = None;
        }
        self.left = self.left.map(|left| left.saturating_sub(1));
        if self.json {
            let line = json!({ "event": "ended", "approval": approval });
            return output::print(&format!("{line}\n"));
        }
        let over = if asked { "\n" } else { "" };
        output::print(&format!("{over}ended    {}", page::decided(&approval)))
    }

    /// Does what the person said; `false` when the daemon is gone.
    async fn take(&mut self, client: &Client, said: Answer) -> Result<bool, Failure> {
        let Some(id) = self.asked.clone() else {
            return Ok(true);
        };
        let mut params = DecideParams {
            // What is agreed to is what was on the screen.
            digest: self
                .waiting
                .iter()
                .find(|waiting| waiting.id == id)
                .and_then(|waiting| Some(waiting.act.as_ref()?.digest.clone())),
            ..decision(id.clone(), Choice::Approve)
        };
        match said {
            Answer::Yes => {}
            Answer::Session => params.scope = Some(ConsentScope::Session),
            Answer::No(why) => (params.decision, params.comment) = (Choice::Deny, why),
            Answer::Later => {
                self.waiting.retain(|waiting| waiting.id != id);
                self.asked = None;
                return Ok(true);
            }
            Answer::Quit | Answer::Unclear => {
                output::print(PROMPT)?;
                return Ok(true);
            }
        }
        match client.call::<Decide>(params).await {
            // That it ended is heard of as everybody hears of it.
            Ok(_) => Ok(true),
            Err(CallError::Rpc(refusal)) => {
                output::warn(&format!("  {}: {}", refusal.kind(), refusal.message));
                self.waiting.retain(|waiting| waiting.id != id);
                self.asked = None;
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }
}

/// The next answer; never where there is nobody.
async fn next(answers: &mut Option<mpsc::Receiver<Answer>>) -> Option<Answer> {
    match answers {
        Some(answers) => answers.recv().await,
        None => std::future::pending().await,
    }
}

/// What was answered; none when the daemon is gone.
fn unless_gone<T>(answer: Result<T, CallError>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error @ CallError::Rpc(_)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_answers_with_a_letter_and_perhaps_a_reason() {
        for (line, expected) in [
            ("y\n", Answer::Yes),
            (" YES \r\n", Answer::Yes),
            ("s\n", Answer::Session),
            ("n\n", Answer::No(None)),
            (
                "n use the other one\n",
                Answer::No(Some("use the other one".into())),
            ),
            ("\n", Answer::Later),
            ("q\n", Answer::Quit),
            // Nothing that looks like more than it is counts as agreement.
            ("y rm\n", Answer::Unclear),
            ("yn\n", Answer::Unclear),
            ("approve\n", Answer::Unclear),
        ] {
            assert_eq!(answer(line), expected, "{line:?}");
        }
    }
}
