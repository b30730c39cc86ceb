use std::collections::HashSet;

use car_protocol::rpc::proposal::{Action, ActionType};
use serde_json::{Map, Value};

use super::Report;
use crate::condition;
use crate::engine::plan::holds_references;
use crate::store::{StateView, StoreLimits};

/// The state as it would be if every action so far had succeeded with the effects that it declares.
pub(super) struct Simulation<'a> {
    state: Map<String, Value>,
    /// Keys whose value depends on what an action gives.
    unknown: HashSet<&'a str>,
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
            limits,
        }
    }

    pub(super) fn into_state(self) -> Map<String, Value> {
        self.state
    }

    /// One action: what it demands of the state, and what it does to it.
    pub(super) fn step(&mut self, id: &str, action: &'a Action, report: &mut Report) {
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
            self.own(id, action, report);
        }
        for (key, value) in &action.expected_effects {
            self.write(id, key, value, false, report);
        }
    }

    /// What an action on the state does.
    fn own(&mut self, id: &str, action: &'a Action, report: &mut Report) {
        let Some(key) = action.parameters.get("key") else {
            return report.error(id, "a state action needs the parameter `key`");
        };
        let Some(key) = key.as_str() else {
            return report.error(id, "the parameter `key` must be a string");
        };
        let referring = holds_references(action);
        match action.kind {
            ActionType::StateWrite => {
                let value = action.parameters.get("value").unwrap_or(&Value::Null);
                self.write(id, key, value, referring, report);
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
    }

    fn write(&mut self, id: &str, key: &'a str, value: &Value, unknown: bool, report: &mut Report) {
        if let Err(error) = self.limits.check(key, value) {
            return report.error(id, error.to_string());
        }
        if unknown {
            self.unknown.insert(key);
        } else {
            self.unknown.remove(key);
        }
        self.state.insert(key.to_owned(), value.clone());
    }
}
