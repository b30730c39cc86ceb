//! `events.*`: the log. What is dropped here is always the caller's own.

use std::borrow::Cow;
use std::sync::Arc;

use car_protocol::rpc::Empty;
use car_protocol::rpc::events::{
    Clear, Count, Durability, EventPage, EventStats, EventsCleared, FamilyRetention, KeyRule,
    LoggedEvent, Query, QueryParams, Reader, Retention, RetentionTable, Stats, StreamInfo, Streams,
    StreamsPage, StreamsParams, Truncate, TruncateParams, Truncated,
};
use car_protocol::{RpcError, kind};
use car_state::identity::SessionId;
use car_state::log::{self, Entry, EventLog, Family, LogError, Page, StreamName, StreamStats};
use car_state::session::ClientSession;
use futures_util::FutureExt as _;
use serde_json::{Map, Value};

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Answer, Route, Routes};

/// Events of an answer that asks for no number.
const USUAL_PAGE: u32 = 100;
/// Events of an answer at most.
const LONGEST_PAGE: u32 = 1_000;

pub(super) fn routes() -> Vec<Route> {
    Routes::per_session(OwnStream::of)
        .on::<Count, _>(count)
        .on::<Stats, _>(stats)
        .on::<Query, _>(query)
        .on::<Streams, _>(streams)
        .on::<Retention, _>(retention)
        .on::<Truncate, _>(truncate)
        .on::<Clear, _>(clear)
        .into_routes()
}

/// The log, and the one stream in it that a session may change.
struct OwnStream {
    log: Arc<dyn EventLog>,
    name: StreamName,
}

impl OwnStream {
    fn of(session: &Arc<ClientSession>) -> Self {
        let (log, name) = session.events();
        Self {
            log: Arc::clone(log),
            name: name.clone(),
        }
    }

    fn stats(&self) -> EventStats {
        shown(self.log.stats(&self.name))
    }
}

fn shown(stats: StreamStats) -> EventStats {
    EventStats {
        events: stats.events,
        spans: 0,
        approx_event_bytes: stats.bytes,
        approx_span_bytes: 0,
    }
}

fn count(stream: &OwnStream, _: &Cx, _: Empty) -> Result<u64, Failure> {
    Ok(stream.stats().events)
}

fn stats(stream: &OwnStream, _: &Cx, _: Empty) -> Result<EventStats, Failure> {
    Ok(stream.stats())
}

/// A limit of an answer, within bounds.
fn page_limit(limit: Option<u32>) -> Result<usize, Failure> {
    let limit = limit.unwrap_or(USUAL_PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        let message = format!("limit is 1 to {LONGEST_PAGE}");
        return Err(RpcError::invalid_params(Some("limit"), message)
            .with_limit(u64::from(LONGEST_PAGE))
            .into());
    }
    Ok(limit as usize)
}

fn query(own: &OwnStream, cx: &Cx, params: QueryParams) -> Result<Answer<EventPage>, Failure> {
    let limit = page_limit(params.limit)?;
    let name = match &params.stream {
        Some(name) => readable(own, cx, name)?,
        None => own.name.clone(),
    };
    let kinds = params.kinds;
    match own.log.read(&name, params.since, limit) {
        Err(LogError::Cold { .. }) => {
            let fetching = own.log.fetch(&name, params.since, limit);
            Ok(Answer::Later(
                async move { shown_page(&name, fetching.await?, kinds.as_deref()) }.boxed(),
            ))
        }
        page => Ok(Answer::Now(shown_page(&name, page?, kinds.as_deref())?)),
    }
}

/// A page as it is shown, with the kinds that were asked for.
fn shown_page(
    name: &StreamName,
    page: Page,
    kinds: Option<&[String]>,
) -> Result<EventPage, Failure> {
    let wanted = |kind: &str| kinds.is_none_or(|kinds| kinds.iter().any(|wanted| wanted == kind));
    let events = page.entries.iter().filter(|entry| wanted(&entry.kind));
    let events: Result<Vec<LoggedEvent>, _> = events.map(logged).collect();
    Ok(EventPage {
        stream: name.to_string(),
        events: events.map_err(Failure::internal)?,
        next: page.next,
        more: page.more,
        missed: page.missed,
    })
}

/// The stream of this name, if the caller may read it.
fn readable(own: &OwnStream, cx: &Cx, name: &str) -> Result<StreamName, Failure> {
    let name = own
        .log
        .families()
        .parse(&full_name(cx.session_id(), name))?;
    if name.readable_by(&cx.identity()) {
        return Ok(name);
    }
    Err(unreadable().into())
}

