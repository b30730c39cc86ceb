//! Undoing what succeeded, where the proposal says how.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::proposal::{ActionStatus, ActionType, Compensation, CompensationResult};
use futures_util::FutureExt as _;
use futures_util::future::FusedFuture;
use serde_json::Value;
use tokio::time::Instant;

use super::super::journal::{Datum, kind};
use super::super::plan::{Index, resolve};
use super::super::{ToolCall, ToolError};
use super::attempt::execute;
use super::{Run, later};
use crate::policy::Permits;
use crate::store::measure;
use crate::tool_table::Tool;

/// How one of them ended.
struct Undone {
    status: ActionStatus,
    output: Option<Value>,
    error: Option<String>,
    millis: Option<f64>,
}

impl Undone {
    fn not(status: ActionStatus, error: impl Into<String>) -> Self {
        Self {
            status,
            output: None,
            error: Some(error.into()),
            millis: None,
        }
    }
}

impl Run<'_> {
    /// Undoes what succeeded, the last first and one after the other, but for what is in use by others. When the session
    /// ends meanwhile, there is only so much time left for all of it.
    pub(super) async fn compensate(&mut self, in_use: &HashSet<Index>) -> Vec<CompensationResult> {
        let undoable = std::mem::take(&mut self.undoable);
        let (session, left) = (self.session.clone(), self.engine.parts.limits.wind_down);
        let over = async move {
            session.cancelled().await;
            tokio::time::sleep(left).await;
        };
        let mut over = std::pin::pin!(over.fuse());
        let mut results = Vec::with_capacity(undoable.len());
        for index in undoable.into_iter().rev() {
            let action = &mut self.request.proposal.actions[index as usize];
            let Some(compensation) = action.compensation.take() else {
                continue;
            };
            let tool = compensation.tool.clone();
            let undone = if in_use.contains(&index) {
                let reason = "another proposal has taken its result";
                Undone::not(ActionStatus::Skipped, reason)
            } else {
                self.undo(index, compensation, over.as_mut()).await
            };
            results.push(self.undone(index, tool, undone));
        }
        results
    }

    async fn undo(
        &mut self,
        index: Index,
        compensation: Compensation,
        mut over: Pin<&mut impl FusedFuture<Output = ()>>,
    ) -> Undone {
        let (call, tool, mut permits) = match self.prepare_undoing(index, compensation) {
            Ok(prepared) => prepared,
            Err(reason) => return Undone::not(ActionStatus::Rejected, reason),
        };
        let began = Instant::now();
        // What has no time left is not begun.
        let ended = if over.is_terminated() || over.as_mut().now_or_never().is_some() {
            None
        } else {
            permits.use_up();
            tokio::select! {
                biased;
                ended = execute(self.engine, call) => Some(ended),
                () = over => Some(Err(ToolError::Cancelled)),
            }
        };
        let millis = Some(began.elapsed().as_secs_f64() * 1e3);
        let Some(ended) = ended else {
            return Undone::not(ActionStatus::Skipped, "the session has ended");
        };
        let checked = ended.map_err(|error| error.to_string()).and_then(|value| {
            tool.check_returns(&value)?;
            self.make_room(measure(&value).text)
                .map_err(|found| found.error)?;
            Ok(value)
        });
        match checked {
            Ok(value) => Undone {
                status: ActionStatus::Succeeded,
                output: Some(value),
                error: None,
                millis,
            },
            Err(error) => Undone {
                millis,
                ..Undone::not(ActionStatus::Failed, error)
            },
        }
    }

    /// What is to be called, if it may be: a compensation passes schemas and policies like any call.
    fn prepare_undoing(
        &mut self,
        index: Index,
        compensation: Compensation,
    ) -> Result<(ToolCall, Arc<Tool>, Permits), String> {
        let Compensation {
            tool: name,
            mut parameters,
            timeout_ms,
        } = compensation;
        let limits = self.engine.parts.limits;
        let (names, ids) = (&self.names, &self.ids);
        let output = |on: Index| self.given_by(on);
        let bound = limits.parameter_bytes;
        resolve(
            ActionType::ToolCall,
            &mut parameters,
            names,
            ids,
            bound,
            output,
        )
        .map_err(|error| error.to_string())?;
        let parameters = Value::Object(parameters);
        let tool = self.engine.parts.tools.get(&name);
        let tool = tool.ok_or_else(|| format!("unknown tool `{name}`"))?;
        tool.check_parameters(&parameters)?;
        let mut verdict = self.judge(index, Some(&name), &parameters);
        // Nobody waits for a person while a proposal ends: what would have to be asked is not done.
        verdict.violations.append(&mut verdict.approvals);
        if !verdict.violations.is_empty() {
            return Err(self.tell_violations(index, &verdict.violations));
        }
        let timeout = timeout_ms
            .map_or(limits.compensation_timeout, Duration::from_millis)
            .min(limits.longest_timeout);
        let call = ToolCall {
            proposal_id: Arc::clone(&self.id),
            action_id: Arc::clone(&self.ids[index as usize]),
            tool: tool.definition().name.as_str().into(),
            parameters,
            timeout,
            deadline: later(timeout),
            attempt: 1,
            fence: 0,
            compensation: true,
            idle: None,
            idempotent: tool.definition().idempotent,
            tenant: self.request.tenant.clone(),
            trace: self
                .request
                .trace
                .map(|trace| trace.child(self.engine.parts.ids.span_id())),
            recall: None,
            approved: false,
        };
        Ok((call, tool, verdict.permits))
    }

    fn undone(&self, index: Index, tool: String, undone: Undone) -> CompensationResult {
        let status = match undone.status {
            ActionStatus::Succeeded => "succeeded",
            ActionStatus::Rejected => "rejected",
            ActionStatus::Skipped => "skipped",
            _ => "failed",
        };
        let data = [
            ("tool", Datum::Text(&tool)),
            ("status", Datum::Text(status)),
            ("reason", Datum::text(undone.error.as_deref())),
            (
                "duration_ms",
                undone.millis.map_or(Datum::Absent, Datum::Float),
            ),
        ];
        self.note(kind::ACTION_COMPENSATED, Some(index), &data);
        CompensationResult {
            action_id: self.ids[index as usize].as_ref().to_owned(),
            tool,
            status: undone.status,
            output: undone.output,
            error: undone.error,
            duration_ms: undone.millis,
            timestamp: self.engine.parts.clock.now(),
        }
    }
}
