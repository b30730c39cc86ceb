//! What would go wrong with a proposal, without running anything. Pure.

mod simulation;
mod writers;

use std::sync::Arc;

use car_protocol::rpc::proposal::{Action, ActionProposal, ActionType};
use car_protocol::rpc::verify::{Issue, Severity, Simulated, SimulatedStep, Verification};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::engine::EngineLimits;
use crate::engine::plan::{Index, Plan, holds_references};
use crate::store::{StoreLimits, measure_map};
use crate::tool_table::ToolTable;
use simulation::{Simulation, Written};

/// Bytes of JSON that the states of all steps of a simulation may have.
const STATES_BYTES: usize = 4 << 20;

/// How many issues are told; whether there are errors is told in any case.
const ISSUES: usize = 1_000;

/// What a proposal is held against.
#[derive(Clone, Copy, Debug)]
pub struct VerifyLimits {
    /// The engine that would run it.
    pub engine: EngineLimits,
    /// The state that it would write to.
    pub store: StoreLimits,
    /// Beyond so many actions there is a warning.
    pub many_actions: usize,
}

impl Default for VerifyLimits {
    fn default() -> Self {
        Self {
            engine: EngineLimits::default(),
            store: StoreLimits::default(),
            many_actions: 30,
        }
    }
}

/// Checks a proposal against the tools, and against a forward simulation that begins with `initial` and takes every
/// action to succeed with the effects that it declares.
///
/// A proposal without errors is never refused by the engine for how it is made: not as a whole, and none of its actions
/// unless a value decides that no one can know before. What tools answer, what policies say, and what others do to the
/// state, is not looked at.
#[must_use]
pub fn verify(
    proposal: &ActionProposal,
    tools: &ToolTable,
    initial: &Map<String, Value>,
    limits: VerifyLimits,
) -> Verification {
    let walked = walk(proposal, tools, initial, limits, |_, _, _| {});
    Verification {
        valid: !walked.report.errors,
        issues: walked.report.issues,
        simulated_state: walked.state,
    }
}

/// The same as [`verify`], with the state after each action.
#[must_use]
pub fn simulate(
    proposal: &ActionProposal,
    tools: &ToolTable,
    initial: &Map<String, Value>,
    limits: VerifyLimits,
) -> Simulated {
    let mut left = Some(STATES_BYTES);
    let mut steps = Vec::with_capacity(proposal.actions.len().min(limits.engine.actions));
    let walked = walk(proposal, tools, initial, limits, |id, written, state| {
        left = left.and_then(|left| left.checked_sub(measure_map(state).text));
        let mut writes = Map::new();
        let mut unknown = Vec::new();
        for Written { key, value, known } in written {
            unknown.retain(|other| other != key);
            if !known {
                unknown.push((*key).to_owned());
            }
            writes.insert((*key).to_owned(), (*value).clone());
        }
        steps.push(SimulatedStep {
            action_id: id.to_owned(),
            writes,
            unknown,
            state: left.map(|_| state.clone()),
        });
    });
    Simulated {
        valid: !walked.report.errors,
        issues: walked.report.issues,
        steps,
        simulated_state: walked.state,
        truncated: left.is_none(),
    }
}

/// What was found on the way through a proposal.
struct Walked {
    report: Report,
    state: Map<String, Value>,
}

/// Goes through a proposal. After each action, `after` gets its name, what it wrote, and the state.
fn walk<'a>(
    proposal: &'a ActionProposal,
    tools: &ToolTable,
    initial: &Map<String, Value>,
    limits: VerifyLimits,
    mut after: impl FnMut(&str, &[Written<'a>], &Map<String, Value>),
) -> Walked {
    let mut report = Report::default();
    let actions = &proposal.actions;
    report.size(proposal, &limits);
    let names: Vec<Arc<str>> = (0..)
        .zip(actions)
        .map(|(place, action)| name(place, action))
        .collect();
    let mut simulation = Simulation::new(initial, limits.store);
    let whole = actions.len() <= limits.engine.actions;
    let plan = whole
        .then(|| Plan::of(&names, proposal, &limits.engine))
        .transpose();
    let plan = plan.unwrap_or_else(|error| {
        let id = &names[error.index];
        report.add(id, Severity::Error, error.problem.to_string());
        None
    });
    let in_order: Vec<Index> = (0..).take(actions.len()).collect();
    let order = plan.as_ref().map_or(&in_order, |plan| &plan.order);
    let mut calls = Calls::new();
    for &place in order {
        let (id, action) = (&names[place as usize], &actions[place as usize]);
        if let Some(plan) = &plan {
            report.nameless(id, place, plan, actions);
        }
        report.call(id, action, tools, &mut calls);
        let written = simulation.step(id, action, &mut report);
        after(id, &written, simulation.state());
    }
    report.repeated(&calls);
    if let Some(plan) = &plan {
        writers::check(plan, &names, actions, &mut report);
    }
    simulation.fits(&mut report);
    Walked {
        report,
        state: simulation.into_state(),
    }
}

/// What issues call an action that has no id.
fn name(place: usize, action: &Action) -> Arc<str> {
    match &action.id {
        Some(id) => id.as_str().into(),
        None => format!("actions[{place}]").into(),
    }
}

/// The calls of a proposal, by tool and parameters.
type Calls<'a> = IndexMap<(&'a str, &'a Map<String, Value>), Repeats<'a>>;

/// How often a call comes, and in which action last.
#[derive(Debug, Default)]
struct Repeats<'a> {
    times: u32,
    last: &'a str,
}