/// The whole name of a stream: a proposal's id alone means the caller's own.
pub(super) fn full_name<'a>(session: &SessionId, name: &'a str) -> Cow<'a, str> {
    match name.strip_prefix("run/") {
        Some(proposal) if !proposal.contains('/') && !proposal.is_empty() => {
            format!("run/{session}/{proposal}").into()
        }
        _ => name.into(),
    }
}

/// The answer to who may not read a stream.
pub(super) fn unreadable() -> RpcError {
    let message = "a stream is read by the session that it belongs to, and by hosts";
    RpcError::domain(kind::FORBIDDEN, message).with("role", "host")
}

/// An event as it is shown. Its place in the page stands for stream and epoch.
fn logged(entry: &Entry) -> serde_json::Result<LoggedEvent> {
    let mut members: Map<String, Value> = serde_json::from_str(entry.params())?;
    for shown in ["stream", "epoch", "seq", "kind", "timestamp"] {
        members.remove(shown);
    }
    let mut take = |name: &str| members.remove(name).unwrap_or_default();
    let (action_id, proposal_id, data) = (take("action_id"), take("proposal_id"), take("data"));
    Ok(LoggedEvent {
        seq: entry.seq,
        kind: entry.kind.to_string(),
        timestamp: entry.at,
        action_id: serde_json::from_value(action_id)?,
        proposal_id: serde_json::from_value(proposal_id)?,
        data: serde_json::from_value::<Option<_>>(data)?.unwrap_or_default(),
        more: members,
    })
}

fn streams(own: &OwnStream, cx: &Cx, params: StreamsParams) -> Result<StreamsPage, Failure> {
    let limit = page_limit(params.limit)?;
    let identity = cx.identity();
    let mut names = own.log.names();
    names.retain(|name| {
        let family = params.family.as_deref();
        family.is_none_or(|family| name.family().name == family)
            && params
                .after
                .as_deref()
                .is_none_or(|after| name.as_str() > after)
            && name.readable_by(&identity)
    });
    names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    let more = names.len() > limit;
    names.truncate(limit);
    let info = |name: &StreamName| {
        let stats = own.log.stats(name);
        StreamInfo {
            stream: name.to_string(),
            family: name.family().name.to_owned(),
            durability: durability(name.family()),
            head: own.log.head(name),
            oldest: own.log.oldest(name),
            events: stats.events,
            bytes: stats.bytes,
        }
    };
    Ok(StreamsPage {
        streams: names.iter().map(info).collect(),
        more,
    })
}

fn retention(own: &OwnStream, cx: &Cx, _: Empty) -> Result<RetentionTable, Failure> {
    let identity = cx.identity();
    let names = own.log.names();
    let table = |family: &'static Family| {
        let kept = family.retention;
        let mut row = FamilyRetention {
            family: family.name.to_owned(),
            notification: family.notification.map(str::to_owned),
            durability: durability(family),
            reader: match family.reader {
                log::Reader::Everybody => Reader::Everybody,
                log::Reader::Owner => Reader::Owner,
                log::Reader::Clients => Reader::Clients,
            },
            max_events: kept.count as u64,
            max_bytes: kept.bytes as u64,
            max_age_ms: u64::try_from(kept.age.as_millis()).unwrap_or(u64::MAX),
            keys: family.keys.iter().map(key_rule).collect(),
            snapshot: family.snapshot,
            streams: 0,
            events: 0,
            bytes: 0,
        };
        let of_it = |name: &&StreamName| name.family() == family && name.readable_by(&identity);
        for name in names.iter().filter(of_it) {
            let stats = own.log.stats(name);
            row.streams += 1;
            row.events += stats.events;
            row.bytes += stats.bytes;
        }
        row
    };
    Ok(RetentionTable {
        families: own.log.families().iter().map(table).collect(),
    })
}

fn key_rule(rule: &log::KeyRule) -> KeyRule {
    KeyRule {
        kinds: rule.kinds.to_owned(),
        about: rule.about.iter().map(|path| path.join(".")).collect(),
    }
}

fn durability(family: &Family) -> Durability {
    match family.durability {
        log::Durability::Memory => Durability::Memory,
        log::Durability::Os => Durability::Os,
        log::Durability::Fsync => Durability::Fsync,
    }
}

fn truncate(stream: &OwnStream, _: &Cx, params: TruncateParams) -> Result<Truncated, Failure> {
    let removed = match params.max_events {
        Some(keep) => stream.log.truncate(&stream.name, keep),
        None => StreamStats::default(),
    };
    Ok(Truncated {
        removed_events: removed.events,
        removed_spans: 0,
        stats: stream.stats(),
    })
}

fn clear(stream: &OwnStream, _: &Cx, _: Empty) -> Result<EventsCleared, Failure> {
    let removed = shown(stream.log.truncate(&stream.name, 0));
    Ok(EventsCleared {
        removed,
        stats: stream.stats(),
    })
}
