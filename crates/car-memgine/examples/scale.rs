//! How long a large memory takes for what it does, and how much room: `cargo run --release -p car-memgine --example scale -- 100000`.
#![expect(clippy::print_stdout, reason = "it is for reading")]

use std::error::Error;
use std::sync::Arc;

use car_memgine::{Limits, Spaces};
use car_protocol::Timestamp;
use car_state::clock::SystemClock;
use car_state::db::{Database, DatabaseOptions};
use car_state::memgine::{Details, Memgine, MemgineSource as _, NewFact, Space};
use futures_util::future::try_join_all;
use tokio::time::{Duration, Instant};

/// Facts on their way at once, and questions.
const AT_ONCE: usize = 64;
const QUESTIONS: usize = 400;

/// Texts of the words of the test set, some of them frequent and most rare.
struct Texts {
    words: Vec<&'static str>,
    state: u64,
}

impl Texts {
    fn new() -> Self {
        let words = include_str!("../tests/data/retrieval.txt").split_whitespace();
        let mut words: Vec<_> = words.filter(|word| word.len() > 3).collect();
        words.sort_unstable();
        words.dedup();
        Self { words, state: 7 }
    }

    fn below(&mut self, bound: usize) -> usize {
        let next = self.state.wrapping_mul(6_364_136_223_846_793_005);
        self.state = next.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap_or_default() % bound.max(1)
    }

    /// So many words. Every fourth has a number, so that there are rare ones, however many facts there are.
    fn text(&mut self, count: usize) -> String {
        let mut text = String::new();
        for place in 0..count {
            let bound = self.below(self.words.len()) + 1;
            let word = self.below(bound);
            text.push_str(self.words.get(word).copied().unwrap_or_default());
            if place % 4 == 3 {
                text.push_str(&self.below(50_000).to_string());
            }
            text.push(' ');
        }
        text
    }

    fn fact(&mut self) -> NewFact {
        NewFact {
            subject: self.text(2),
            body: self.text(12),
            kind: "pattern".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            source: "scale".to_owned(),
        }
    }
}

/// Resident memory of this process in MiB, where the system tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1_024)
}

fn open(database: &Database) -> Result<Arc<dyn Memgine>, Box<dyn Error>> {
    let spaces = Spaces::new(Limits::default(), Arc::new(SystemClock));
    Ok(spaces
        .kept_in(Arc::new(database.clone()))
        .open(&Space::Shared)?)
}

fn slowest_but_a_hundredth(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let place = times.len() * 99 / 100;
    times.get(place).copied().unwrap_or_default()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let facts = std::env::args()
        .nth(1)
        .map_or(Ok(100_000), |text| text.parse::<usize>())?;
    let folder = tempfile::tempdir()?;
    let mut texts = Texts::new();
    {
        let database = Database::open(folder.path(), DatabaseOptions::default())?;
        let engine = open(&database)?;
        let begin = Instant::now();
        for first in (0..facts).step_by(AT_ONCE) {
            let adds = (first..facts.min(first + AT_ONCE))
                .map(|_| engine.add(texts.fact(), Details::default()));
            try_join_all(adds).await?;
        }
        let each = begin.elapsed().as_secs_f64() * 1e6 / facts as f64;
        println!("{facts} facts\nadd        {each:8.0} µs each, {AT_ONCE} at once");
        drop(engine);
        database.close(Duration::from_secs(60))?;
    }
    let before = resident();
    let database = Database::open(folder.path(), DatabaseOptions::default())?;
    let begin = Instant::now();
    let engine = open(&database)?;
    println!("start      {:8.0} ms", begin.elapsed().as_secs_f64() * 1e3);
    println!("resident   {:?} MiB, {before:?} before", resident());
    let (mut queries, mut contexts) = (Vec::new(), Vec::new());
    for _ in 0..QUESTIONS {
        let question = texts.text(6);
        let begin = Instant::now();
        engine.query(&question, 5).await?;
        queries.push(begin.elapsed());
        let begin = Instant::now();
        engine.context(&question, 8_000, false).await?;
        contexts.push(begin.elapsed());
    }
    for (name, times) in [("query", queries), ("context", contexts)] {
        let time = slowest_but_a_hundredth(times).as_secs_f64() * 1e3;
        println!("{name:10} {time:8.1} ms, 99 of 100");
    }
    Ok(())
}
