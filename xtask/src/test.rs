//! One command that proves everything, on a machine that has nothing but Rust, Python and Node.

mod nextest;
mod packages;
mod steps;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use self::steps::{STEPS, Step};
use crate::prepare;
use crate::tree::Tree;

/// Which part of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run only this step; may be given more than once.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// List the steps and what each one runs.
    #[arg(long)]
    list: bool,
    /// Provide what the steps need and run none of them; plain `cargo nextest run` works after that.
    #[arg(long)]
    prepare: bool,
}

/// Prepares, then runs the steps in order, and stops at the first that fails.
pub(crate) fn run(tree: &Tree, args: &Args) -> Result<()> {
    let steps = chosen(&args.only)?;
    if args.list {
        for step in steps {
            println!("{:<11} {}", step.name, step.about);
        }
        return Ok(());
    }

    let start = Instant::now();
    let mut report = Vec::new();
    heading("prepare");
    prepare::provide(tree, steps.iter().flat_map(|step| step.needs).copied())?;
    report.push(("prepare", start.elapsed()));
    if args.prepare {
        return Ok(());
    }

    let mut closing = None;
    for step in steps {
        heading(step.name);
        let start = Instant::now();
        match (step.run)(tree) {
            Ok(line) => closing = line,
            Err(error) => {
                let seconds = start.elapsed().as_secs_f64();
                bail!(
                    "step `{0}` failed after {seconds:.1} s: {error:#}\n       alone: cargo xtask test --only {0}",
                    step.name
                );
            }
        }
        report.push((step.name, start.elapsed()));
        println!(
            "--- {} passed in {:.1} s",
            step.name,
            start.elapsed().as_secs_f64()
        );
    }
    summary(&report, start.elapsed());
    if let Some(line) = closing {
        println!("{line}");
    }
    Ok(())
}

fn chosen(only: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = only
        .iter()
        .find(|name| !STEPS.iter().any(|step| step.name == **name))
    {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        bail!(
            "there is no step `{unknown}`; there are {}",
            names.join(", ")
        );
    }
    let wanted = |step: &&Step| only.is_empty() || only.iter().any(|name| name == step.name);
    Ok(STEPS.iter().filter(wanted).collect())
}

fn heading(name: &str) {
    println!("\n=== {name}");
}

fn summary(report: &[(&str, Duration)], total: Duration) {
    println!("\n=== summary");
    for (name, duration) in report {
        println!("{name:<11} {:>7.1} s", duration.as_secs_f64());
    }
    println!("{:<11} {:>7.1} s", "together", total.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_name_of_its_own_and_the_runner_comes_last() {
        let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.last(), Some(&"nextest"));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_known_ones() {
        let error = chosen(&["nonsense".to_owned()]).unwrap_err().to_string();
        assert!(
            error.contains("`nonsense`") && error.contains("clippy"),
            "{error}"
        );
    }

    #[test]
    fn chosen_steps_keep_their_order() {
        let steps = chosen(&["clippy".to_owned(), "fmt".to_owned()]).unwrap();
        let names: Vec<_> = steps.iter().map(|step| step.name).collect();
        assert_eq!(names, ["fmt", "clippy"]);
    }
}
