//! The engine alone: a proposal run without a daemon, a socket or a session.
//!
//! `cargo run -p car-state --example engine`
#![expect(clippy::print_stdout, reason = "a program talks to who started it")]

use std::sync::Arc;

use car_protocol::rpc::tools::ToolDefinition;
use car_state::clock::{IdSource, RandomIds, SystemClock};
use car_state::engine::{
    Engine, EngineLimits, EngineParts, NoJournal, RunRequest, ToolCall, ToolError, ToolExecutor,
};
use car_state::policy::{NobodyToAsk, PolicyBook};
use car_state::results::NothingKept;
use car_state::store::{StateStore, StoreLimits, Tenant};
use car_state::tool_table::ToolTable;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

struct Shout;

impl ToolExecutor for Shout {
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Result<Value, ToolError>> {
        async move {
            Ok(json!(
                call.parameters["text"]
                    .as_str()
                    .unwrap_or_default()
                    .to_uppercase()
            ))
        }
        .boxed()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ids: Arc<dyn IdSource> = Arc::new(RandomIds);
    let store = Arc::new(StateStore::new(StoreLimits::default()));
    let tools = Arc::new(ToolTable::new());
    tools.register(vec![ToolDefinition {
        name: "shout".to_owned(),
        ..ToolDefinition::default()
    }])?;
    let engine = Engine::new(EngineParts {
        store: Arc::clone(&store),
        tools,
        policies: Arc::new(PolicyBook::new(Arc::clone(&ids))),
        approver: Arc::new(NobodyToAsk),
        results: Arc::new(NothingKept),
        executor: Arc::new(Shout),
        journal: Arc::new(NoJournal),
        clock: Arc::new(SystemClock),
        ids,
        limits: EngineLimits::default(),
    });
    let proposal = serde_json::from_value(json!({ "actions": [
        { "id": "a1", "type": "tool_call", "tool": "shout", "parameters": {"text": "hello"} },
        { "id": "a2", "type": "state_write", "parameters": {"key": "said", "value": "$a1.output"} },
    ] }))?;
    let request = RunRequest {
        proposal,
        ..RunRequest::default()
    };
    let result = engine.run(request, CancellationToken::new()).await?;
    println!("{}", serde_json::to_string_pretty(&result)?);
    println!("said = {:?}", store.get(&Tenant::common(), "said"));
    Ok(())
}
