//! How much slower than the socket the daemon is. Floor and daemon are measured in turns, in one run, by the same load
//! generator, each in a process of its own; only ratios are compared, never numbers of different runs.

#[cfg(feature = "log")]
mod append;
mod audio;
mod callback;
mod cancel;
mod catchup;
mod chat;
mod decision;
#[cfg(feature = "log")]
mod engine;
mod fanout;
pub(crate) mod floor;
mod idle;
mod load;
#[cfg(feature = "log")]
mod memory;
mod proposals;
mod resume;
mod rows;
#[cfg(feature = "log")]
mod rules;
mod server;
mod table;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::server::Programs;
use self::table::Row;
use crate::exec;
use crate::tree::Tree;
use crate::voice;

/// Rows of recorded speech: what part of its time voice activity and Whisper take. They are measured where they are asked
/// for by name, because they need packages that are fetched once, and a daemon with Whisper.
const SPEECH: &[&str] = &["speech-vad-rtf", "speech-stt-rtf"];

/// What to measure, and how long.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Only rows with this in their key; the first column of the table. Those of `speech` are measured by name alone, as
    /// `cargo xtask voice` does.
    #[arg(long, value_name = "ROW")]
    only: Option<String>,
    /// Short and few repetitions: for trying the benchmark itself, too noisy to judge by.
    #[arg(long)]
    quick: bool,
    /// Measure the floor against itself: how far from 1 the ratios are by noise alone.
    #[arg(long)]
    null: bool,
    /// This daemon instead of the one that is built from the tree.
    #[arg(long, value_name = "PROGRAM")]
    daemon: Option<PathBuf>,
}

/// How long and how often.
#[derive(Debug, Clone, Copy)]
struct Effort {
    repetitions: usize,
    warm_up: Duration,
    measure: Duration,
    idle_connections: usize,
}

impl Effort {
    const FULL: Self = Self {
        repetitions: 9,
        warm_up: Duration::from_millis(150),
        measure: Duration::from_millis(600),
        idle_connections: 2000,
    };
    const QUICK: Self = Self {
        repetitions: 3,
        warm_up: Duration::from_millis(100),
        measure: Duration::from_millis(300),
        idle_connections: 500,
    };
}

/// Builds what is measured, each as its users would build it, and hands over to the release build of this tool.
pub(crate) fn build_and_run(tree: &Tree, args: &Args) -> Result<()> {
    let by_name = |row: &&str| args.only.as_deref().is_some_and(|only| row.contains(only));
    if SPEECH.iter().any(by_name) && !rows::keys().iter().any(by_name) {
        return voice::figures(tree);
    }
    if args.daemon.is_none() && !args.null {
        exec::run(
            tree.cargo()
                .args(["build", "--release", "--quiet", "--package", "car-server"]),
        )?;
    }
    // Not together with the daemon: cargo would give it the features that this tool wants of their dependencies.
    let mut command = tree.cargo();
    command.args([
        "run",
        "--release",
        "--quiet",
        "--package",
        "xtask",
        "--features",
        "log",
        "--",
        "bench-run",
    ]);
    if let Some(row) = &args.only {
        command.arg("--only").arg(row);
    }
    for (flag, given) in [("--quick", args.quick), ("--null", args.null)] {
        if given {
            command.arg(flag);
        }
    }
    if let Some(program) = &args.daemon {
        command.arg("--daemon").arg(std::path::absolute(program)?);
    }
    exec::run(&mut command)
}

/// Measures the rows and prints the table.
pub(crate) fn run(tree: &Tree, args: &Args) -> Result<()> {
    if cfg!(debug_assertions) {
        bail!("a debug build measures nothing: use `cargo xtask bench`");
    }
    raise_file_limit()?;
    let this = std::env::current_exe().context("where is this program?")?;
    let beside = this.with_file_name("car-server");
    let daemon = args.daemon.clone().unwrap_or(beside);
    let programs = Programs {
        floor: this,
        daemon,
        null: args.null,
    };
    if !args.null && !programs.daemon.is_file() {
        bail!("there is no daemon at {}", programs.daemon.display());
    }
    let effort = if args.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };

    let keys = rows::keys();
    let wanted = |key: &&str| args.only.as_deref().is_none_or(|part| key.contains(part));
    let keys: Vec<_> = keys.into_iter().filter(wanted).collect();
    if keys.is_empty() {
        let all = [&rows::keys(), SPEECH].concat().join(", ");
        bail!("no such row; there are {all}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let measured: Vec<Row> = runtime.block_on(rows::measure(&programs, effort, &keys))?;
    table::print(&measured, effort, tree);
    Ok(())
}

/// Thousands of connections need as many descriptors, here and in the servers, which inherit the limit.
fn raise_file_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    )
    .context("cannot raise the limit of open files")
}
