//! `events.*`: the caller's own stream.

use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::rpc::Empty;
use car_protocol::rpc::events::{
    Clear, Count, EventPage, EventStats, EventsCleared, LoggedEvent, Query, QueryParams, Stats,
    Truncate, TruncateParams, Truncated,
};
use car_state::log::{EventLog, StreamName, StreamStats};
use car_state::session::ClientSession;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// Events of an answer that asks for no number.
const USUAL_PAGE: u32 = 100;
/// Events of an answer at most.
const LONGEST_PAGE: u32 = 1_000;

pub(super) fn routes() -> Vec<Route> {
    Routes::per_session(OwnStream::of)
        .on::<Count, _>(count)
        .on::<Stats, _>(stats)
        .on::<Query, _>(query)
        .on::<Truncate, _>(truncate)
        .on::<Clear, _>(clear)
        .into_routes()
}

/// The one stream that a session may read and change here.
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

fn query(stream: &OwnStream, _: &Cx, params: QueryParams) -> Result<EventPage, Failure> {
    let limit = params.limit.unwrap_or(USUAL_PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        let message = format!("limit is 1 to {LONGEST_PAGE}");
        return Err(RpcError::invalid_params(Some("limit"), message)
            .with_limit(u64::from(LONGEST_PAGE))
            .into());
    }
    let page = stream
        .log
        .read(&stream.name, params.since, limit as usize)?;
    let wanted = |kind: &str| {
        params
            .kinds
            .as_ref()
            .is_none_or(|kinds| kinds.iter().any(|wanted| wanted == kind))
    };
    let events = page.entries.iter().filter(|entry| wanted(&entry.kind));
    let events: Result<Vec<LoggedEvent>, _> = events
        .map(|entry| serde_json::from_str(entry.params()))
        .collect();
    Ok(EventPage {
        stream: stream.name.to_string(),
        events: events.map_err(Failure::internal)?,
        next: page.next,
        more: page.more,
        missed: page.missed,
    })
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
