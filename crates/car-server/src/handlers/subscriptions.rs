//! `events.subscribe` and `events.unsubscribe`: streams of the log, fed to a connection.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use car_protocol::rpc::events::{
    Caps, Cursor, Place, Since, SinceWord, Subscribe, SubscribeParams, Subscribed,
    SubscribedStream, Unsubscribe, UnsubscribeParams, Unsubscribed,
};
use car_protocol::{RpcError, kind};
use car_state::channel::Wanted;
use car_state::identity::{Identity, SessionId};
use car_state::log::{
    EventLog, LogError, PAGE_BYTES, Pattern, RUN, SESSION, Snapshots, StreamName,
};
use car_state::server::ServerState;
use car_state::session::{Asked, ClientSession, SessionRegistry};
use car_state::writer::CAP_FRAMES;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// Names and patterns of one call at most.
const MOST_STREAMS: usize = 64;
/// What a client calls the stream of its own session.
const OWN: &str = "session";
/// Places of one call at most: those of the streams that patterns cover are among them.
const MOST_PLACES: usize = 4_096;

pub(super) fn routes(state: &Arc<ServerState>) -> Vec<Route> {
    let snapshots = Arc::new(state.snapshots().clone());
    let sessions = Arc::clone(state.sessions());
    let subscriber = move |session: &Arc<ClientSession>| Subscriber {
        session: Arc::clone(session),
        sessions: Arc::clone(&sessions),
        snapshots: Arc::clone(&snapshots),
    };
    Routes::per_session(subscriber)
        .on::<Subscribe, _>(subscribe)
        .on::<Unsubscribe, _>(unsubscribe)
        .into_routes()
}

/// Who subscribes.
struct Subscriber {
    session: Arc<ClientSession>,
    /// Those whose proposals it may listen to.
    sessions: Arc<SessionRegistry>,
    snapshots: Arc<Snapshots>,
}

impl Subscriber {
    /// Has a proposal under way tell its steps; `false` where the stream is that of none.
    fn watch(&self, stream: &StreamName) -> bool {
        let (Some(owner), Some(proposal)) = (stream.session(), stream.item()) else {
            return false;
        };
        let session = if owner == self.session.id().as_str() {
            Some(Arc::clone(&self.session))
        } else {
            self.sessions.get(&SessionId::new(owner))
        };
        session.is_some_and(|session| {
            let engine = session.engine();
            // From here on the stream is the session's, and ends with it.
            engine.watch(proposal) && engine.parts().journal.steps(proposal).is_some()
        })
    }
}

/// A name or a pattern.
enum Meant {
    Stream(StreamName),
    Pattern(Pattern),
}

fn subscribe(
    subscriber: &Subscriber,
    cx: &Cx,
    params: SubscribeParams,
) -> Result<Subscribed, Failure> {
    let session = &subscriber.session;
    let plan = Plan::of(subscriber, &cx.identity(), &params)?;
    let delivery = params.delivery.unwrap_or_default();
    let wanted = |row: &Row| Wanted {
        stream: row.stream.clone(),
        cursor: row.from,
        delivery,
        when_over: None,
    };
    let with_snapshots = params.snapshot.unwrap_or(true);
    let mut rows = plan.rows;
    let mut snapshots = Vec::with_capacity(rows.len());
    for row in &mut rows {
        let snapshot = (with_snapshots && row.begins_now)
            .then(|| subscriber.snapshots.of(&row.stream))
            .flatten();
        // The stream goes on from where the snapshot stands.
        snapshots.push(snapshot.map(|(place, snapshot)| {
            (row.from, row.head) = (place, place);
            snapshot
        }));
    }
    session.subscriptions().subscribe_all(Asked {
        named: rows
            .iter()
            .filter(|row| row.pattern.is_none())
            .map(wanted)
            .collect(),
        patterns: plan
            .patterns
            .into_iter()
            .map(|pattern| (pattern, delivery))
            .collect(),
        covered: rows
            .iter()
            .filter(|row| row.pattern.is_some())
            .map(wanted)
            .collect(),
    })?;
    session.changed();
    session.heed();
    remove_if_over(session, &rows);
    let caps = caps(session);
    let streams = rows.into_iter().zip(snapshots);
    Ok(Subscribed {
        streams: streams.map(|(row, snapshot)| row.shown(snapshot)).collect(),
        delivery,
        caps,
        ended: plan.ended,
    })
}

/// A session that has ended meanwhile has taken its stream with it; that it is listened to has made another one.
fn remove_if_over(session: &ClientSession, rows: &[Row]) {
    let log = session.events().0;
    for row in rows.iter().filter(|row| row.head.seq == 0) {
        if is_of_session(&row.stream) && !session.is_of_live_session(&row.stream) {
            log.remove(&row.stream);
        }
    }
}

