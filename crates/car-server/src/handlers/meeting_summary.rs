//! `meeting.stop` and `meeting.summarize`: what a meeting was about.

use std::sync::Arc;
use std::time::Duration;

use car_protocol::RpcError;
use car_protocol::rpc::meeting::{
    MeetingMetadata as WireMetadata, Stop, StopParams, Summarize, SummarizeParams,
};
use car_state::chat::Chats;
use car_state::meeting::{Meetings, Summariser};

use super::meeting::known;
use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// How long an agent may take, usually and at most, in milliseconds.
const PATIENCE: (u64, u64) = (60_000, 600_000);

#[derive(Clone, Debug)]
struct Room {
    book: Arc<Meetings>,
    chats: Arc<Chats>,
}

pub(super) fn routes(book: Arc<Meetings>, chats: Arc<Chats>) -> Vec<Route> {
    Routes::with(Room { book, chats })
        .on::<Stop, _>(stop)
        .on::<Summarize, _>(summarize)
        .into_routes()
}

async fn stop(room: Room, cx: Cx, params: StopParams) -> Result<WireMetadata, Failure> {
    let id = known(&room.book, &cx, &params.meeting_id).await?;
    let summarise = params.summarize.unwrap_or(true);
    let by = summariser(params.agent_id, params.timeout_ms)?;
    // What the meeting says itself is there before an agent is asked, whatever becomes of that.
    let ended = room.book.stop(&id, summarise).await?;
    if !summarise || by.is_none() || !ended.keeps_words() {
        return Ok(ended.into());
    }
    let summarised = room.book.summarise(cx.session(), &room.chats, &id, by);
    Ok(summarised.await?.into())
}

async fn summarize(room: Room, cx: Cx, params: SummarizeParams) -> Result<WireMetadata, Failure> {
    let id = known(&room.book, &cx, &params.meeting_id).await?;
    let by = summariser(params.agent_id, params.timeout_ms)?;
    let summarised = room.book.summarise(cx.session(), &room.chats, &id, by);
    Ok(summarised.await?.into())
}

fn summariser(
    agent: Option<String>,
    timeout_ms: Option<u64>,
) -> Result<Option<Summariser>, Failure> {
    let patience = timeout_ms.unwrap_or(PATIENCE.0);
    if !(1..=PATIENCE.1).contains(&patience) {
        let message = format!("timeout_ms is 1 to {}", PATIENCE.1);
        let error = RpcError::invalid_params(Some("timeout_ms"), message);
        return Err(error.with_limit(PATIENCE.1).into());
    }
    Ok(agent.map(|agent| Summariser {
        agent,
        patience: Duration::from_millis(patience),
    }))
}
