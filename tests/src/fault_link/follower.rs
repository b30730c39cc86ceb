//! The client that has to come through: it follows one stream, comes back whenever it loses the connection or hears
//! nothing, and holds every event against what it promised.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use car_protocol::rpc::events::Cursor;
use car_transport::Duplex;
use serde_json::{Value, json};

use super::acts::Acts;
use super::line::{Line, Lost, Patience};
use super::resumed::{Begun, Resumed};

/// Connections that a client makes before the test gives up: far more than a seed has faulty ones.
const MOST_CONNECTIONS: u64 = 64;

/// How long an answer over a sound connection may take.
const SOUND: Duration = Duration::from_secs(60);

/// The number of the last event that there will be. Clones share it; nobody knows it before it is set.
#[derive(Clone, Debug)]
pub struct Goal(Arc<AtomicU64>);

impl Default for Goal {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(u64::MAX)))
    }
}

impl Goal {
    /// From now on everybody knows it.
    pub fn set(&self, last: u64) {
        self.0.store(last, Ordering::Release);
    }

    fn reached(&self, seq: u64) -> bool {
        seq >= self.0.load(Ordering::Acquire)
    }
}

/// An event without the name and the epoch of its stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number.
    pub seq: u64,
    /// All of it.
    pub body: Value,
}

impl Event {
    /// From a notification's params or from a page of the log.
    fn read(mut body: Value) -> Self {
        let members = body.as_object_mut().expect("an event is an object");
        members.remove("stream");
        members.remove("epoch");
        let seq = body["seq"].as_u64().expect("an event has a number");
        Self { seq, body }
    }

    /// Whether this, as it was told, is that, as it was logged: a page has a few members more for some families.
    fn is(&self, logged: &Self) -> bool {
        let members = self.body.as_object().expect("an event is an object");
        let mut told = members.iter().filter(|(_, value)| !value.is_null());
        told.all(|(name, value)| logged.body.get(name) == Some(value))
    }
}

/// A client that follows a stream.
#[derive(Debug)]
pub struct Follower {
    stream: String,
    /// What each connection has to say first.
    introduction: Vec<(&'static str, Value)>,
    patience: Patience,
    /// After the last event that it has seen.
    place: Option<Cursor>,
    /// What it has seen.
    pub events: Vec<Event>,
    /// What it was told that it will not see.
    pub missed: Vec<RangeInclusive<u64>>,
    /// How often it has dialled.
    pub connections: u64,
    /// What it does meanwhile.
    pub acts: Option<Acts>,
    /// Its session, where that is to come back whole.
    pub resumed: Option<Resumed>,
}

impl Follower {
    /// One that begins with the oldest event of a stream.
    #[must_use]
    pub fn new(stream: &str, patience: Patience) -> Self {
        Self {
            stream: stream.to_owned(),
            introduction: Vec::new(),
            patience,
            place: None,
            events: Vec::new(),
            missed: Vec::new(),
            connections: 0,
            acts: None,
            resumed: None,
        }
    }

    /// The same, which resumes its session.
    #[must_use]
    pub fn resuming(mut self) -> Self {
        self.resumed = Some(Resumed::default());
        self
    }

    /// The same, which does this meanwhile.
    #[must_use]
    pub fn doing(mut self, acts: Acts) -> Self {
        self.acts = Some(acts);
        self
    }

    /// The same, which asks this on each connection before anything else.
    #[must_use]
    pub fn introduced(mut self, method: &'static str, params: Value) -> Self {
        self.introduction.push((method, params));
        self
    }

    /// Where it is in the stream.
    #[must_use]
    pub fn place(&self) -> Option<Cursor> {
        self.place
    }

    /// Follows until the goal is reached, over as many connections as it takes. `dial` gets their number.
    pub async fn follow(&mut self, goal: &Goal, mut dial: impl AsyncFnMut(u64) -> Option<Duplex>) {
        while !self.arrived(goal) {
            let number = self.connections;
            assert!(number < MOST_CONNECTIONS, "there is no way through");
            self.connections += 1;
            if let Some(duplex) = dial(number).await {
                // More patient each time, for a machine that is slower than the faults.
                let factor = 1 + u32::try_from(number / 8).expect("a small number");
                let patience = Patience {
                    answer: self.patience.answer * factor,
                    silence: self.patience.silence * factor,
                };
                let mut line = Line::new(duplex, patience);
                let Err(Lost) = self.listen(&mut line, goal).await else {
                    if self.resumed.is_some() {
                        Resumed::end(&mut line).await;
                    }
                    line.close().await;
                    return;
                };
            }
        }
    }

    fn arrived(&self, goal: &Goal) -> bool {
        self.place.is_some_and(|place| goal.reached(place.seq))
            && self.acts.as_ref().is_none_or(Acts::are_known)
    }

    async fn listen(&mut self, line: &mut Line, goal: &Goal) -> Result<(), Lost> {
        self.introduce(line).await?;
        if let Some(acts) = &mut self.acts {
            acts.settle(line).await?;
        }
        match &mut self.resumed {
            None => self.subscribe(line).await?,
            Some(resumed) => match resumed.begin(line, &self.stream, self.place).await? {
                Begun::Anew => self.subscribe(line).await?,
                Begun::After(from) => self.goes_on(from),
            },
        }
        while !self.arrived(goal) {
            let message = line.read().await?;
            match &mut self.acts {
                Some(acts) if message.get("method").is_none() => acts.answered(&message),
                _ => self.hear(message),
            }
            if let Some(acts) = &mut self.acts {
                acts.go_on(line, self.events.len()).await?;
            }
        }
        Ok(())
    }

