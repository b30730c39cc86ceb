//! What agents say.

use std::sync::Arc;

use car_protocol::rpc::agents_chat::{Outcome, Said, SayParams};

use super::body::{Body, OWN_KINDS};
use super::machine::Input;
use super::run::Ending;
use super::session::{ChatSession, Heard};
use super::{ChatError, Chats};
use crate::log::Draft;
use crate::session::ClientSession;

/// How long the word for what happened may be, in bytes.
const LONGEST_KIND: usize = 64;

impl Chats {
    /// The turn that runs in a chat, or the one with this id, for the session that was asked; none where it is over.
    ///
    /// # Errors
    /// [`ChatError::Unknown`], [`ChatError::Foreign`].
    pub fn asked_in(
        &self,
        session: &ClientSession,
        chat: &str,
        turn: Option<&str>,
    ) -> Result<Option<Arc<ChatSession>>, ChatError> {
        let turn = {
            let table = self.table.lock();
            let found = table.get(chat);
            let found = found.ok_or_else(|| ChatError::Unknown(chat.to_owned()))?;
            found.running(turn).cloned()
        };
        match turn {
            Some(turn) if !turn.is_asked_of(session.id()) => {
                Err(ChatError::Foreign(chat.to_owned()))
            }
            turn => Ok(turn),
        }
    }

    /// Publishes what an agent says, if it was asked.
    ///
    /// # Errors
    /// [`ChatError::Unknown`], [`ChatError::Foreign`], [`ChatError::Bounds`].
    pub fn say(&self, from: &ClientSession, mut said: SayParams) -> Result<Said, ChatError> {
        let asked = self.asked_in(from, &said.session_id, said.turn_id.as_deref())?;
        let Some(turn) = asked else {
            return Ok(Said { taken: false });
        };
        let kind = said.kind.len();
        if !(1..=LONGEST_KIND).contains(&kind) || OWN_KINDS.contains(&said.kind.as_str()) {
            return Err(ChatError::Bounds {
                field: "kind",
                what: format!(
                    "1 to {LONGEST_KIND} bytes, and none of {}",
                    OWN_KINDS.join(", ")
                ),
                limit: LONGEST_KIND,
            });
        }
        self.take(&turn, from, &mut said)
    }

    fn take(
        &self,
        turn: &Arc<ChatSession>,
        from: &ClientSession,
        said: &mut SayParams,
    ) -> Result<Said, ChatError> {
        let attachments = match said.attachments.take() {
            None => Vec::new(),
            Some(given) => {
                let host = self.sessions.get(&turn.host);
                let agent = from.identity().get();
                let host = host.map_or_else(|| agent.clone(), |host| host.identity().get());
                self.keep(given, [&agent, &host])?
            }
        };
        let (input, outcome) = match said.kind.as_str() {
            "done" => (Input::Done, Some(Outcome::Done)),
            "error" => (Input::Failed, Some(Outcome::Error)),
            _ => (Input::Said, None),
        };
        let error = said.error.clone().filter(|_| outcome.is_some());
        let body = Body::said(turn, said, &attachments, outcome);
        let draft = Draft::new(body.kind(), self.clock.now(), &body)?;
        let limit = self.limits.event_bytes;
        if draft.len() > limit {
            return Err(ChatError::Bounds {
                field: "params",
                what: format!("longer than {limit} bytes"),
                limit,
            });
        }
        let taken = !turn.over.is_cancelled();
        if outcome.is_some() {
            let draft = Some(draft);
            self.happen(turn, input, None, Ending { error, draft });
        } else {
            let is_text = said.kind == "token";
            let text = said.delta.as_deref().filter(|_| is_text);
            let nothing = Ending {
                error: None,
                draft: None,
            };
            self.happen(turn, input, Some(Heard { draft, text }), nothing);
        }
        Ok(Said { taken })
    }
}
