//! How much was asked, answered, refused and dropped since the daemon started.
//!
//! Plain counters that whoever does the work adds to and nobody waits for; they are read when somebody looks. What
//! there is now (queues, sessions, callbacks) is not counted here: it is asked of its owner.

use std::sync::atomic::{AtomicU64, Ordering};

use car_protocol::method::MethodSpec;
use car_protocol::{RpcError, code, kind, rpc};

/// The line of the method table that a request names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MethodIndex(Option<u16>);

impl MethodIndex {
    /// For a request that names no method of the table.
    pub const UNKNOWN: Self = Self(None);

    /// The line with this name. It is looked for, so ask once.
    #[must_use]
    pub fn of(spec: &MethodSpec) -> Self {
        let position = rpc::methods().position(|line| line.name == spec.name);
        Self(position.and_then(|position| u16::try_from(position).ok()))
    }

    /// Which line it is, from 0.
    pub(crate) fn line(self) -> Option<usize> {
        self.0.map(usize::from)
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// With a result.
    Ok,
    /// With an error that the daemon is not to blame for.
    Refused,
    /// With an internal error, or without an answer of its handler.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Ok, Self::Refused, Self::Failed];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Tally(AtomicU64);

impl Tally {
    /// Adds one.
    pub fn one(&self) {
        self.add(1);
    }

    /// Adds so many.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many there are so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters of one daemon.
#[derive(Debug)]
pub struct Traffic {
    /// By line of the table; the last is for methods that are not in it.
    requests: Box<[[Tally; Outcome::ALL.len()]]>,
    /// By kind; the last is for kinds that are not in the list.
    errors: Box<[Tally]>,
    frames_refused: Tally,
    events_skipped: Tally,
    events_coalesced: Tally,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            requests: (0..=rpc::methods().count())
                .map(|_| <[Tally; 3]>::default())
                .collect(),
            errors: (0..=kind::ALL.len()).map(|_| Tally::default()).collect(),
            frames_refused: Tally::default(),
            events_skipped: Tally::default(),
            events_coalesced: Tally::default(),
        }
    }
}

impl Traffic {
    /// A request has its result.
    pub(crate) fn answered(&self, method: MethodIndex) {
        self.ended(method, Outcome::Ok);
    }

    /// A request has an error.
    pub fn refused(&self, method: MethodIndex, error: &RpcError) {
        let outcome = if error.code == code::INTERNAL_ERROR {
            Outcome::Failed
        } else {
            Outcome::Refused
        };
        self.ended(method, outcome);
        let kinds = kind::ALL.iter();
        let known = kinds
            .zip(&self.errors)
            .find(|((kind, _), _)| *kind == error.kind());
        if let Some(tally) = known.map(|(_, tally)| tally).or(self.errors.last()) {
            tally.one();
        }
    }

    fn ended(&self, method: MethodIndex, outcome: Outcome) {
        let line = match method.0 {
            Some(line) => self.requests.get(usize::from(line)),
            None => self.requests.last(),
        };
        if let Some(tally) = line.and_then(|line| line.get(outcome as usize)) {
            tally.one();
        }
    }

    /// A frame was not taken because too much waits to be written.
    pub(crate) fn frame_refused(&self) {
        self.frames_refused.one();
    }

    /// Events were gone before a subscriber had room for them.
    pub(crate) fn events_skipped(&self, count: u64) {
        self.events_skipped.add(count);
    }

    /// Events were left out because newer ones stand for them.
    pub(crate) fn events_coalesced(&self, count: u64) {
        self.events_coalesced.add(count);
    }

    /// Requests that have ended, by method (`unknown` for those that name none) and outcome. Notifications count too.
    pub fn requests(&self) -> impl Iterator<Item = (&'static str, Outcome, u64)> {
        let names = rpc::methods().map(|spec| spec.name).chain(["unknown"]);
        let lines = names.zip(&self.requests);
        lines.flat_map(|(name, line)| {
            let tallies = Outcome::ALL.into_iter().zip(line);
            tallies.map(move |(outcome, tally)| (name, outcome, tally.get()))
        })
    }

    /// Requests that were answered with an error, by its kind.
    pub fn errors(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let kinds = kind::ALL.iter().map(|(kind, _)| *kind).chain(["other"]);
        kinds
            .zip(&self.errors)
            .map(|(kind, tally)| (kind, tally.get()))
    }

    /// Frames that were dropped because too much waited to be written.
    #[must_use]
    pub fn frames_dropped(&self) -> u64 {
        self.frames_refused.get()
    }

    /// Events that retention took from subscribers before they had room for them.
    #[must_use]
    pub fn events_lost(&self) -> u64 {
        self.events_skipped.get()
    }

    /// Events that did not go to subscribers because newer ones of the same key did.
    #[must_use]
    pub fn events_replaced(&self) -> u64 {
        self.events_coalesced.get()
    }
}

#[cfg(test)]
mod tests {
    use car_protocol::method::Method as _;
    use car_protocol::rpc::state::{Get, Set};

    use super::*;

    fn ended(traffic: &Traffic) -> Vec<(&'static str, &'static str, u64)> {
        let some = traffic.requests().filter(|(_, _, count)| *count > 0);
        some.map(|(name, outcome, count)| (name, outcome.as_str(), count))
            .collect()
    }

    #[test]
    fn requests_are_counted_by_method_and_outcome() {
        let traffic = Traffic::default();
        let (get, set) = (MethodIndex::of(Get::SPEC), MethodIndex::of(Set::SPEC));
        traffic.answered(get);
        traffic.answered(get);
        traffic.refused(set, &RpcError::invalid_params(None, "no"));
        traffic.refused(set, &RpcError::internal());
        assert_eq!(
            ended(&traffic),
            [
                ("state.get", "ok", 2),
                ("state.set", "refused", 1),
                ("state.set", "failed", 1)
            ]
        );
    }

    #[test]
    fn what_is_not_in_the_tables_is_counted_together() {
        let traffic = Traffic::default();
        traffic.refused(MethodIndex::UNKNOWN, &RpcError::method_not_found("x"));
        traffic.refused(MethodIndex::UNKNOWN, &RpcError::new(1, "made_up", ""));
        assert_eq!(ended(&traffic), [("unknown", "refused", 2)]);
        let errors: Vec<_> = traffic.errors().filter(|(_, count)| *count > 0).collect();
        assert_eq!(errors, [("method_not_found", 1), ("other", 1)]);
    }
}