/// The findings so far.
#[derive(Debug, Default)]
struct Report {
    issues: Vec<Issue>,
    errors: bool,
}

impl Report {
    fn repeated(&mut self, calls: &Calls<'_>) {
        for ((name, _), Repeats { times, last }) in calls {
            match times {
                0 | 1 => {}
                2 => self.warn(
                    last,
                    format!("`{name}` is called twice with the same parameters"),
                ),
                _ => self.error(
                    last,
                    format!("`{name}` is called {times} times with the same parameters"),
                ),
            }
        }
    }

    fn add(&mut self, action: &str, severity: Severity, message: String) {
        self.errors |= severity == Severity::Error;
        if self.issues.len() < ISSUES {
            self.issues.push(Issue {
                action_id: action.to_owned(),
                severity,
                message,
            });
        } else if self.issues.len() == ISSUES {
            self.issues.push(Issue {
                action_id: String::new(),
                severity: Severity::Warning,
                message: format!("there are more than {ISSUES} issues; the rest is left out"),
            });
        }
    }

    fn error(&mut self, action: &str, message: impl Into<String>) {
        self.add(action, Severity::Error, message.into());
    }

    fn warn(&mut self, action: &str, message: impl Into<String>) {
        self.add(action, Severity::Warning, message.into());
    }

    fn size(&mut self, proposal: &ActionProposal, limits: &VerifyLimits) {
        let (count, most) = (proposal.actions.len(), limits.engine.actions);
        if count > most {
            self.error(
                "",
                format!("a proposal has at most {most} actions, this one has {count}"),
            );
        } else if count > limits.many_actions {
            let many = limits.many_actions;
            self.warn("", format!("{count} actions are more than {many}"));
        }
        let bytes = limits.engine.id_bytes;
        if proposal
            .id
            .as_ref()
            .is_some_and(|id| id.is_empty() || id.len() > bytes)
        {
            self.error("", format!("a proposal's id has 1 to {bytes} bytes"));
        }
    }

    /// An action without an id gets one when it runs, which nobody can refer to.
    fn nameless(&mut self, id: &str, place: Index, plan: &Plan, actions: &[Action]) {
        let on = plan.explicit.from(place).iter();
        for on in on.filter(|on| actions[**on as usize].id.is_none()) {
            let name = name(*on as usize, &actions[*on as usize]);
            self.error(
                id,
                format!("it depends on `{name}`, which has no id of its own"),
            );
        }
    }

    /// A tool call: the tool, its parameters, and whether the same is asked again and again.
    fn call<'a>(
        &mut self,
        id: &'a str,
        action: &'a Action,
        tools: &ToolTable,
        calls: &mut Calls<'a>,
    ) {
        if action.kind != ActionType::ToolCall {
            return;
        }
        let Some(name) = action.tool.as_deref() else {
            return self.error(id, "a tool call needs `tool`");
        };
        let repeats = calls.entry((name, &action.parameters)).or_default();
        repeats.times += 1;
        repeats.last = id;
        let Some(tool) = tools.get(name) else {
            return self.error(id, format!("unknown tool `{name}`"));
        };
        if holds_references(action) {
            // What they stand for is known only when the actions before have run.
            return;
        }
        if let Err(message) = tool.check_parameters(&Value::Object(action.parameters.clone())) {
            self.error(id, message);
        }
    }
}

#[cfg(test)]
mod tests;
