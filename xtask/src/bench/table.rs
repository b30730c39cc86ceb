//! The table: for each row the medians, the median of the ratios of each turn, and whether that is good enough.

use anyhow::Error;

use super::Effort;
use super::load::Usage;
use super::rows::Value;
use crate::tree::Tree;

/// What the numbers of a row are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    PerSecond,
    Microseconds,
    Bytes,
}

/// What a row has to reach.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// The ratio of daemon to floor.
    AtLeast(f64),
    /// The ratio of daemon to floor.
    AtMost(f64),
    /// The daemon's own number.
    ValueAtMost(f64),
    /// The daemon's own number.
    #[cfg_attr(
        not(feature = "log"),
        expect(dead_code, reason = "only the log has one to reach")
    )]
    ValueAtLeast(f64),
    /// None: the number is to be known.
    Known,
}

/// One line of the table.
#[derive(Debug)]
pub(super) struct Row {
    key: String,
    unit: Unit,
    target: Target,
    turns: Vec<(Value, Value)>,
    failure: Option<String>,
}

impl Row {
    pub(super) fn new(unit: Unit, target: Target) -> Self {
        Self {
            key: String::new(),
            unit,
            target,
            turns: Vec::new(),
            failure: None,
        }
    }

    pub(super) fn failed(key: &str, error: &Error) -> Self {
        let row = Self::new(Unit::PerSecond, Target::AtLeast(0.0)).named(key);
        Self {
            failure: Some(format!("{error:#}")),
            ..row
        }
    }

    pub(super) fn named(mut self, key: &str) -> Self {
        key.clone_into(&mut self.key);
        self
    }

    /// One turn: floor and daemon.
    pub(super) fn add(&mut self, floor: Value, daemon: Value) {
        self.turns.push((floor, daemon));
    }

    /// One turn of what has no floor.
    pub(super) fn add_alone(&mut self, value: f64) {
        self.add((f64::NAN, Usage::default()), (value, Usage::default()));
    }

    fn verdict(&self) -> bool {
        let ratio = self.ratios()[1];
        let value = median(self.turns.iter().map(|turn| turn.1.0));
        match self.target {
            Target::AtLeast(least) => ratio >= least,
            Target::AtMost(most) => ratio <= most,
            Target::ValueAtMost(most) => value <= most,
            Target::ValueAtLeast(least) => value >= least,
            Target::Known => true,
        }
    }

    /// The lowest, the median and the highest ratio of one turn.
    fn ratios(&self) -> [f64; 3] {
        let ratios = || self.turns.iter().map(|(floor, daemon)| daemon.0 / floor.0);
        [
            ratios().fold(f64::INFINITY, f64::min),
            median(ratios()),
            ratios().fold(0.0, f64::max),
        ]
    }

    fn cells(&self) -> [String; 8] {
        let value = |pick: fn(&(Value, Value)) -> f64| {
            shown(self.unit, median(self.turns.iter().map(pick)))
        };
        let [low, middle, high] = self.ratios();
        let target = match self.target {
            Target::AtLeast(least) => format!("≥ {least:.2}"),
            Target::AtMost(most) => format!("≤ {most:.2}"),
            Target::ValueAtMost(most) => format!("≤ {}", shown(self.unit, most)),
            Target::ValueAtLeast(least) => format!("≥ {}", shown(self.unit, least)),
            Target::Known => String::new(),
        };
        let ratio = if middle.is_nan() {
            String::new()
        } else {
            format!("{middle:.3} ({low:.2}–{high:.2})")
        };
        [
            self.key.clone(),
            value(|turn| turn.0.0),
            value(|turn| turn.1.0),
            ratio,
            target,
            if self.verdict() { "pass" } else { "MISS" }.to_owned(),
            costs(&self.turns),
            generator(&self.turns),
        ]
    }
}