    async fn introduce(&self, line: &mut Line) -> Result<(), Lost> {
        for (method, params) in &self.introduction {
            let answer = line.ask(method, params).await?;
            assert!(answer.get("result").is_some(), "{method}: {answer}");
        }
        Ok(())
    }

    async fn subscribe(&mut self, line: &mut Line) -> Result<(), Lost> {
        loop {
            let since = match self.place {
                Some(place) => json!({ &*self.stream: place }),
                None => json!("start"),
            };
            let params = json!({ "streams": [self.stream], "since": since });
            // A session that came back may have subscribed before, whose client did not hear of it.
            let answer = match self.resumed {
                Some(_) => line.ask_amid_events("events.subscribe", &params).await?,
                None => line.ask("events.subscribe", &params).await?,
            };
            if let Some(error) = answer.get("error") {
                self.resync(&error["data"]);
                continue;
            }
            let from = cursor(&answer["result"]["streams"][0]["from"]);
            self.goes_on(from);
            return Ok(());
        }
    }

    fn goes_on(&mut self, from: Cursor) {
        match self.place {
            Some(place) => assert_eq!(from, place, "it goes on where it was"),
            None => self.place = Some(from),
        }
    }

    /// The place is gone; all up to the oldest that is kept is missed.
    fn resync(&mut self, data: &Value) {
        assert_eq!(data["kind"], "resync_required", "{data}");
        let place = self.place.expect("there was a place");
        let oldest = cursor(&data["oldest"]);
        assert_eq!(oldest.epoch, place.epoch, "the stream began anew");
        self.skip(place.seq + 1, oldest.seq);
    }

    fn skip(&mut self, from: u64, to: u64) {
        let place = self.place.as_mut().expect("there was a place");
        assert_eq!(from, place.seq + 1, "what is missed begins here");
        assert!(to >= from, "something is missed");
        place.seq = to;
        self.missed.push(from..=to);
    }

    fn hear(&mut self, message: Value) {
        let params = &message["params"];
        if message["method"] == "events.lagged" {
            let number = |name: &str| params[name].as_u64().expect("it is a number");
            let (from, to) = (number("from_seq"), number("to_seq"));
            assert_eq!(number("skipped"), to - from + 1);
            return self.skip(from, to);
        }
        assert_eq!(params["stream"], self.stream, "nobody asked for {message}");
        let at = cursor(params);
        let place = self.place.as_mut().expect("the answer came before");
        assert_eq!(at.epoch, place.epoch, "the stream began anew");
        assert_eq!(at.seq, place.seq + 1, "once, in order, without a gap");
        *place = at;
        self.events.push(Event::read(params.clone()));
    }

    /// Holds what it has seen against what the daemon has of the stream, which is read page by page over a sound
    /// connection.
    pub async fn compare(&self, duplex: Duplex) {
        let patience = Patience {
            answer: SOUND,
            silence: SOUND,
        };
        let mut line = Line::new(duplex, patience);
        let Ok((logged, gone)) = self.pages(&mut line).await else {
            panic!("a sound connection was lost")
        };
        if let Some(acts) = &self.acts {
            let compared = acts.compare(&mut line).await;
            assert!(compared.is_ok(), "a sound connection was lost");
        }
        line.close().await;
        let kept = |seq: &u64| *seq > gone;
        let seen: BTreeMap<u64, &Event> =
            self.events.iter().map(|event| (event.seq, event)).collect();
        assert_eq!(seen.len(), self.events.len(), "each event once");
        let missed: BTreeSet<u64> = self.missed.iter().cloned().flatten().collect();
        for event in &logged {
            match seen.get(&event.seq) {
                Some(told) => assert!(told.is(event), "{told:?} was logged as {event:?}"),
                None => assert!(missed.contains(&event.seq), "{event:?} was never told"),
            }
        }
        let last = self.place.map_or(0, |place| place.seq);
        let numbers: Vec<u64> = logged.iter().map(|event| event.seq).collect();
        assert!(
            numbers.iter().copied().eq(gone + 1..=last),
            "the log has no gap"
        );
        assert_eq!(seen.keys().filter(|seq| kept(seq)).count(), {
            numbers.iter().filter(|seq| !missed.contains(seq)).count()
        });
    }

    async fn pages(&self, line: &mut Line) -> Result<(Vec<Event>, u64), Lost> {
        self.introduce(line).await?;
        let epoch = self.place.map_or(0, |place| place.epoch);
        let mut params = json!({
            "stream": self.stream, "limit": 1_000, "since": { "epoch": epoch, "seq": 0 },
        });
        let (mut events, mut missed) = (Vec::new(), 0);
        loop {
            let mut answer = line.ask("events.query", &params).await?;
            let page = answer.get_mut("result").map(Value::take);
            let mut page = page.unwrap_or_else(|| panic!("events.query: {answer}"));
            missed += page["missed"].as_u64().expect("it is a number");
            let Value::Array(read) = page["events"].take() else {
                panic!("events.query: {page}")
            };
            events.extend(read.into_iter().map(Event::read));
            params["since"] = page["next"].take();
            if page["more"] == json!(false) {
                return Ok((events, missed));
            }
        }
    }
}

pub(super) fn cursor(value: &Value) -> Cursor {
    let number = |name: &str| {
        value[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no place: {value}"))
    };
    Cursor {
        epoch: number("epoch"),
        seq: number("seq"),
    }
}
