//! The agent of `car_tests::acp_agent` at its standard input and output. It says `ready` where logs go.
#![expect(clippy::print_stderr, reason = "a program talks to who started it")]

use agent_client_protocol::v1::schema::PromptCapabilities;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    eprintln!("ready");
    let crash: fn() = || std::process::exit(3);
    let takes = PromptCapabilities::new();
    let served = car_tests::acp_agent::serve(tokio::io::stdin(), tokio::io::stdout(), takes, crash);
    served.await.map_err(|error| anyhow::anyhow!("{error}"))
}
