//! Many clients of the real daemon for a long time; `cargo xtask soak` starts it. The daemon is of the same profile as
//! this program.
#![expect(clippy::print_stderr, reason = "a program talks to who started it")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// Many clients of the real daemon for a long time.
#[derive(Debug, Parser)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "nothing can be measured there")
)]
struct Arguments {
    /// For how long, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Clients at once.
    #[arg(long, default_value_t = 200)]
    clients: u64,
    /// What they do depends on this.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    let _ = Duration::from_secs(Arguments::parse().seconds);
    eprintln!("error: what a daemon holds is read from /proc, which this system has not");
    ExitCode::FAILURE
}

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = car_tests::soak::Wanted {
        time: Duration::from_secs(arguments.seconds),
        clients: arguments.clients,
        seed: arguments.seed,
    };
    match car_tests::soak::run(wanted).await {
        Ok(wrong) if wrong.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
