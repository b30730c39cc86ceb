//! The engine against tools that are functions, on a paused clock.

mod cancel;
mod edits;
mod isolation;
mod model;
mod order;
mod permits;
mod property;
mod races;
mod remembered;
mod results;
mod retry;
mod validation;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::proposal::{ActionResult, ActionStatus, Outcome};
use car_protocol::rpc::results::ResultHandle;
use car_protocol::rpc::tools::ToolDefinition;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::json;

use super::*;
use crate::clock::{CountingIds, FixedClock};
use crate::policy::NobodyToAsk;
use crate::results::ResultError;
use crate::store::StoreLimits;

type Answer = Result<Value, ToolError>;
type Function = Box<dyn Fn(ToolCall) -> BoxFuture<'static, Answer> + Send + Sync>;

/// Tools that are functions, and a list of what was called.
#[derive(Default)]
struct Functions {
    by_name: HashMap<&'static str, Function>,
    calls: Mutex<Vec<ToolCall>>,
    open: Arc<AtomicUsize>,
    most_open: AtomicUsize,
}

/// Counts a call as open until it is dropped.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ToolExecutor for Functions {
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Answer> {
        self.calls.lock().push(call.clone());
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_open.fetch_max(open, Ordering::Relaxed);
        let guard = Open(Arc::clone(&self.open));
        let function = &self.by_name[&*call.tool];
        let answer = function(call);
        async move {
            let _guard = guard;
            answer.await
        }
        .boxed()
    }
}

