//! The sessions that the agent has for chats, and the prompts that it is busy with.

use std::collections::HashMap;
use std::sync::Arc;

use agent_client_protocol::v1::schema::{SessionId, SessionUpdate};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

/// What the agent has for one chat.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    pub(crate) session: SessionId,
    /// One permit: who holds it has the agent answer a prompt.
    pub(crate) free: Arc<Semaphore>,
}

/// A prompt that the agent is busy with.
#[derive(Clone, Debug)]
pub(crate) struct Busy {
    pub(crate) chat: String,
    pub(crate) turn: String,
    /// Where what it says goes.
    pub(crate) updates: mpsc::Sender<SessionUpdate>,
    /// Cancelled when nobody wants the rest.
    pub(crate) over: CancellationToken,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Talks(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    by_chat: HashMap<String, (Talk, u64)>,
    busy: HashMap<SessionId, Busy>,
    /// Counts what is looked up, to know what was not for long.
    clock: u64,
}

impl Talks {
    /// What the agent has for a chat.
    pub(crate) fn of(&self, chat: &str) -> Option<Talk> {
        let mut table = self.0.lock();
        table.clock += 1;
        let now = table.clock;
        let (talk, used) = table.by_chat.get_mut(chat)?;
        *used = now;
        Some(talk.clone())
    }

    /// Notes a new session. Where there are too many, the one that was not used for longest is forgotten, unless the
    /// agent is busy with it.
    pub(crate) fn add(&self, chat: &str, session: SessionId, most: usize) -> Talk {
        let talk = Talk {
            session,
            free: Arc::new(Semaphore::new(1)),
        };
        let mut table = self.0.lock();
        table.clock += 1;
        let now = table.clock;
        if table.by_chat.len() >= most {
            let idle = table.by_chat.iter();
            let idle = idle.filter(|(_, (talk, _))| talk.free.available_permits() > 0);
            let oldest = idle.min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(chat, _)| chat.clone()) {
                table.by_chat.remove(&oldest);
            }
        }
        table.by_chat.insert(chat.to_owned(), (talk.clone(), now));
        talk
    }

    /// The agent is busy with a prompt, until the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>, session: &SessionId, busy: Busy) -> BusyGuard {
        let over = busy.over.clone();
        self.0.lock().busy.insert(session.clone(), busy);
        BusyGuard {
            talks: Arc::clone(self),
            session: session.clone(),
            over,
        }
    }

    /// What the agent is busy with in a session.
    pub(crate) fn busy(&self, session: &SessionId) -> Option<Busy> {
        self.0.lock().busy.get(session).cloned()
    }
}

/// Ends with the prompt.
#[derive(Debug)]
pub(crate) struct BusyGuard {
    talks: Arc<Talks>,
    session: SessionId,
    over: CancellationToken,
}

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.over.cancel();
        self.talks.0.lock().busy.remove(&self.session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_chats_the_one_that_was_silent_for_longest_begins_anew() {
        let talks = Talks::default();
        let add = |chat: &str| talks.add(chat, SessionId::new(chat.to_owned()), 2);
        let first = add("a");
        let busy = first.free.try_acquire().unwrap();
        add("b");
        add("c");
        assert!(
            talks.of("b").is_none(),
            "the agent is busy with the older one"
        );
        drop(busy);
        assert!(talks.of("a").is_some());
        add("d");
        assert!(talks.of("c").is_none() && talks.of("a").is_some());
    }
}
