//! What was seen of the daemon, and whether it stayed as it was.
//!
//! After a warm-up of a fifth of the time the samples are cut into three. What is flat has in the last third a median that
//! is at most a tenth above the one of the first third, and a fixed allowance: a leak grows with time and exceeds any
//! allowance in a long run, and memory that an allocator keeps after a peak does not.

use std::collections::BTreeMap;
use std::time::Duration;

/// Beside the tenth: resident memory, in bytes.
const MEMORY: u64 = 12 << 20;
/// Beside the tenth: descriptors. Their number follows that of connections, which comes and goes.
const DESCRIPTORS: u64 = 24;
/// Rows of the table at most, and the shortest time of one.
const ROWS: u32 = 60;
const ROW: Duration = Duration::from_secs(10);

/// One look at the daemon.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) at: Duration,
    pub(super) resident: u64,
    pub(super) descriptors: u64,
    pub(super) connections: u64,
    /// Requests since the beginning.
    pub(super) requests: u64,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Record {
    time: Duration,
    samples: Vec<Sample>,
    errors: BTreeMap<String, u64>,
    /// When the next row is due, and the requests of the one before.
    next: Duration,
    counted: u64,
}

impl Record {
    pub(super) fn new(time: Duration) -> Self {
        let mut record = Self {
            time,
            samples: Vec::new(),
            errors: BTreeMap::new(),
            next: Duration::ZERO,
            counted: 0,
        };
        record.next = record.row();
        record
    }

    fn row(&self) -> Duration {
        (self.time / ROWS).max(ROW)
    }

    pub(super) fn head() -> String {
        line(
            [
                "time",
                "memory",
                "fds",
                "connections",
                "requests/s",
                "errors",
            ]
            .map(str::to_owned),
        )
    }

    /// Adds a look; a row of the table when one is due. `errors` are those since the last row.
    pub(super) fn add(
        &mut self,
        sample: Sample,
        errors: impl FnOnce() -> BTreeMap<String, u64>,
    ) -> Option<String> {
        self.samples.push(sample);
        if sample.at + Duration::from_millis(500) < self.next {
            return None;
        }
        let row = self.row();
        self.next = sample.at + row;
        let errors = errors();
        for (name, count) in &errors {
            *self.errors.entry(name.clone()).or_default() += count;
        }
        let requests = sample.requests - self.counted;
        self.counted = sample.requests;
        Some(line([
            format!("{} s", sample.at.as_secs()),
            mebibytes(sample.resident),
            sample.descriptors.to_string(),
            sample.connections.to_string(),
            format!("{:.0}", requests as f64 / row.as_secs_f64()),
            shown(&errors),
        ]))
    }

    /// What is not flat.
    pub(super) fn verdict(&self) -> Vec<String> {
        let Some([first, last]) = self.thirds() else {
            return vec!["there are too few samples to judge by".to_owned()];
        };
        let mut wrong = Vec::new();
        let memory = [first, last].map(|third| median(third, |sample| sample.resident));
        if !flat(memory, MEMORY) {
            let [first, last] = memory.map(mebibytes);
            wrong.push(format!("memory grew from {first} to {last}"));
        }
        let open = [first, last].map(|third| median(third, |sample| sample.descriptors));
        if !flat(open, DESCRIPTORS) {
            wrong.push(format!("descriptors grew from {} to {}", open[0], open[1]));
        }
        if last.iter().all(|sample| sample.connections == 0) {
            wrong.push("nobody was connected".to_owned());
        }
        wrong
    }

    /// The first and the last third of the samples after the warm-up.
    fn thirds(&self) -> Option<[&[Sample]; 2]> {
        let warm = self
            .samples
            .partition_point(|sample| sample.at < self.time / 5);
        let rest = self.samples.get(warm..)?;
        let size = rest.len() / 3;
        (size > 0).then(|| [&rest[..size], &rest[rest.len() - size..]])
    }

    pub(super) fn summary(&self) -> String {
        let requests = self.samples.last().map_or(0, |sample| sample.requests);
        let mut text = format!("together {requests} requests; {}", shown(&self.errors));
        if let Some(thirds) = self.thirds() {
            let [first, last] = thirds.map(|third| mebibytes(median(third, |one| one.resident)));
            text += &format!("\nmemory {first} in the first third, {last} in the last");
        }
        text
    }
}

fn flat([first, last]: [u64; 2], allowance: u64) -> bool {
    last <= first + first / 10 + allowance
}

fn median(samples: &[Sample], of: impl Fn(&Sample) -> u64) -> u64 {
    let mut values: Vec<u64> = samples.iter().map(of).collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn shown(errors: &BTreeMap<String, u64>) -> String {
    let each = errors.iter().map(|(name, count)| format!("{name} {count}"));
    let each: Vec<_> = each.collect();
    each.join(", ")
}

fn line(cells: [String; 6]) -> String {
    let [time, memory, open, connections, requests, errors] = cells;
    format!("{time:>7} {memory:>11} {open:>5} {connections:>11} {requests:>10}  {errors}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(resident: impl Fn(u64) -> u64) -> Record {
        let mut record = Record::new(Duration::from_secs(60));
        for second in 0..60 {
            let sample = Sample {
                at: Duration::from_secs(second),
                resident: resident(second),
                descriptors: 200 + second % 7,
                connections: 190,
                requests: second * 100,
            };
            record.add(sample, BTreeMap::new);
        }
        record
    }

    #[test]
    fn a_daemon_that_grows_while_it_warms_up_and_then_stays_is_flat() {
        let record = run(|second| (50 + second.min(12) * 5) << 20);
        assert_eq!(record.verdict(), Vec::<String>::new());
    }

    #[test]
    fn a_leak_is_found() {
        let record = run(|second| (50 + second) << 20);
        assert_eq!(record.verdict(), ["memory grew from 70.0 MiB to 102.0 MiB"]);
    }

    #[test]
    fn a_run_without_samples_is_not_a_good_one() {
        assert_eq!(Record::new(Duration::from_secs(60)).verdict().len(), 1);
    }

    #[test]
    fn a_row_is_due_every_ten_seconds_of_a_short_run() {
        let mut record = Record::new(Duration::from_secs(60));
        let rows = (0..60).filter_map(|second| {
            let sample = Sample {
                at: Duration::from_secs(second),
                resident: 1 << 20,
                descriptors: 1,
                connections: 1,
                requests: second,
            };
            record.add(sample, BTreeMap::new)
        });
        assert_eq!(rows.count(), 5);
    }
}
