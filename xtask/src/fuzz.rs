//! The fuzz targets under `fuzz/`, each for a number of seconds.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::exec;
use crate::prepare::{self, Need};
use crate::tree::Tree;

/// Which targets, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only targets with this in their name.
    #[arg(long)]
    only: Option<String>,
    /// Build with AddressSanitizer. Our own code forbids `unsafe`, so this looks for faults of dependencies, at a
    /// fifth of the inputs a second.
    #[arg(long)]
    address: bool,
}

/// Runs the targets one after the other and stops at the first finding.
pub(crate) fn run(tree: &Tree, args: &Args) -> Result<()> {
    prepare::provide(tree, [Need::Fuzz])?;
    let mut targets = targets(tree)?;
    if let Some(part) = &args.only {
        targets.retain(|target| target.contains(part.as_str()));
    }
    if targets.is_empty() {
        bail!("no fuzz target under fuzz/fuzz_targets");
    }
    for target in &targets {
        println!("\n=== {target}: {} s", args.seconds);
        let mut command = tree.cargo();
        // The instrumentation is behind flags that a stable compiler refuses without this.
        command
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["fuzz", "run", "--release"]);
        if !args.address {
            command.args(["--sanitizer", "none"]);
        }
        command.arg(target);
        for folder in corpus(tree, target)? {
            command.arg(folder);
        }
        command
            .arg("--")
            .arg(format!("-max_total_time={}", args.seconds));
        command.args(["-timeout=5", "-rss_limit_mb=2048", "-print_final_stats=1"]);
        // The words of a language, which would else have to be found letter by letter.
        let words = format!("fuzz/dictionaries/{target}.dict");
        if tree.join(&words).is_file() {
            command.arg(format!("-dict={words}"));
        }
        exec::run(&mut command).with_context(|| {
            format!("fuzz target `{target}`; the input is under fuzz/artifacts/{target}")
        })?;
    }
    Ok(())
}

/// Where new inputs go, and the committed ones to begin with.
fn corpus(tree: &Tree, target: &str) -> Result<Vec<String>> {
    let grown = format!("fuzz/corpus/{target}");
    fs::create_dir_all(tree.join(&grown))?;
    let seeds = format!("fuzz/seeds/{target}");
    let seeds = tree.join(&seeds).is_dir().then_some(seeds);
    Ok(std::iter::once(grown).chain(seeds).collect())
}

fn targets(tree: &Tree) -> Result<Vec<String>> {
    let folder = tree.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).context("there is no fuzz/fuzz_targets")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(
                path.file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
        }
    }
    names.sort();
    Ok(names)
}
