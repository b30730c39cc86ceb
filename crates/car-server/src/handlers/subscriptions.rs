//! `events.subscribe` and `events.unsubscribe`: streams of the log, fed to a connection.

use std::sync::Arc;

use car_protocol::rpc::events::{
    Cursor, Delivery, Since, SinceWord, Subscribe, SubscribeParams, Subscribed, SubscribedStream,
    Unsubscribe, UnsubscribeParams, Unsubscribed,
};
use car_protocol::{RpcError, kind};
use car_state::log::{EventLog, LogError, StreamName};
use car_state::session::ClientSession;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// Streams of one call at most.
const MOST_STREAMS: usize = 64;
/// What a client calls the stream of its own session.
const OWN: &str = "session";

pub(super) fn routes() -> Vec<Route> {
    Routes::per_session(Arc::clone)
        .on::<Subscribe, _>(subscribe)
        .on::<Unsubscribe, _>(unsubscribe)
        .into_routes()
}

type Session = Arc<ClientSession>;

fn subscribe(session: &Session, cx: &Cx, params: SubscribeParams) -> Result<Subscribed, Failure> {
    bounded(&params.streams)?;
    if let Some(Since::Places(places)) = &params.since
        && let Some(other) = places.keys().find(|name| !params.streams.contains(name))
    {
        let message = format!("{other} is not among the streams");
        return Err(RpcError::invalid_params(Some("since"), message).into());
    }
    let log = session.events().0;
    let begin = |name: &String| {
        let stream = named(session, name)?;
        if !stream.readable_by(&cx.identity()) {
            return Err(super::events::unreadable().into());
        }
        if stream.family().notification.is_none() {
            let message = format!("{stream} is only read, with events.query");
            return Err(RpcError::invalid_params(Some("streams"), message).into());
        }
        let head = log.head(&stream);
        // Listening makes a stream, and whoever could name any would make as many as the log may have.
        if head.seq == 0 && stream.owner().is_some() && stream != *session.events().1 {
            let message = format!("{stream} has had no event");
            return Err(RpcError::domain(kind::NOT_FOUND, message).into());
        }
        let from = place(&**log, &stream, name, params.since.as_ref(), head)?;
        Ok((stream, from, head))
    };
    // All of them are looked at before the first is fed.
    let places: Result<Vec<_>, Failure> = params.streams.iter().map(begin).collect();
    let mut streams = Vec::with_capacity(params.streams.len());
    let mut begun = Vec::with_capacity(params.streams.len());
    for (stream, from, head) in places? {
        if let Err(error) = session.subscribe(stream.clone(), from) {
            begun.iter().for_each(|stream| {
                session.unsubscribe(stream);
            });
            return Err(error.into());
        }
        streams.push(SubscribedStream {
            stream: stream.to_string(),
            notification: stream.family().notification.unwrap_or_default().to_owned(),
            from,
            head,
        });
        begun.push(stream);
    }
    session.changed();
    Ok(Subscribed {
        streams,
        delivery: params.delivery.unwrap_or(Delivery::Lossless),
    })
}

/// Where the feeding of a stream begins.
fn place(
    log: &dyn EventLog,
    stream: &StreamName,
    name: &str,
    since: Option<&Since>,
    head: Cursor,
) -> Result<Cursor, Failure> {
    let given = match since {
        None | Some(Since::All(SinceWord::Now)) => return Ok(head),
        Some(Since::All(SinceWord::Start)) => return Ok(log.oldest(stream)),
        Some(Since::Places(places)) => match places.get(name) {
            Some(given) => *given,
            None => return Ok(head),
        },
    };
    let oldest = log.oldest(stream);
    let kept = given.epoch == head.epoch && (oldest.seq..=head.seq).contains(&given.seq);
    if kept {
        Ok(given)
    } else {
        Err(LogError::Resync { oldest }.into())
    }
}

fn unsubscribe(
    session: &Session,
    _: &Cx,
    params: UnsubscribeParams,
) -> Result<Unsubscribed, Failure> {
    bounded(&params.streams)?;
    let mut removed = 0;
    for name in &params.streams {
        let stream = named(session, name)?;
        removed += u64::from(session.unsubscribe(&stream));
    }
    session.changed();
    Ok(Unsubscribed { removed })
}

fn bounded(streams: &[String]) -> Result<(), Failure> {
    if (1..=MOST_STREAMS).contains(&streams.len()) {
        return Ok(());
    }
    let message = format!("streams holds 1 to {MOST_STREAMS} names");
    let error = RpcError::invalid_params(Some("streams"), message);
    Err(error.with_limit(MOST_STREAMS as u64).into())
}

fn named(session: &Session, name: &str) -> Result<StreamName, Failure> {
    let (log, own) = session.events();
    if name == OWN {
        return Ok(own.clone());
    }
    Ok(log.families().parse(name)?)
}