/// Prints the table and how it came about.
pub(super) fn print(rows: &[Row], effort: Effort, tree: &Tree) {
    let head = [
        "row",
        "floor",
        "daemon",
        "ratio (of turns)",
        "target",
        "",
        "cpu µs/op",
        "load",
    ]
    .map(str::to_owned);
    let mut lines = vec![head];
    lines.extend(
        rows.iter()
            .filter(|row| row.failure.is_none())
            .map(Row::cells),
    );
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<_> = (0..8).map(width).collect();

    println!();
    for line in &lines {
        let cells =
            line.iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                });
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    for row in rows {
        if let Some(failure) = &row.failure {
            println!("{}: not measured: {failure}", row.key);
        }
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "\n{} turns of {:.1} s each, {cores} cores, {}; rt-TRANSPORT-CONNECTIONSxDEPTH is round trips a second; \
         callback-DEPTH is the p50 of a proposal that calls a tool, against the p50 of the floor's round trip; fanout is \
         deliveries a second of the host stream, whose events the system has before they are delivered, and SQLite soon after; stalled-vs-not compares \
         the daemon with itself; catch-up is events a second to one subscriber that has missed 100,000; resume is from a client's first attempt to come \
         back until it has the 10,000 events that it missed; cancel is the p99 on a \
         connection that streams saturate, with 64 KiB to receive into; append is the log of car-state by itself, events a second and the p99 until one \
         of 64 under way is published; read is from its file; engine is that of car-state by itself, the time of one action; graph-10000-memory is what the most that a \
         daemon takes grows by; cpu is the server's, floor / daemon; load is how busy the generator was at most, and near 100 % it hides differences.",
        effort.repetitions,
        effort.measure.as_secs_f64(),
        revision(tree),
    );
}

fn revision(tree: &Tree) -> String {
    let output = tree
        .command("git")
        .args(["describe", "--always", "--dirty"])
        .output();
    output.map_or_else(
        |_| "no git".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn costs(turns: &[(Value, Value)]) -> String {
    let cost = |pick: fn(&(Value, Value)) -> Option<f64>| {
        let costs: Option<Vec<_>> = turns.iter().map(pick).collect();
        costs.map(|costs| median(costs.into_iter()))
    };
    match (cost(|turn| turn.0.1.server), cost(|turn| turn.1.1.server)) {
        (Some(floor), Some(daemon)) => format!("{floor:.2} / {daemon:.2}"),
        _ => String::new(),
    }
}

/// The highest share of its thread that the load generator used.
fn generator(turns: &[(Value, Value)]) -> String {
    let shares = turns
        .iter()
        .flat_map(|(floor, daemon)| [floor.1.generator, daemon.1.generator]);
    shares
        .flatten()
        .reduce(f64::max)
        .map_or_else(String::new, |share| format!("{:.0} %", share * 100.0))
}

fn shown(unit: Unit, value: f64) -> String {
    match unit {
        _ if value.is_nan() => String::new(),
        Unit::PerSecond => format!("{value:.0}/s"),
        Unit::Microseconds if value >= 10_000.0 => format!("{:.1} ms", value / 1000.0),
        Unit::Microseconds => format!("{value:.1} µs"),
        Unit::Bytes => format!("{:.1} KiB", value / 1024.0),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(target: Target, turns: &[(f64, f64)]) -> Row {
        let mut row = Row::new(Unit::PerSecond, target).named("x");
        turns.iter().for_each(|&(floor, daemon)| {
            row.add((floor, Usage::default()), (daemon, Usage::default()))
        });
        row
    }

    #[test]
    fn the_ratio_is_the_median_of_the_turns_not_the_ratio_of_the_medians() {
        let row = row(
            Target::AtLeast(0.9),
            &[(100.0, 95.0), (200.0, 100.0), (50.0, 48.0)],
        );
        assert_eq!(row.ratios(), [0.5, 0.95, 0.96]);
        assert!(row.verdict());
    }

    #[test]
    fn an_upper_target_is_missed_above_it() {
        assert!(row(Target::AtMost(3.0), &[(10.0, 29.0)]).verdict());
        assert!(!row(Target::AtMost(3.0), &[(10.0, 31.0)]).verdict());
    }

    #[test]
    fn an_absolute_target_looks_at_the_daemon_alone() {
        assert!(row(Target::ValueAtMost(16.0), &[(1.0, 15.0)]).verdict());
        assert!(!row(Target::ValueAtMost(16.0), &[(1.0, 17.0)]).verdict());
    }

    #[test]
    fn numbers_are_shown_with_their_unit() {
        assert_eq!(shown(Unit::PerSecond, 1234.5), "1234/s");
        assert_eq!(shown(Unit::Microseconds, 51.26), "51.3 µs");
        assert_eq!(shown(Unit::Microseconds, 61_250.0), "61.2 ms");
        assert_eq!(shown(Unit::Bytes, 2048.0), "2.0 KiB");
    }
}
