//! Asks an agent something and prints what it says as it says it.
//!
//! `cargo run -p car-client --example host -- echo "hello there"`, with the agent of the example `echo_agent`.
#![expect(clippy::print_stdout, reason = "a program talks to who started it")]

use car_client::Client;
use car_protocol::rpc::agents_chat::ChatParams;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let client = Client::discover().await?;
    let params = ChatParams {
        agent_id: words.next().unwrap_or_else(|| "echo".to_owned()),
        prompt: words.next().unwrap_or_else(|| "hello there".to_owned()),
        ..ChatParams::default()
    };
    let mut chat = client.chat(params).await?;
    while let Some(event) = chat.next().await {
        if let Some(text) = event.delta {
            print!("{text}");
        }
        if let Some(outcome) = event.outcome {
            println!("\n[{}]", outcome.as_str());
        }
    }
    client.close().await;
    Ok(())
}
