//! The chores of this repository that are more than one cargo command: proving everything, checking the rules that a
//! compiler cannot, measuring against a floor, long runs, generating documents, fuzzing.
//!
//! Nothing of this is shipped, so this package may print, read the environment and use the wall clock, which the
//! product may not.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a command-line tool of the repository itself, never part of the product"
)]

#[cfg(unix)]
mod bench;
mod codegen;
mod exec;
mod fuzz;
mod prepare;
mod soak;
mod test;
mod tidy;
mod tree;
mod voice;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::tree::Tree;

/// The chores of the car-server repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Prove everything: formatting, rules, lints, documents, packages, and every test, on a fresh machine too.
    Test(test::Args),
    /// Check the rules of the architecture that the compiler cannot.
    Tidy,
    /// Write the generated documents, or compare them.
    Codegen(codegen::Args),
    /// Measure the daemon against the floor, in one table.
    #[cfg(unix)]
    Bench(bench::Args),
    /// Run the daemon for long, under traffic whose connections fail.
    Soak(soak::Args),
    /// Run the fuzz targets.
    Fuzz(fuzz::Args),
    /// Hear real speech through a daemon with the recogniser in it, and compare it to what is known.
    Voice(voice::Args),
    /// The measuring half of `bench`, from a release build.
    #[cfg(unix)]
    #[command(hide = true)]
    BenchRun(bench::Args),
    /// The server that `bench` measures against.
    #[cfg(unix)]
    #[command(hide = true)]
    BenchFloor(bench::floor::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let tree = Tree::here();
    let outcome = match cli.chore {
        Chore::Test(args) => test::run(&tree, &args),
        Chore::Tidy => tidy::run(&tree),
        Chore::Codegen(args) => codegen::run(&tree, &args),
        #[cfg(unix)]
        Chore::Bench(args) => bench::build_and_run(&tree, &args),
        Chore::Soak(args) => soak::run(&tree, &args),
        Chore::Fuzz(args) => fuzz::run(&tree, &args),
        Chore::Voice(args) => voice::run(&tree, &args),
        #[cfg(unix)]
        Chore::BenchRun(args) => bench::run(&tree, &args),
        #[cfg(unix)]
        Chore::BenchFloor(args) => bench::floor::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
