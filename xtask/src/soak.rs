//! Long runs against the real daemon: traffic for minutes, links that fail by thousands of seeds, many kills.

use anyhow::{Context as _, Result};

use crate::exec;
use crate::tree::Tree;

/// How long and how often.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Minutes of mixed traffic; 0 for none.
    #[arg(long, default_value_t = 1)]
    pub(crate) minutes: u64,
    /// Clients at once.
    #[arg(long, default_value_t = 200)]
    pub(crate) clients: u64,
    /// What the traffic depends on, and the first of the links that fail.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Seeds of links that fail, in memory; a fiftieth of them for each family over sockets too.
    #[arg(long, default_value_t = 0)]
    pub(crate) seeds: u64,
    /// Kills of the daemon in mid-stream for each family, and while people decide.
    #[arg(long, default_value_t = 0)]
    pub(crate) kills: u64,
    /// Kills of agents while they are talked to; one more writes a gigabyte.
    #[arg(long, default_value_t = 0)]
    pub(crate) agent_kills: u64,
    /// Debug builds, as the test command has them, instead of release ones.
    #[arg(long)]
    pub(crate) debug: bool,
}

impl Args {
    /// What the test command runs.
    pub(crate) const SHARE: Self = Self {
        minutes: 1,
        clients: 200,
        seed: 0,
        seeds: 0,
        kills: 0,
        agent_kills: 0,
        debug: true,
    };
}

/// Bytes that an agent writes.
const OUTPUT: u64 = 1 << 30;
/// Seeds in memory for one over sockets.
const SOCKETS: u64 = 50;

/// Runs what is wanted, and stops at the first that goes wrong.
pub(crate) fn run(tree: &Tree, args: &Args) -> Result<()> {
    if args.seeds > 0 {
        seeds(tree, args, "e2e", args.seeds)?;
        seeds(tree, args, "sockets", args.seeds.div_ceil(SOCKETS))?;
    }
    if args.kills > 0 {
        let mut command = test(tree, args, "sockets", "kills::");
        command.env("CAR_KILLS", args.kills.to_string());
        exec::run(&mut command).context("a kill lost something")?;
    }
    if args.agent_kills > 0 {
        let mut command = test(tree, args, "sockets", "chaos::");
        command
            .env("CAR_AGENT_KILLS", args.agent_kills.to_string())
            .env("CAR_FAULT_FIRST", args.seed.to_string());
        exec::run(&mut command)
            .context("a chat did not end once, or an agent did not come back")?;
        let mut command = test(tree, args, "sockets", "agents::much_output");
        command.env("CAR_AGENT_OUTPUT", OUTPUT.to_string());
        exec::run(&mut command).context("much output does harm")?;
    }
    if args.minutes > 0 {
        let mut command = tree.cargo();
        command.args(["run", "--quiet", "--package", "car-tests", "--bin", "soak"]);
        if !args.debug {
            command.arg("--release");
        }
        let numbers = [
            ("--seconds", args.minutes * 60),
            ("--clients", args.clients),
            ("--seed", args.seed),
        ];
        command.arg("--");
        for (name, number) in numbers {
            command.arg(name).arg(number.to_string());
        }
        exec::run(&mut command).context("the daemon is not what it was")?;
    }
    Ok(())
}

fn seeds(tree: &Tree, args: &Args, binary: &str, number: u64) -> Result<()> {
    let mut command = test(tree, args, binary, "link::");
    command
        .env("CAR_FAULT_FIRST", args.seed.to_string())
        .env("CAR_FAULT_SEEDS", number.to_string());
    exec::run(&mut command).context("a link that fails led somewhere else")
}

/// The runner of cargo itself: the other one stops what takes long.
fn test(tree: &Tree, args: &Args, binary: &str, filter: &str) -> std::process::Command {
    let mut command = tree.cargo();
    command.args(["test", "--package", "car-tests", "--test", binary]);
    if !args.debug {
        command.arg("--release");
    }
    command.args([filter, "--", "--nocapture"]);
    command
}
