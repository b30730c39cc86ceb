//! Where turns are kept beyond their streams.

use std::collections::VecDeque;
use std::fmt::Debug;

use car_protocol::Timestamp;
use car_protocol::rpc::agents_chat::{Outcome, Turn};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;

use super::ChatLimits;
use crate::log::LogError;

/// What is known of a turn at its beginning.
#[derive(Clone, Debug)]
pub(super) struct TurnRow {
    pub(super) number: u64,
    pub(super) chat: String,
    pub(super) turn: String,
    pub(super) agent: String,
    /// Whose chat it is.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(dead_code, reason = "only the database keeps whose a turn was")
    )]
    pub(super) owner: String,
    pub(super) prompt: String,
    pub(super) started: Timestamp,
}

/// How a turn ended.
#[derive(Clone, Debug)]
pub(super) struct TurnEnd {
    pub(super) number: u64,
    /// What was said since it was last noted.
    pub(super) text: String,
    pub(super) outcome: Outcome,
    pub(super) error: Option<String>,
    pub(super) at: Timestamp,
}

/// A chat as its newest turn has it.
#[derive(Clone, Debug)]
pub(super) struct KeptChat {
    pub(super) chat: String,
    pub(super) agent: String,
    pub(super) owner: String,
    pub(super) turn: String,
    pub(super) at: Timestamp,
    pub(super) outcome: Outcome,
    /// Whether the turn was running when the daemon before this one ended.
    pub(super) was_cut: bool,
}

/// Done when something is as safe as it gets.
pub(super) type Then = Box<dyn FnOnce() + Send>;

/// Keeps turns. Whoever writes does not wait.
pub(super) trait TurnStore: Debug + Send + Sync {
    /// Ends what ran in an earlier process, and says what there is: the newest turn of each chat, oldest first, and the
    /// highest number. Blocks.
    fn open(&self, now: Timestamp) -> Result<(Vec<KeptChat>, u64), LogError>;

    /// Whether turns can be written now.
    fn admits(&self) -> Result<(), LogError>;

    /// A turn begins.
    fn begin(&self, row: TurnRow);

    /// A turn did not begin after all.
    fn forget(&self, number: u64);

    /// Ready when all that was given until now is as safe as it gets.
    fn settled(&self) -> BoxFuture<'static, ()>;

    /// Whether what is said is worth noting before the end.
    fn outlives(&self) -> bool;

    /// Adds to what was said.
    fn note(&self, number: u64, text: String);

    /// A turn ended; `then` runs when that survives the process, or will not.
    fn end(&self, end: TurnEnd, then: Then);

    /// Turns of a chat before a number, newest first.
    fn history(
        &self,
        chat: &str,
        before: u64,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<Turn>, LogError>>;
}

/// Keeps turns as long as the process lives.
#[derive(Debug)]
pub(super) struct MemoryTurns {
    limits: ChatLimits,
    kept: Mutex<VecDeque<(String, Turn)>>,
}

impl MemoryTurns {
    pub(super) fn new(limits: ChatLimits) -> Self {
        Self {
            limits,
            kept: Mutex::default(),
        }
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Turn)) {
        let mut kept = self.kept.lock();
        // The one that changes is usually among the newest.
        let found = kept
            .iter_mut()
            .rev()
            .find(|(_, turn)| turn.number == number);
        if let Some((_, turn)) = found {
            change(turn);
        }
    }
}

impl TurnStore for MemoryTurns {
    fn open(&self, _: Timestamp) -> Result<(Vec<KeptChat>, u64), LogError> {
        Ok((Vec::new(), 0))
    }

    fn admits(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn begin(&self, row: TurnRow) {
        let age = i64::try_from(self.limits.age.as_millis()).unwrap_or(i64::MAX);
        let oldest = row.started.unix_millis().saturating_sub(age);
        let mut kept = self.kept.lock();
        while kept.len() >= self.limits.kept
            || kept
                .front()
                .is_some_and(|(_, turn)| turn.started_at.unix_millis() < oldest)
        {
            kept.pop_front();
        }
        let turn = Turn {
            number: row.number,
            turn_id: row.turn,
            agent_id: row.agent,
            prompt: row.prompt,
            text: String::new(),
            started_at: row.started,
            ended_at: None,
            outcome: None,
            error: None,
        };
        kept.push_back((row.chat, turn));
    }

    fn forget(&self, number: u64) {
        self.kept.lock().retain(|(_, turn)| turn.number != number);
    }

    fn settled(&self) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }

    fn outlives(&self) -> bool {
        false
    }

    fn note(&self, number: u64, text: String) {
        self.change(number, |turn| turn.text.push_str(&text));
    }

    fn end(&self, end: TurnEnd, then: Then) {
        self.change(end.number, |turn| {
            turn.text.push_str(&end.text);
            turn.outcome = Some(end.outcome);
            turn.error = end.error;
            turn.ended_at = Some(end.at);
        });
        then();
    }

    fn history(
        &self,
        chat: &str,
        before: u64,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<Turn>, LogError>> {
        let kept = self.kept.lock();
        let limit = limit.min(self.limits.kept_of_chat);
        let of_chat = kept.iter().rev().filter(|(of, _)| of == chat);
        let turns = of_chat
            .map(|(_, turn)| turn)
            .filter(|turn| turn.number < before);
        ready(Ok(turns.take(limit).cloned().collect())).boxed()
    }
}

#[cfg(test)]
mod tests;
