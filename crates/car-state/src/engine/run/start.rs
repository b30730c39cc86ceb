use std::sync::Arc;

use car_protocol::rpc::proposal::{ActionStatus, ActionType, FailureKind};
use serde_json::{Map, Value, json};

use super::super::journal::{Datum, kind};
use super::super::plan::{Index, holds_references, resolve};
use super::Run;
use crate::condition;
use crate::store::StateView as _;
use crate::tool_table::Tool;

/// What an action is ready to do.
enum Ready {
    Call(Arc<Tool>),
    Write,
    Read,
    Assert,
}

/// Why an action is not taken.
struct Refusal {
    reason: String,
    kind: Option<FailureKind>,
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self { reason, kind: None }
    }
}

impl Run<'_> {
    /// Looks an action over whose turn it is, and begins it. Actions on the state end at once.
    pub(super) fn start(&mut self, index: Index) {
        if let Some(reason) = self.unmet_need(index) {
            return self.skip(index, reason);
        }
        if !self.count_action() {
            return;
        }
        let action = &mut self.request.proposal.actions[index as usize];
        let referring = holds_references(action);
        let mut parameters = std::mem::take(&mut action.parameters);
        if referring && let Err(reason) = self.resolve(index, &mut parameters) {
            return self.reject(index, reason);
        }
        let parameters = Value::Object(parameters);
        let ready = match self.validate(index, &parameters) {
            Ok(ready) => ready,
            Err(Refusal { reason, kind }) => {
                self.reject(index, reason);
                if let Some(kind) = kind {
                    self.say(index, kind, None);
                }
                return;
            }
        };
        let verdict = self.judge(index, None, &parameters);
        if !verdict.violations.is_empty() {
            return self.deny(index, verdict.violations);
        }
        self.note(kind::ACTION_VALIDATED, Some(index), &[]);
        match ready {
            Ready::Call(tool) => self.begin_call(index, tool, parameters, verdict),
            Ready::Write => self.write_state(index, parameters),
            Ready::Read => self.read_state(index, &parameters),
            Ready::Assert => self.assert_state(index, &parameters),
        }
    }

    /// Why an action cannot run although its turn has come.
    fn unmet_need(&self, index: Index) -> Option<String> {
        let failed = self.needs.from(index).iter().find(|on| {
            let result = self.results[**on as usize].as_ref();
            result.is_none_or(|result| result.status != ActionStatus::Succeeded)
        })?;
        let on = &self.ids[*failed as usize];
        Some(format!("it depends on `{on}`, which did not succeed"))
    }

    fn resolve(&self, index: Index, parameters: &mut Map<String, Value>) -> Result<(), String> {
        let output = |on: Index| self.given_by(on);
        let limit = self.engine.parts.limits.parameter_bytes;
        let kind = self.action(index).kind;
        resolve(kind, parameters, &self.names, &self.ids, limit, output)
            .map_err(|error| error.to_string())
    }

    fn validate(&mut self, index: Index, parameters: &Value) -> Result<Ready, Refusal> {
        let action = &self.request.proposal.actions[index as usize];
        let ready = match action.kind {
            ActionType::ToolCall => {
                let name = action.tool.as_deref();
                let name = name.ok_or_else(|| "a tool call needs `tool`".to_owned())?;
                let tool = self.engine.parts.tools.get(name);
                let tool = tool.ok_or_else(|| format!("unknown tool `{name}`"))?;
                tool.check_parameters(parameters)
                    .map_err(|reason| Refusal {
                        reason,
                        kind: Some(FailureKind::InvalidParameters),
                    })?;
                Ready::Call(tool)
            }
            ActionType::StateWrite => {
                let value = parameters.get("value").unwrap_or(&Value::Null);
                let fits = self.state.check(key_of(parameters)?, value);
                fits.map_err(|error| error.to_string())?;
                Ready::Write
            }
            ActionType::StateRead => key_of(parameters).map(|_| Ready::Read)?,
            ActionType::Assertion => key_of(parameters).map(|_| Ready::Assert)?,
        };
        for (key, value) in &action.expected_effects {
            let fits = self.state.check(key, value);
            fits.map_err(|error| format!("the effect on `{key}`: {error}"))?;
        }
        for precondition in &action.preconditions {
            condition::check(precondition, &mut self.state)?;
        }
        for key in &action.state_dependencies {
            if self.state.get(key).is_none() {
                return Err(format!("the state key `{key}` is missing").into());
            }
        }
        Ok(ready)
    }

    fn write_state(&mut self, index: Index, parameters: Value) {
        let Value::Object(mut parameters) = parameters else {
            return;
        };
        let value = parameters.remove("value").unwrap_or_default();
        let Some(Value::String(key)) = parameters.remove("key") else {
            return;
        };
        self.executing(index);
        let output = format!("written: {key}").into();
        self.succeed(index, output, Some((key, value)));
    }

    fn read_state(&mut self, index: Index, parameters: &Value) {
        let Ok(key) = key_of(parameters) else { return };
        self.executing(index);
        let value = self.state.get(key).cloned().unwrap_or_default();
        self.succeed(index, value, None);
    }

    fn assert_state(&mut self, index: Index, parameters: &Value) {
        let Ok(key) = key_of(parameters) else { return };
        self.executing(index);
        let expected = parameters.get("expected").unwrap_or(&Value::Null);
        let error = match self.state.get(key) {
            Some(found) if condition::equal(found, expected) => {
                let output = json!({ "asserted": key, "value": found });
                return self.succeed(index, output, None);
            }
            Some(_) => format!("assertion failed: the state key `{key}` holds another value"),
            None => format!("assertion failed: the state key `{key}` is missing"),
        };
        self.fail(index, error);
    }

    fn executing(&self, index: Index) {
        let data = [("attempt", Datum::Number(1))];
        self.note(kind::ACTION_EXECUTING, Some(index), &data);
    }
}

fn key_of(parameters: &Value) -> Result<&str, String> {
    let key = parameters
        .get("key")
        .ok_or("a state action needs the parameter `key`")?;
    let key = key.as_str().ok_or("the parameter `key` must be a string")?;
    Ok(key)
}
