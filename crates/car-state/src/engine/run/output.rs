use car_protocol::rpc::proposal::{ActionStatus, FailureKind};
use serde_json::{Map, Value};

use super::super::plan::{Index, refers_to_output};
use super::Run;
use crate::store::{measure, measure_map};

/// An output as the result carries it.
pub(super) struct Carried {
    pub(super) output: Option<Value>,
    /// Whether it is a handle.
    pub(super) stored: bool,
}

/// Why an output cannot be carried.
pub(super) struct TooMuch {
    pub(super) error: String,
    pub(super) kind: Option<FailureKind>,
}

impl Run<'_> {
    /// Stores an output that is too big to be carried, and finds room for it and for what was written: results are held
    /// until the proposal ends, so all of them together are bounded.
    ///
    /// An output that was stored is held besides while other actions may take it: they get the value itself.
    pub(super) fn carry(
        &mut self,
        index: Index,
        output: Option<Value>,
        changes: &Map<String, Value>,
    ) -> Result<Carried, TooMuch> {
        let size = output.as_ref().map_or(0, |value| measure(value).text);
        let written = measure_map(changes).text;
        let value = match output {
            Some(value) if size > self.engine.parts.limits.result_bytes => value,
            output => {
                self.make_room(size + written)?;
                return Ok(Carried {
                    output,
                    stored: false,
                });
            }
        };
        let handle = self.engine.parts.results.keep(&value);
        let handle = handle.map_err(|error| TooMuch {
            error: format!("the result has {size} bytes and cannot be stored: {error}"),
            kind: Some(FailureKind::ResultNotKept),
        })?;
        let handle = serde_json::to_value(handle).unwrap_or_default();
        let taken = self.explicit.lead_to(index) || self.is_taken_by_compensation();
        let held = if taken { size } else { 0 };
        self.make_room(measure(&handle).text + held + written)?;
        if taken {
            self.kept.insert(index, value);
        }
        Ok(Carried {
            output: Some(handle),
            stored: true,
        })
    }

    pub(super) fn make_room(&mut self, size: usize) -> Result<(), TooMuch> {
        let limit = self.engine.parts.limits.output_bytes;
        let left = self.output_left.checked_sub(size);
        self.output_left = left.ok_or_else(|| TooMuch {
            error: format!("the results of one proposal have at most {limit} bytes"),
            kind: None,
        })?;
        Ok(())
    }

    /// What an action gave: the value itself, also where only a handle is carried.
    pub(super) fn output_of(&self, index: Index) -> Option<&Value> {
        let carried = || self.results[index as usize].as_ref()?.output.as_ref();
        self.kept.get(&index).or_else(carried)
    }

    /// What an action gave, if it succeeded.
    pub(super) fn given_by(&self, index: Index) -> Option<&Value> {
        let result = self.results[index as usize].as_ref()?;
        (result.status == ActionStatus::Succeeded).then_some(())?;
        Some(self.output_of(index).unwrap_or(&Value::Null))
    }

    /// Whether a compensation takes what some action gives. Which one is looked at only when it runs.
    fn is_taken_by_compensation(&self) -> bool {
        let actions = self.request.proposal.actions.iter();
        let mut compensations = actions.filter_map(|action| action.compensation.as_ref());
        compensations.any(|compensation| compensation.parameters.values().any(refers_to_output))
    }
}
