//! Offers a tool to a running daemon and has it called by a proposal.
//!
//! `cargo run -p car-server` in one terminal, `cargo run -p car-client --example tool_host` in another.
#![expect(clippy::print_stdout, reason = "a program talks to who started it")]

use car_client::Client;
use car_protocol::rpc::proposal::{ActionProposal, Submit, SubmitParams};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::discover().await?;
    client
        .tool("add", |call| async move {
            let number = |name| {
                call.parameters[name]
                    .as_i64()
                    .ok_or(format!("{name} is a number"))
            };
            Ok(json!(number("a")? + number("b")?))
        })
        .await?;
    let proposal: ActionProposal = serde_json::from_value(json!({
        "actions": [{ "id": "a1", "type": "tool_call", "tool": "add", "parameters": { "a": 2, "b": 40 } }]
    }))?;
    let result = client
        .call::<Submit>(SubmitParams {
            proposal,
            ..SubmitParams::default()
        })
        .await?;
    println!("{}", serde_json::to_string_pretty(&result)?);
    client.close().await;
    Ok(())
}
