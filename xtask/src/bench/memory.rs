//! Memories by themselves, as `car-memgine` has them over the database: how long a fact takes to be kept, how long questions
//! and contexts take, and how long a start does. No daemon and no socket take part.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use car_memgine::{Limits, Spaces};
use car_state::clock::{Clock as _, SystemClock};
use car_state::db::{Database, DatabaseOptions};
use car_state::memgine::{Details, Memgine, MemgineSource as _, NewFact, Space};
use tempfile::TempDir;

use super::Effort;
use super::load::percentile;
use super::table::{Row, Target, Unit};

/// What of a memory, and of how many facts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Memory {
    /// The time of a fact, many being kept at once.
    Add(usize),
    /// The time of a question; the slowest but one of a hundred.
    Query(usize),
    /// The time of a context; the slowest but one of a hundred.
    Context(usize),
    /// The time until a memory that was kept can be asked.
    Start(usize),
}

/// The rows, after those of the daemon.
pub(super) const ROWS: &[(&str, Memory)] = &[
    ("memory-add-1000", Memory::Add(1_000)),
    ("memory-add-10000", Memory::Add(10_000)),
    ("memory-add-100000", Memory::Add(100_000)),
    ("memory-query-1000-p99", Memory::Query(1_000)),
    ("memory-query-10000-p99", Memory::Query(10_000)),
    ("memory-query-100000-p99", Memory::Query(100_000)),
    ("memory-context-1000-p99", Memory::Context(1_000)),
    ("memory-context-10000-p99", Memory::Context(10_000)),
    ("memory-context-100000-p99", Memory::Context(100_000)),
    ("memory-start-100000", Memory::Start(100_000)),
];

/// What is to be reached, in microseconds.
const ADD: f64 = 1_000.0;
const QUERY: f64 = 20_000.0;
const START: f64 = 1_000_000.0;
/// Facts on their way at once, and questions.
const AT_ONCE: usize = 64;
const QUESTIONS: usize = 400;
const CLOSE: Duration = Duration::from_secs(10);

/// Measures one row.
pub(super) async fn row(what: Memory, effort: Effort) -> Result<Row> {
    let target = match what {
        Memory::Add(_) => ADD,
        Memory::Query(_) | Memory::Context(_) => QUERY,
        Memory::Start(_) => START,
    };
    let mut row = Row::new(Unit::Microseconds, Target::ValueAtMost(target));
    for _ in 0..effort.repetitions.min(2) {
        row.add_alone(match what {
            Memory::Add(facts) => Kept::fill(facts).await?.1.as_secs_f64() * 1e6 / facts as f64,
            Memory::Query(facts) => asked(facts, false).await?,
            Memory::Context(facts) => asked(facts, true).await?,
            Memory::Start(facts) => start(facts).await?,
        });
    }
    Ok(row)
}

/// A memory in a database of its own.
struct Kept {
    folder: TempDir,
    database: Database,
    engine: Arc<dyn Memgine>,
}

impl Kept {
    fn open(folder: TempDir) -> Result<Self> {
        let database = Database::open(folder.path(), DatabaseOptions::default())?;
        let spaces = Spaces::new(Limits::default(), Arc::new(SystemClock));
        let spaces = spaces.kept_in(Arc::new(database.clone()));
        let engine = spaces.open(&Space::Shared)?;
        Ok(Self {
            folder,
            database,
            engine,
        })
    }

    /// One with so many facts, and how long they took until all were kept.
    async fn fill(facts: usize) -> Result<(Self, Duration)> {
        let kept = Self::open(tempfile::tempdir()?)?;
        let mut words = Words(1);
        let begin = Instant::now();
        for first in (0..facts).step_by(AT_ONCE) {
            let adds = (first..facts.min(first + AT_ONCE)).map(|_| {
                let fact = words.fact();
                kept.engine.add(fact, Details::default())
            });
            futures_util::future::try_join_all(adds).await?;
        }
        Ok((kept, begin.elapsed()))
    }

    fn close(self) -> Result<TempDir> {
        drop(self.engine);
        self.database.close(CLOSE)?;
        Ok(self.folder)
    }
}

/// The time of a question or a context, in microseconds: the 99th of a hundred.
async fn asked(facts: usize, context: bool) -> Result<f64> {
    let (kept, _) = Kept::fill(facts).await?;
    let mut words = Words(7);
    let mut times = Vec::with_capacity(QUESTIONS);
    for _ in 0..QUESTIONS {
        let question = words.text(6);
        let begin = Instant::now();
        if context {
            kept.engine.context(&question, 8_000, false).await?;
        } else {
            kept.engine.query(&question, 5).await?;
        }
        times.push(begin.elapsed());
    }
    kept.close()?;
    percentile(times, 0.99)
}

async fn start(facts: usize) -> Result<f64> {
    let (kept, _) = Kept::fill(facts).await?;
    let folder = kept.close()?;
    let begin = Instant::now();
    let kept = Kept::open(folder)?;
    let count = kept.engine.fact_count().await?;
    let took = begin.elapsed();
    anyhow::ensure!(count == facts as u64, "{count} facts are there");
    kept.close().context("the end")?;
    Ok(took.as_secs_f64() * 1e6)
}

/// Texts of syllables: a few words are frequent and most are rare, as in what people write.
struct Words(u64);

impl Words {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 16] = [
            "ka", "mo", "ri", "ten", "sol", "ver", "lin", "par", "dor", "mi", "sta", "bel", "nor",
            "fa", "gu", "hes",
        ];
        // The product of two chances: small numbers are frequent.
        let number = (self.next() % 200) * (self.next() % 200);
        let mut word = String::new();
        let mut rest = number;
        loop {
            let place = usize::try_from(rest % 16).unwrap_or_default();
            word.push_str(SYLLABLES.get(place).copied().unwrap_or_default());
            rest /= 16;
            if rest == 0 {
                return word;
            }
        }
    }

    fn text(&mut self, words: usize) -> String {
        let words: Vec<String> = (0..words).map(|_| self.word()).collect();
        words.join(" ")
    }

    fn fact(&mut self) -> NewFact {
        NewFact {
            subject: self.text(2),
            body: self.text(12),
            kind: "pattern".to_owned(),
            at: SystemClock.now(),
            source: "bench".to_owned(),
        }
    }
}
