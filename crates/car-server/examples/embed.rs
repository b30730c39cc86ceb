//! A whole daemon inside another program: its own tools, its own memory, and a client over memory instead of a socket.
//!
//! `cargo run -p car-server --example embed`
#![expect(clippy::print_stdout, reason = "a program talks to who started it")]

use std::sync::Arc;

use car_client::Client;
use car_protocol::rpc::proposal::{ActionProposal, Submit, SubmitParams};
use car_protocol::rpc::tools::ToolDefinition;
use car_server::Server;
use car_state::clock::{Clock, SystemClock};
use car_state::engine::{ToolCall, ToolError, ToolExecutor};
use car_state::memgine::{ConversationTurn, FactHit, FactId, Memgine, MemgineError, NewFact};
use car_state::server::{ServerState, ServerStateConfig};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Value, json};

/// The program's memory: what fits is what shares a word.
#[derive(Debug, Default)]
struct Notebook(Mutex<Vec<NewFact>>);

impl Memgine for Notebook {
    fn add_fact(&self, fact: NewFact) -> BoxFuture<'_, Result<FactId, MemgineError>> {
        let mut notes = self.0.lock();
        notes.push(fact);
        let id = FactId(format!("note-{}", notes.len()));
        async move { Ok(id) }.boxed()
    }

    fn query<'a>(
        &'a self,
        query: &'a str,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<FactHit>, MemgineError>> {
        let fits = |note: &NewFact| {
            query
                .split_whitespace()
                .filter(|word| note.body.contains(word))
                .count()
        };
        let mut hits: Vec<FactHit> = (1..)
            .zip(self.0.lock().iter())
            .filter(|(_, note)| fits(note) > 0)
            .map(|(n, note)| FactHit {
                id: FactId(format!("note-{n}")),
                subject: note.subject.clone(),
                body: note.body.clone(),
                kind: note.kind.clone(),
                score: f64::from(u32::try_from(fits(note)).unwrap_or(u32::MAX)),
            })
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(limit);
        async move { Ok(hits) }.boxed()
    }

    fn build_context<'a>(
        &'a self,
        query: &'a str,
        tokens: usize,
    ) -> BoxFuture<'a, Result<String, MemgineError>> {
        async move {
            let hits = self.query(query, 10).await?;
            let lines: Vec<String> = hits
                .into_iter()
                .map(|hit| format!("{}: {}", hit.id.0, hit.body))
                .collect();
            Ok(lines.join("\n").chars().take(tokens * 4).collect())
        }
        .boxed()
    }

    fn ingest_conversation(
        &self,
        turn: ConversationTurn,
    ) -> BoxFuture<'_, Result<(), MemgineError>> {
        let ConversationTurn { speaker, text, at } = turn;
        let fact = NewFact {
            subject: speaker.clone(),
            body: text,
            kind: "turn".to_owned(),
            at,
            source: speaker,
        };
        async move { self.add_fact(fact).await.map(drop) }.boxed()
    }

    fn fact_count(&self) -> BoxFuture<'_, Result<u64, MemgineError>> {
        let count = self.0.lock().len() as u64;
        async move { Ok(count) }.boxed()
    }
}

/// The program's tools, which run here rather than in a client.
struct Tools(Arc<dyn Memgine>);

impl Tools {
    async fn run(&self, call: ToolCall) -> Result<Value, ToolError> {
        let text = call.parameters["text"].as_str().unwrap_or_default();
        let failed = |error: MemgineError| ToolError::Failed {
            message: error.to_string(),
        };
        match &*call.tool {
            "remember" => {
                let fact = NewFact {
                    subject: "note".to_owned(),
                    body: text.to_owned(),
                    kind: "pattern".to_owned(),
                    at: SystemClock.now(),
                    source: call.proposal_id.to_string(),
                };
                Ok(json!(self.0.add_fact(fact).await.map_err(failed)?))
            }
            "recall" => Ok(json!(self.0.query(text, 3).await.map_err(failed)?)),
            other => Err(ToolError::Unknown {
                tool: other.to_owned(),
            }),
        }
    }
}

impl ToolExecutor for Tools {
    fn execute(&self, call: ToolCall) -> BoxFuture<'_, Result<Value, ToolError>> {
        self.run(call).boxed()
    }
}

fn tool(name: &str) -> ToolDefinition {
    let parameters = json!({ "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"] });
    ToolDefinition {
        name: name.to_owned(),
        parameters,
        ..ToolDefinition::default()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let memory: Arc<dyn Memgine> = Arc::<Notebook>::default();
    let config = ServerStateConfig::new(std::env::temp_dir())
        .with_shared_memgine(Arc::clone(&memory))
        .with_tool_executor(
            vec![tool("remember"), tool("recall")],
            Arc::new(Tools(Arc::clone(&memory))),
        );
    let server = Server::builder(ServerState::with_config(config)?).build()?;

    let client = Client::builder().over(server.connect()).await?;
    let proposal: ActionProposal = serde_json::from_value(json!({ "actions": [
        { "id": "a1", "type": "tool_call", "tool": "remember", "parameters": {"text": "the kettle is blue"} },
        { "id": "a2", "type": "tool_call", "tool": "recall", "parameters": {"text": "which kettle"} },
    ] }))?;
    let result = client
        .call::<Submit>(SubmitParams {
            proposal,
            ..SubmitParams::default()
        })
        .await?;
    println!("{}", serde_json::to_string_pretty(&result.results)?);
    println!("the memory holds {} fact", memory.fact_count().await?);

    client.close().await;
    server.stop();
    server.stopped().await;
    Ok(())
}
