//! An agent that says what it is told, word by word.
//!
//! `car-server` in one terminal, `cargo run -p car-client --example echo_agent` in another, and in a third
//! `car-server chat echo`. Where the daemon starts it, it speaks for the agent that it is started as; otherwise it
//! registers itself as `echo`, or as its first argument.
#![expect(clippy::print_stdout, reason = "a program talks to who started it")]

use car_client::{ChatTurn, Client};
use car_protocol::rpc::host::{RegisterAgent, RegisterAgentParams};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = Client::builder().agent(|turn: ChatTurn| async move {
        for word in turn.prompt.prompt.split_inclusive(' ') {
            turn.token(word).await?;
        }
        Ok(())
    });
    let client = builder.discover().await?;
    if client.agent_id().is_none() {
        let id = std::env::args().nth(1).unwrap_or_else(|| "echo".to_owned());
        let params = RegisterAgentParams {
            name: id.clone(),
            id: Some(id),
            ..RegisterAgentParams::default()
        };
        client.call::<RegisterAgent>(params).await?;
    }
    println!("ready");
    client.closed().await;
    Ok(())
}
