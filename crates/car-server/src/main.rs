//! The program `car-server`: the daemon, and the commands that talk to one.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