fn is_of_session(stream: &StreamName) -> bool {
    stream.family().name == SESSION.name
}

/// How much of one stream is on its way at most.
fn caps(session: &ClientSession) -> Caps {
    let limits = session.link().channel().map(|channel| channel.limits());
    Caps {
        frames: CAP_FRAMES as u64,
        bytes: limits.map_or(0, |limits| limits.turn_bytes.max(PAGE_BYTES)) as u64,
    }
}

/// What is going to be fed.
struct Plan {
    /// In the order of the params.
    rows: Vec<Row>,
    patterns: Vec<Pattern>,
    ended: Vec<String>,
}

/// One stream of it.
struct Row {
    stream: StreamName,
    from: Cursor,
    head: Cursor,
    begins_now: bool,
    pattern: Option<String>,
}

impl Row {
    fn shown(self, snapshot: Option<serde_json::Value>) -> SubscribedStream {
        SubscribedStream {
            notification: self
                .stream
                .family()
                .notification
                .unwrap_or_default()
                .to_owned(),
            stream: self.stream.to_string(),
            from: self.from,
            head: self.head,
            pattern: self.pattern,
            snapshot,
        }
    }
}

impl Plan {
    /// Looks at everything before the first stream is fed.
    fn of(
        subscriber: &Subscriber,
        identity: &Identity,
        params: &SubscribeParams,
    ) -> Result<Self, Failure> {
        bounded(&params.streams)?;
        let session = &*subscriber.session;
        let log = &**session.events().0;
        let since = Beginnings::of(params.since.as_ref())?;
        let mut plan = Self {
            rows: Vec::with_capacity(params.streams.len()),
            patterns: Vec::new(),
            ended: Vec::new(),
        };
        for name in &params.streams {
            match meant(session, name)? {
                Meant::Stream(stream) => {
                    let place = since.of_name(name, &stream);
                    let row = named(subscriber, identity, stream, place)?;
                    plan.rows.push(row);
                }
                Meant::Pattern(pattern) => {
                    reachable(log, identity, &pattern)?;
                    plan.patterns.push(pattern);
                }
            }
        }
        if !plan.patterns.is_empty() {
            // From here on what appears is heard of.
            session.subscriptions().listen();
            plan.cover(session, identity, &since)?;
        }
        plan.account_for(&since, params)?;
        Ok(plan)
    }

    /// Adds the streams that the patterns cover now.
    fn cover(
        &mut self,
        session: &ClientSession,
        identity: &Identity,
        since: &Beginnings<'_>,
    ) -> Result<(), Failure> {
        let log = &**session.events().0;
        let mut names = log.names();
        names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        let asked: HashSet<StreamName> = self.rows.iter().map(|row| row.stream.clone()).collect();
        for stream in names {
            let pattern = self.patterns.iter().find(|pattern| pattern.covers(&stream));
            let Some(pattern) = pattern else {
                continue;
            };
            if asked.contains(&stream)
                || session.subscriptions().is_named(&stream)
                || stream.family().notification.is_none()
                || !stream.readable_by(identity)
            {
                continue;
            }
            let pattern = pattern.as_str().to_owned();
            let place = since.of_covered(&stream, &pattern);
            let mut row = Row::new(log, stream, place)?;
            row.pattern = Some(pattern);
            self.rows.push(row);
        }
        Ok(())
    }

    /// Every place that was given is one of a stream that is fed, or of one that was there and has ended.
    fn account_for(
        &mut self,
        since: &Beginnings<'_>,
        params: &SubscribeParams,
    ) -> Result<(), Failure> {
        let fed: HashSet<&str> = self.rows.iter().map(|row| row.stream.as_str()).collect();
        for name in since.names() {
            if fed.contains(name.as_str()) || params.streams.contains(name) {
                continue;
            }
            let covers = |pattern: &Pattern| {
                let start = pattern.as_str().strip_suffix('*');
                start.is_some_and(|start| name.starts_with(start))
            };
            if !self.patterns.iter().any(covers) {
                let message = format!("{name} is not among the streams");
                return Err(RpcError::invalid_params(Some("since"), message).into());
            }
            self.ended.push(name.clone());
        }
        Ok(())
    }
}

impl Row {
    fn new(log: &dyn EventLog, stream: StreamName, place: Option<Place>) -> Result<Self, Failure> {
        let head = log.head(&stream);
        let (from, begins_now) = match place {
            None | Some(Place::Word(SinceWord::Now)) => (head, true),
            Some(Place::Word(SinceWord::Start)) => (log.oldest(&stream), false),
            Some(Place::After(given)) => {
                let oldest = log.oldest(&stream);
                let is_kept =
                    given.epoch == head.epoch && (oldest.seq..=head.seq).contains(&given.seq);
                if !is_kept {
                    let refused = Failure::from(LogError::Resync { oldest });
                    return Err(refused.with("stream", stream.as_str()));
                }
                (given, false)
            }
        };
        Ok(Self {
            stream,
            from,
            head,
            begins_now,
            pattern: None,
        })
    }
}

