use std::collections::{HashMap, HashSet};

use car_protocol::rpc::proposal::{Action, ActionType};
use serde_json::{Map, Value};

use super::Report;
use crate::condition;
use crate::engine::plan::holds_references;
use crate::store::{StateView, StoreError, StoreLimits, measure};

/// One key that an action wrote.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a Value,
    /// Whether the value does not hang on what an action gives.
    pub(super) known: bool,
}

/// The state as it would be if every action so far had succeeded with the effects that it declares.
pub(super) struct Simulation<'a> {
    state: Map<String, Value>,
    /// Keys whose value depends on what an action gives.
    unknown: HashSet<&'a str>,
    /// The most that each key that was written held, and all of them together: a run keeps them apart from the state
    /// until it commits, and nobody knows in which order actions come that do not depend on each other.
    written: HashMap<&'a str, usize>,
    held: usize,
    /// Whether that was too much at some point, though it may be less in the end.
    overflowed: bool,
    limits: StoreLimits,
}

impl StateView for Simulation<'_> {
    fn get(&mut self, key: &str) -> Option<&Value> {
        self.state.get(key)
    }
}

impl<'a> Simulation<'a> {
    pub(super) fn new(initial: &Map<String, Value>, limits: StoreLimits) -> Self {
        Self {
            state: initial.clone(),
            unknown: HashSet::new(),
            written: HashMap::new(),
            held: 0,
            overflowed: false,
            limits,
        }
    }

    pub(super) fn state(&self) -> &Map<String, Value> {
        &self.state
    }

    /// Whether the store could hold the state. What other tenants have there is not known.
    pub(super) fn fits(&self, report: &mut Report) {
        let entries = self.state.iter();
        let held: usize = entries
            .map(|(key, value)| key.len() + measure(value).held)
            .sum();
        let limits = &self.limits;
        if self.state.len() > limits.keys {
            let limit = limits.keys;
            report.error("", StoreError::TooManyKeys { limit }.to_string());
        }
        if held > limits.total_bytes && !self.overflowed {
            let limit = limits.total_bytes;
            report.error("", StoreError::TotalSize { limit }.to_string());
        }
    }

    pub(super) fn into_state(self) -> Map<String, Value> {
        self.state
    }

    /// One action: what it demands of the state, and what it does to it.
    pub(super) fn step(
        &mut self,
        id: &str,
        action: &'a Action,
        report: &mut Report,
    ) -> Vec<Written<'a>> {
        let mut written = Vec::new();
        for precondition in &action.preconditions {
            let only_there = matches!(
                precondition.operator.as_deref(),
                Some("exists" | "not_exists")
            );
            if self.unknown.contains(precondition.key.as_str()) && !only_there {
                continue;
            }
            if let Err(message) = condition::check(precondition, self) {
                report.error(id, message);
            }
        }
        for key in &action.state_dependencies {
            if !self.state.contains_key(key) {
                report.error(id, format!("the state key `{key}` is missing"));
            }
        }
        if action.kind != ActionType::ToolCall {
            written.extend(self.own(id, action, report));
        }
        for (key, value) in &action.expected_effects {
            written.extend(self.write(id, key, value, true, report));
        }
        written
    }

    /// What an action on the state does.
    fn own(&mut self, id: &str, action: &'a Action, report: &mut Report) -> Option<Written<'a>> {
        let Some(key) = action.parameters.get("key") else {
            report.error(id, "a state action needs the parameter `key`");
            return None;
        };
        let Some(key) = key.as_str() else {
            report.error(id, "the parameter `key` must be a string");
            return None;
        };
        let referring = holds_references(action);
        match action.kind {
            ActionType::StateWrite => {
                let value = action.parameters.get("value").unwrap_or(&Value::Null);
                return self.write(id, key, value, !referring, report);
            }
            ActionType::Assertion if !referring && !self.unknown.contains(key) => {
                let expected = action.parameters.get("expected").unwrap_or(&Value::Null);
                let holds = self
                    .state
                    .get(key)
                    .is_some_and(|found| condition::equal(found, expected));
                if !holds {
                    report.error(
                        id,
                        format!("the assertion on the state key `{key}` does not hold"),
                    );
                }
            }
            ActionType::Assertion | ActionType::StateRead | ActionType::ToolCall => {}
        }
        None
    }

    fn write(
        &mut self,
        id: &str,
        key: &'a str,
        value: &'a Value,
        known: bool,
        report: &mut Report,
    ) -> Option<Written<'a>> {
        let holds = match self.limits.check(key, value) {
            Ok(holds) => holds,
            Err(error) => {
                report.error(id, error.to_string());
                return None;
            }
        };
        let most = self.written.entry(key).or_default();
        self.held += holds.saturating_sub(*most);
        *most = holds.max(*most);
        if self.held > self.limits.total_bytes && !self.overflowed {
            self.overflowed = true;
            let limit = self.limits.total_bytes;
            report.error(id, StoreError::TotalSize { limit }.to_string());
        }
        if known {
            self.unknown.remove(key);
        } else {
            self.unknown.insert(key);
        }
        self.state.insert(key.to_owned(), value.clone());
        Some(Written { key, value, known })
    }
}
