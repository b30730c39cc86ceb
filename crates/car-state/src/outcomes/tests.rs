//! What holds for every key: in the model of one key, in memory, and in the database across restarts.

mod model;
mod shell;
#[cfg(feature = "sqlite")]
mod stored;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use car_protocol::Timestamp;
use car_protocol::idempotency::IdempotencyKey;
use serde_json::value::RawValue;

use super::*;
use crate::clock::Clock;

/// A clock that a test sets.
#[derive(Debug, Default)]
struct SetClock(AtomicI64);

impl SetClock {
    fn at(&self, millis: i64) {
        self.0.store(millis, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::new(text).unwrap()
}

fn params(text: &str) -> Fingerprint {
    let params = RawValue::from_string(text.to_owned()).unwrap();
    Fingerprint::of("m", Some(&params))
}

fn result(text: &str) -> Arc<Reply> {
    Arc::new(Ok(RawValue::from_string(text.to_owned()).unwrap()))
}

fn submit(outcomes: &Arc<Outcomes>, text: &str) -> Result<Submitted, OutcomeError> {
    outcomes.submit(Scope::named("client"), key(text), "m", params("{}"))
}

fn fresh(outcomes: &Arc<Outcomes>, text: &str) -> Attempt {
    match submit(outcomes, text) {
        Ok(Submitted::Fresh(attempt)) => attempt,
        other => panic!("{text} is not fresh: {other:?}"),
    }
}

/// How a key stands, in one word, and the answer where that is kept.
async fn told(outcomes: &Arc<Outcomes>, text: &str) -> String {
    let report = outcomes.report(&Scope::named("client"), &key(text));
    let Some(known) = report.known else {
        return "not_seen".to_owned();
    };
    let Some((status, _)) = known.end else {
        return "running".to_owned();
    };
    match known.past {
        None => status.as_str().to_owned(),
        Some(past) => match &*past.answer().await.unwrap() {
            Ok(result) => format!("{} {}", status.as_str(), result.get()),
            Err(error) => format!("{} {}", status.as_str(), error.kind()),
        },
    }
}

async fn carry_out(outcomes: &Arc<Outcomes>, text: &str, answer: &str) {
    let mut attempt = fresh(outcomes, text);
    attempt.begin().await.unwrap();
    attempt.end(result(answer)).await;
}
