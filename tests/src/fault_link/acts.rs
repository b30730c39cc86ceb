//! Acts that change something, whose answers the link loses: whoever does not know what became of one asks, and has it done
//! again only where that is safe.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::line::{Line, Lost};

/// The acts of one client, one after the other.
#[derive(Debug)]
pub struct Acts {
    /// What the client's acts are called; nobody else's are called so.
    name: String,
    /// How many there are to be.
    most: u64,
    /// After so many events each.
    every: usize,
    begun: u64,
    /// Whether it is not known what became of the last one that was begun.
    open: bool,
    /// Those of which nobody knows how far they came.
    unknown: Vec<u64>,
    /// How often the daemon had to be asked.
    pub asked: u64,
}

impl Acts {
    /// `most` acts, each after `every` events.
    #[must_use]
    pub fn new(name: &str, most: u64, every: usize) -> Self {
        Self {
            name: name.to_owned(),
            most,
            every,
            begun: 0,
            open: false,
            unknown: Vec::new(),
            asked: 0,
        }
    }

    /// Whether it is known what became of each that was begun.
    pub(super) fn are_known(&self) -> bool {
        !self.open
    }

    fn message(&self, n: u64) -> String {
        format!("{} {n}", self.name)
    }

    /// The params of an act: the same each time, with the same key.
    fn params(&self, n: u64) -> Value {
        json!({ "message": self.message(n), "idempotency_key": self.message(n) })
    }

    /// Begins the next act when it is due, and waits for nothing.
    pub(super) async fn go_on(&mut self, line: &mut Line, heard: usize) -> Result<(), Lost> {
        let due = usize::try_from(self.begun).is_ok_and(|begun| heard / self.every > begun);
        if self.open || !due || self.begun >= self.most {
            return Ok(());
        }
        self.begun += 1;
        self.open = true;
        line.request("host.notify", &self.params(self.begun)).await
    }

    /// The answer to the last one that was begun.
    pub(super) fn answered(&mut self, answer: &Value) {
        assert!(self.open, "nobody asked for {answer}");
        assert!(answer.get("result").is_some(), "{answer}");
        self.open = false;
    }

    /// Finds out what became of the last one on a connection before, and does it again where it never began.
    pub(super) async fn settle(&mut self, line: &mut Line) -> Result<(), Lost> {
        if !self.open {
            return Ok(());
        }
        let n = self.begun;
        self.asked += 1;
        let key = json!({ "key": self.message(n) });
        let answer = line.ask("request.outcome", &key).await?;
        match answer["result"]["status"].as_str() {
            Some("done") => {}
            // The same key again gets the one answer that there is.
            Some("not_seen" | "running") => {
                let answer = line.ask("host.notify", &self.params(n)).await?;
                assert!(answer.get("result").is_some(), "{answer}");
            }
            Some("unknown") => self.unknown.push(n),
            _ => panic!("request.outcome: {answer}"),
        }
        self.open = false;
        Ok(())
    }

    /// Holds the acts against what the daemon has logged of them.
    pub(super) async fn compare(&self, line: &mut Line) -> Result<(), Lost> {
        let params = json!({ "stream": "host", "limit": 1_000 });
        let page = line.ask("events.query", &params).await?;
        let mut happened = BTreeMap::<&str, u64>::new();
        let events = page["result"]["events"].as_array();
        for event in events.expect("the daemon reads its log") {
            let message = event["message"].as_str().expect("an event says something");
            *happened.entry(message).or_default() += 1;
        }
        for n in 1..=self.begun {
            let message = self.message(n);
            let times = happened.get(&*message).copied().unwrap_or(0);
            let fine = times == 1 || times == 0 && self.unknown.contains(&n);
            assert!(fine, "{message} happened {times} times");
        }
        Ok(())
    }
}
