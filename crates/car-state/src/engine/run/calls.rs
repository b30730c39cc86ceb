//! The tool calls of a proposal that are under way.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::super::cache::{Key, Lead};
use super::super::plan::Index;
use crate::policy::Permits;
use crate::tool_table::{Reservation, Tool};

/// A tool call between its first and its last attempt.
pub(super) struct Call<'e> {
    pub(super) tool: Arc<Tool>,
    pub(super) name: Arc<str>,
    /// Moved out by the last attempt.
    pub(super) parameters: Value,
    /// What policies count it against, until it is made.
    pub(super) permits: Permits,
    /// Whether a person has agreed to it.
    pub(super) approved: bool,
    pub(super) key: Option<Key>,
    pub(super) lead: Option<Lead<'e>>,
    /// A place of the tool's own and one in the line of its rate limit, for the attempt that is about to run.
    pub(super) place: Option<OwnedSemaphorePermit>,
    pub(super) turn: Option<Reservation>,
    /// The number of the attempt that is under way, or waits for its turn.
    pub(super) attempt: u32,
    /// How many attempts were made.
    pub(super) made: u32,
    /// Why the last of them failed.
    pub(super) failure: Option<String>,
    /// What the tool said when it was told to stop.
    pub(super) last_words: Option<String>,
    pub(super) began: Instant,
    pub(super) deadline: Instant,
    pub(super) timeout: Duration,
}

impl Call<'_> {
    /// How long the call has taken so far, in milliseconds.
    pub(super) fn millis(&self) -> f64 {
        self.began.elapsed().as_secs_f64() * 1e3
    }
}

/// Calls that have begun and not ended, by their action. They are looked for several times each, and stay where they are.
#[derive(Default)]
pub(super) struct Calls<'e>(Vec<Option<Box<Call<'e>>>>);

impl<'e> Calls<'e> {
    pub(super) fn insert(&mut self, index: Index, call: Call<'e>) {
        let place = index as usize;
        if place >= self.0.len() {
            self.0.resize_with(place + 1, || None);
        }
        if let Some(room) = self.0.get_mut(place) {
            *room = Some(Box::new(call));
        }
    }

    pub(super) fn get(&self, index: Index) -> Option<&Call<'e>> {
        self.0.get(index as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, index: Index) -> Option<&mut Call<'e>> {
        self.0.get_mut(index as usize)?.as_deref_mut()
    }

    pub(super) fn remove(&mut self, index: Index) -> Option<Box<Call<'e>>> {
        self.0.get_mut(index as usize)?.take()
    }
}