type Note = (&'static str, Option<String>, Map<String, Value>);

#[derive(Default)]
struct Notes(Mutex<Vec<Note>>);

impl Journal for Notes {
    fn record(&self, entry: Entry<'_>) {
        let action = entry.action_id.map(str::to_owned);
        let Ok(Value::Object(data)) = serde_json::to_value(entry.data) else {
            panic!("data is an object");
        };
        self.0.lock().push((entry.kind, action, data));
    }
}

/// An engine with what it works with.
struct Bench {
    engine: Engine,
    tools: Arc<Functions>,
    notes: Arc<Notes>,
    kept: Arc<Kept>,
}

/// Keeps what is too big to be carried, up to 1,000,000 bytes of text each.
#[derive(Default)]
struct Kept(Mutex<Vec<Value>>);

impl ResultKeeper for Kept {
    fn keep(&self, value: &Value) -> Result<ResultHandle, ResultError> {
        let bytes = crate::store::measure(value).text as u64;
        if bytes > 1_000_000 {
            return Err(ResultError::TooBig {
                bytes,
                limit: 1_000_000,
            });
        }
        self.0.lock().push(value.clone());
        Ok(ResultHandle {
            sha256: "00".repeat(32),
            bytes,
            media_type: "application/json".to_owned(),
            expires_at: Timestamp::from_unix_millis(0),
        })
    }
}

impl Bench {
    /// With these tools: `echo` gives its parameters, `fail` fails, `slow` takes `parameters.ms`, and `extra`.
    fn with(extra: Vec<(&'static str, Function)>) -> Self {
        Self::limited(extra, EngineLimits::default(), StoreLimits::default())
    }

    fn new() -> Self {
        Self::with(Vec::new())
    }

    fn limited(
        extra: Vec<(&'static str, Function)>,
        limits: EngineLimits,
        store: StoreLimits,
    ) -> Self {
        let mut functions = Functions::default();
        functions
            .by_name
            .insert("echo", function(|call| Ok(call.parameters)));
        functions.by_name.insert(
            "fail",
            function(|_| {
                Err(ToolError::Failed {
                    message: "no luck".to_owned(),
                })
            }),
        );
        functions.by_name.insert(
            "slow",
            Box::new(|call| {
                let millis = call.parameters["ms"].as_u64().unwrap();
                async move {
                    tokio::time::sleep(Duration::from_millis(millis)).await;
                    Ok(json!(millis))
                }
                .boxed()
            }),
        );
        functions.by_name.extend(extra);
        let table = ToolTable::new();
        let named = |name: &&str| ToolDefinition {
            name: (*name).to_owned(),
            ..ToolDefinition::default()
        };
        table
            .register(functions.by_name.keys().map(named).collect())
            .unwrap();
        let ids: Arc<dyn IdSource> = Arc::new(CountingIds::default());
        let (tools, notes) = (Arc::new(functions), Arc::new(Notes::default()));
        let kept = Arc::new(Kept::default());
        let engine = Engine::new(EngineParts {
            store: Arc::new(StateStore::new(store)),
            tools: Arc::new(table),
            policies: Arc::new(PolicyBook::new(Arc::clone(&ids))),
            approver: Arc::new(NobodyToAsk),
            results: Arc::clone(&kept) as _,
            executor: Arc::clone(&tools) as _,
            journal: Arc::clone(&notes) as _,
            clock: Arc::new(FixedClock(Timestamp::from_unix_millis(0))),
            ids,
            limits,
        });
        Self {
            engine,
            tools,
            notes,
            kept,
        }
    }

    fn define(&self, definition: Value) {
        let definition = serde_json::from_value(definition).unwrap();
        self.engine.parts.tools.register(vec![definition]).unwrap();
    }

    fn policy(&self, scope: Option<&str>, definition: Value) {
        let definition = serde_json::from_value(definition).unwrap();
        self.engine
            .parts
            .policies
            .register(scope, definition)
            .unwrap();
    }

    async fn submit(&self, proposal: Value) -> Result<ProposalResult, EngineError> {
        self.engine
            .run(request(proposal), CancellationToken::new())
            .await
    }

    async fn run(&self, proposal: Value) -> ProposalResult {
        self.submit(proposal).await.unwrap()
    }

    /// What becomes of a proposal that is just these actions, and is cancelled after so many milliseconds.
    async fn cancelled_after(&self, millis: u64, actions: Value) -> ProposalResult {
        let cancel = CancellationToken::new();
        let proposal = request(json!({"actions": actions}));
        let run = self.engine.run(proposal, cancel.clone());
        let later = async {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            cancel.cancel();
        };
        tokio::join!(run, later).0.unwrap()
    }

    /// The results of a proposal that is just these actions.
    async fn actions(&self, actions: Value) -> Vec<ActionResult> {
        self.run(json!({"actions": actions})).await.results
    }

    fn state(&self) -> Value {
        self.engine.parts.store.snapshot(&Tenant::common()).into()
    }

    fn set(&self, key: &str, value: Value) {
        self.engine
            .parts
            .store
            .set(&Tenant::common(), key, value)
            .unwrap();
    }

    /// The ids of the actions whose tools were called, in order.
    fn called(&self) -> Vec<String> {
        let calls = self.tools.calls.lock();
        calls
            .iter()
            .map(|call| call.action_id.as_ref().to_owned())
            .collect()
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.notes.0.lock().iter().map(|(kind, ..)| *kind).collect()
    }

    fn noted(&self, wanted: &str) -> Vec<Value> {
        let notes = self.notes.0.lock();
        let wanted = notes.iter().filter(|(kind, ..)| *kind == wanted);
        wanted.map(|(_, _, data)| data.clone().into()).collect()
    }
}

fn function(answer: impl Fn(ToolCall) -> Answer + Send + Sync + 'static) -> Function {
    Box::new(move |call| std::future::ready(answer(call)).boxed())
}

/// Answers one after the other, the last again and again.
fn answers(answers: Vec<Answer>) -> Function {
    let next = AtomicUsize::new(0);
    function(move |_| {
        let at = next.fetch_add(1, Ordering::Relaxed);
        answers[at.min(answers.len() - 1)].clone()
    })
}

fn failed(message: &str) -> Answer {
    Err(ToolError::Failed {
        message: message.to_owned(),
    })
}

fn request(proposal: Value) -> RunRequest {
    RunRequest {
        proposal: serde_json::from_value(proposal).unwrap(),
        ..RunRequest::default()
    }
}

fn call(id: &str, tool: &str, parameters: Value) -> Value {
    json!({"id": id, "type": "tool_call", "tool": tool, "parameters": parameters})
}

fn write(id: &str, key: &str, value: Value) -> Value {
    json!({"id": id, "type": "state_write", "parameters": {"key": key, "value": value}})
}

fn read(id: &str, key: &str) -> Value {
    json!({"id": id, "type": "state_read", "parameters": {"key": key}})
}

/// `action` with further members.
fn with(mut action: Value, members: Value) -> Value {
    let Value::Object(members) = members else {
        panic!("members are an object")
    };
    action.as_object_mut().unwrap().extend(members);
    action
}

fn statuses(results: &[ActionResult]) -> Vec<ActionStatus> {
    results.iter().map(|result| result.status).collect()
}

fn error(result: &ActionResult) -> &str {
    result.error.as_deref().unwrap_or_default()
}
