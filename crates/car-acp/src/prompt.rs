//! One prompt of a chat, from the daemon to the agent and back.

use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, OnceLock};

use agent_client_protocol::v1;
use agent_client_protocol::v1::schema::{
    AgentCapabilities, AuthMethod, CancelNotification, NewSessionRequest, PromptRequest,
    PromptResponse, SessionUpdate, StopReason,
};
use agent_client_protocol::{Agent, Error, ErrorCode};
use car_client::{CallbackError, ChatTurn, Client};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::limits::AcpLimits;
use crate::talks::{Busy, Talk, Talks};
use crate::updates::told;

/// An agent that is ready.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) connection: v1::ConnectionTo<Agent>,
    pub(crate) capabilities: AgentCapabilities,
    pub(crate) logins: Vec<AuthMethod>,
}

/// Answers prompts.
#[derive(Debug)]
pub(crate) struct Prompter {
    pub(crate) talks: Arc<Talks>,
    pub(crate) limits: AcpLimits,
    /// Where it works where nothing else is said.
    pub(crate) cwd: PathBuf,
    pub(crate) ready: Ready,
    pub(crate) client: OnceLock<Client>,
}

/// Tells the agent that nobody wants the rest, unless it is done.
struct Cancelling<'a> {
    ready: &'a Ready,
    talk: &'a Talk,
    done: bool,
}

impl Drop for Cancelling<'_> {
    fn drop(&mut self) {
        if !self.done {
            let cancel = CancelNotification::new(self.talk.session.clone());
            // An agent that is gone needs not be told.
            let _ = self.ready.connection.send_notification(cancel);
        }
    }
}

impl Prompter {
    /// Has the agent answer one prompt. Dropped, it cancels that.
    pub(crate) async fn answer(&self, turn: ChatTurn) -> Result<(), CallbackError> {
        let content = self.content(&turn).await?;
        let talk = self.talk(&turn).await?;
        let permit = timeout(self.limits.stop, Arc::clone(&talk.free).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err("the agent is still busy with a prompt that was cancelled".into());
        };
        // Dropped last: the session is free for the next prompt when this one has told the agent of its end.
        let (tell, mut answer) = oneshot::channel();
        let (updates, mut said) = mpsc::channel(self.limits.updates);
        let busy = Busy {
            chat: turn.prompt.session_id.clone(),
            turn: turn.prompt.turn_id.clone(),
            updates,
            over: CancellationToken::new(),
        };
        let _busy = self.talks.begin(&talk.session, busy);
        let request = PromptRequest::new(talk.session.clone(), content);
        let sent = self.ready.connection.send_request(request);
        let mut cancelling = Cancelling {
            ready: &self.ready,
            talk: &talk,
            done: false,
        };
        // It goes on when this is dropped: the session is free when the agent has ended what was cancelled.
        let waits = self.ready.connection.spawn(async move {
            let answered = sent.block_task().await;
            // Where nobody wants it any more, the permit is free now.
            let _ = tell.send((answered, permit));
            Ok(())
        });
        waits.map_err(|error| words(&error))?;
        let answered = loop {
            tokio::select! {
                biased;
                Some(update) = said.recv() => self.say(&turn, update).await?,
                answered = &mut answer => break answered,
            }
        };
        cancelling.done = true;
        // What was said before the answer is told before the end.
        while let Ok(update) = said.try_recv() {
            self.say(&turn, update).await?;
        }
        match answered {
            Ok((Ok(response), _permit)) => self.end(&turn, &response).await,
            Ok((Err(error), _permit)) => Err(self.refused(&error).await),
            Err(_) => self.gone().await,
        }
    }

    /// The agent has ended, and so does the session that speaks for it: the daemon tells that.
    async fn gone<T>(&self) -> T {
        std::future::pending().await
    }

    /// Why the agent does not do it; nothing where it cannot because it has ended.
    async fn refused(&self, error: &Error) -> CallbackError {
        if self.ready.connection.is_incoming_closed() {
            return self.gone().await;
        }
        self.explained(error)
    }

    async fn say(&self, turn: &ChatTurn, update: SessionUpdate) -> Result<(), CallbackError> {
        for one in told(update, self.limits.event_bytes) {
            let mut said = turn.event(&one.kind);
            said.delta = one.delta;
            said.detail = one.detail;
            turn.say(said).await?;
        }
        Ok(())
    }

    async fn end(&self, turn: &ChatTurn, response: &PromptResponse) -> Result<(), CallbackError> {
        let reason = match response.stop_reason {
            // What the client says by itself.
            StopReason::EndTurn => return Ok(()),
            StopReason::MaxTokens => "max_tokens",
            StopReason::MaxTurnRequests => "max_turn_requests",
            StopReason::Refusal => "refusal",
            StopReason::Cancelled => "cancelled",
            _ => "other",
        };
        let mut last = turn.event("done");
        last.finish_reason = Some(reason.to_owned());
        turn.say(last).await
    }

    /// The agent's session for the chat.
    async fn talk(&self, turn: &ChatTurn) -> Result<Talk, CallbackError> {
        let chat = &turn.prompt.session_id;
        if let Some(talk) = self.talks.of(chat) {
            return Ok(talk);
        }
        let cwd = match turn.prompt.cwd.as_deref() {
            Some(cwd) if is_plain(Path::new(cwd)) => PathBuf::from(cwd),
            Some(_) => return Err("cwd is an absolute path without `..`".into()),
            None => self.cwd.clone(),
        };
        let request = self
            .ready
            .connection
            .send_request(NewSessionRequest::new(cwd));
        match timeout(self.limits.session, request.block_task()).await {
            Ok(Ok(made)) => Ok(self.talks.add(chat, made.session_id, self.limits.talks)),
            Ok(Err(error)) => Err(self.refused(&error).await),
            Err(_) => Err("the agent makes no session in time".into()),
        }
    }

    /// Why the agent does not do it, with what a person can do about it.
    fn explained(&self, error: &Error) -> CallbackError {
        if error.code != ErrorCode::AUTH_REQUIRED {
            return words(error);
        }
        let logins: Vec<_> = self.ready.logins.iter().map(|login| login.name()).collect();
        CallbackError(format!(
            "{}; the agent wants somebody to log in first ({})",
            words(error),
            logins.join(", ")
        ))
    }
}

/// An error of the agent.
fn words(error: &Error) -> CallbackError {
    let data = error.data.as_ref().map(|data| match data {
        serde_json::Value::String(text) => format!(": {text}"),
        other => format!(": {other}"),
    });
    let mut text = format!("{}{}", error.message, data.unwrap_or_default());
    text.truncate(text.floor_char_boundary(4_096));
    CallbackError(text)
}

fn is_plain(path: &Path) -> bool {
    let climbs = |part| matches!(part, Component::ParentDir);
    path.is_absolute() && !path.components().any(climbs)
}
