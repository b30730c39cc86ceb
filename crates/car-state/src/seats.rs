//! Which session speaks for which agent.
//!
//! The last valid attach wins: whoever starts an agent again is never locked out by what is left of the one before. The
//! older session is fenced and told so.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use car_protocol::rpc::Empty;
use car_protocol::rpc::agents::Ping;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::agents::{AgentId, AgentTokens, Presence};
use crate::callbacks::CallError;
use crate::identity::SessionId;
use crate::session::ClientSession;

/// How long an agent may take to say that it listens.
const PING: Duration = Duration::from_secs(2);

/// The sessions that are bound to agents, one an agent.
#[derive(Debug)]
pub struct Seats {
    tokens: Arc<AgentTokens>,
    taken: Mutex<HashMap<AgentId, (SessionId, Weak<ClientSession>)>>,
    /// Told of each attach.
    news: Notify,
}

impl Seats {
    /// Nobody is there.
    #[must_use]
    pub fn new(tokens: Arc<AgentTokens>) -> Self {
        Self {
            tokens,
            taken: Mutex::default(),
            news: Notify::new(),
        }
    }

    /// The agents that have a token.
    #[must_use]
    pub fn tokens(&self) -> &Arc<AgentTokens> {
        &self.tokens
    }

    /// Binds a session to an agent. The one that was there until now is fenced and given back; what it had asked the
    /// agent and may be asked twice is asked of the new one.
    pub fn attach(
        &self,
        agent: &AgentId,
        session: &Arc<ClientSession>,
    ) -> Option<Arc<ClientSession>> {
        let seat = (session.id().clone(), Arc::downgrade(session));
        let before = {
            let mut taken = self.taken.lock();
            // A session speaks for one agent.
            taken.retain(|other, (id, _)| other == agent || id != session.id());
            taken.insert(agent.clone(), seat)
        };
        self.news.notify_waiters();
        let before = before.filter(|(id, _)| id != session.id())?.1.upgrade()?;
        if let Some(channel) = before.link().channel() {
            channel.fence();
        }
        let moved = before
            .callbacks()
            .hand_over(session.callbacks(), session.link());
        tracing::info!(%agent, session = %session.id(), before = %before.id(), moved, "an agent is attached anew");
        Some(before)
    }

    /// The session that speaks for an agent.
    #[must_use]
    pub fn session_of(&self, agent: &str) -> Option<Arc<ClientSession>> {
        let taken = self.taken.lock();
        taken.get(agent)?.1.upgrade()
    }

    /// Ready when a session speaks for the agent. Whoever waits sets the deadline.
    pub async fn attached(&self, agent: &str) {
        loop {
            let mut news = std::pin::pin!(self.news.notified());
            news.as_mut().enable();
            if self.session_of(agent).is_some() {
                return;
            }
            news.await;
        }
    }

    /// Whether this session speaks for the agent.
    #[must_use]
    pub fn is_taken_by(&self, agent: &str, session: &SessionId) -> bool {
        let taken = self.taken.lock();
        taken.get(agent).is_some_and(|(id, _)| id == session)
    }

    /// How many agents are attached.
    #[must_use]
    pub fn len(&self) -> usize {
        self.taken.lock().len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The session has ended, or speaks for nobody any more.
    pub fn leave(&self, session: &SessionId) {
        self.taken.lock().retain(|_, (id, _)| id != session);
    }
}

impl Presence for Seats {
    fn session(&self, id: &AgentId) -> Option<String> {
        let session = self.session_of(id.as_str())?;
        Some(session.id().to_string())
    }

    fn ping(&self, id: &AgentId) -> BoxFuture<'static, Option<bool>> {
        let session = self.session_of(id.as_str());
        async move {
            let asked = session?.call::<Ping>(PING, |_| Empty {}).await;
            // Whoever answers that it knows no such method has answered.
            let answers = matches!(
                asked,
                Ok(_) | Err(CallError::Refused(_) | CallError::BadAnswer(_))
            );
            Some(answers)
        }
        .boxed()
    }
}
