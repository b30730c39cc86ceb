//! The program `car-server`: the daemon, and the commands that talk to one.

mod cli;

use std::process::ExitCode;

/// Frames come and go on one thread: it allocates and frees faster without looking at other threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