/// A stream that was asked for by its name.
fn named(
    subscriber: &Subscriber,
    identity: &Identity,
    stream: StreamName,
    place: Option<Place>,
) -> Result<Row, Failure> {
    if !stream.readable_by(identity) {
        return Err(super::events::unreadable().into());
    }
    if stream.family().notification.is_none() {
        return Err(only_read(stream.as_str()));
    }
    let session = &subscriber.session;
    let log = &**session.events().0;
    let runs = *stream.family() == RUN && subscriber.watch(&stream);
    // Whoever was there before is told that its place is gone, and not that the stream is.
    let row = Row::new(log, stream, place)?;
    // Listening makes a stream, and whoever could name any would make as many as the log may have.
    let stream = &row.stream;
    let is_there = || {
        row.head.seq > 0 || runs || (is_of_session(stream) && session.is_of_live_session(stream))
    };
    if stream.owner().is_some() && !is_there() {
        let message = format!("{stream} is not there");
        return Err(RpcError::domain(kind::NOT_FOUND, message).into());
    }
    Ok(row)
}

/// Refuses a pattern that can never cover what the caller may read.
fn reachable(log: &dyn EventLog, identity: &Identity, pattern: &Pattern) -> Result<(), Failure> {
    if !pattern.may_reach(log.families(), identity) {
        return Err(super::events::unreadable().into());
    }
    if !pattern.is_pushed(log.families()) {
        return Err(only_read(pattern.as_str()));
    }
    Ok(())
}

fn only_read(name: &str) -> Failure {
    let message = format!("{name} is only read, with events.query");
    RpcError::invalid_params(Some("streams"), message).into()
}

/// Where streams begin.
struct Beginnings<'a> {
    all: Option<Place>,
    places: Option<&'a BTreeMap<String, Place>>,
}

impl<'a> Beginnings<'a> {
    fn of(since: Option<&'a Since>) -> Result<Self, Failure> {
        let (all, places) = match since {
            None => (None, None),
            Some(Since::All(word)) => (Some(Place::Word(*word)), None),
            Some(Since::Places(places)) => (None, Some(places)),
        };
        if places.is_some_and(|places| places.len() > MOST_PLACES) {
            let message = format!("since holds at most {MOST_PLACES} places");
            let error = RpcError::invalid_params(Some("since"), message);
            return Err(error.with_limit(MOST_PLACES as u64).into());
        }
        Ok(Self { all, places })
    }

    fn get(&self, name: &str) -> Option<Place> {
        self.places?.get(name).copied()
    }

    fn of_name(&self, name: &str, stream: &StreamName) -> Option<Place> {
        self.get(name)
            .or_else(|| self.get(stream.as_str()))
            .or(self.all)
    }

    fn of_covered(&self, stream: &StreamName, pattern: &str) -> Option<Place> {
        self.get(stream.as_str())
            .or_else(|| self.get(pattern))
            .or(self.all)
    }

    fn names(&self) -> impl Iterator<Item = &'a String> {
        self.places.into_iter().flat_map(BTreeMap::keys)
    }
}

fn unsubscribe(
    subscriber: &Subscriber,
    _: &Cx,
    params: UnsubscribeParams,
) -> Result<Unsubscribed, Failure> {
    bounded(&params.streams)?;
    let session = &subscriber.session;
    let mut removed = 0;
    for name in &params.streams {
        removed += match meant(session, name)? {
            Meant::Stream(stream) => u64::from(session.subscriptions().unsubscribe(&stream)),
            Meant::Pattern(pattern) => {
                let ended = session.subscriptions().uncover(&pattern);
                ended.unwrap_or_default() as u64
            }
        };
    }
    session.changed();
    Ok(Unsubscribed { removed })
}

fn bounded(streams: &[String]) -> Result<(), Failure> {
    if (1..=MOST_STREAMS).contains(&streams.len()) {
        return Ok(());
    }
    let message = format!("streams holds 1 to {MOST_STREAMS} names or patterns");
    let error = RpcError::invalid_params(Some("streams"), message);
    Err(error.with_limit(MOST_STREAMS as u64).into())
}

fn meant(session: &ClientSession, name: &str) -> Result<Meant, Failure> {
    let (log, own) = session.events();
    if name == OWN {
        return Ok(Meant::Stream(own.clone()));
    }
    match Pattern::parse(log.families(), name) {
        Some(pattern) => Ok(Meant::Pattern(pattern?)),
        None => {
            let name = super::events::full_name(session.id(), name);
            Ok(Meant::Stream(log.families().parse(&name)?))
        }
    }
}
