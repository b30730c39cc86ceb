//! `voice.*_turn`.

use std::sync::Arc;
use std::time::Duration;

use car_protocol::RpcError;
use car_protocol::rpc::Empty;
use car_protocol::rpc::voice::{
    CancelTurn, CancelTurnParams, DispatchTurn, DispatchTurnParams, PrewarmTurn, TurnCancelled,
    TurnDispatched, TurnPrewarmed, TurnTrack,
};
use car_state::chat::Chats;
use car_state::session::ClientSession;
use car_state::voice::{Track, TurnWanted, VoiceAgents, VoiceDesk};

use super::voice;
use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// The stream of turns for which none is named.
const USUAL_STREAM: &str = "voice-turn";
/// How long the agent that takes its time may take, usually and at most, in milliseconds.
const PATIENCE: (u64, u64) = (30_000, 600_000);

#[derive(Clone, Debug)]
struct Turns {
    desk: Arc<VoiceDesk>,
    chats: Arc<Chats>,
}

pub(super) fn routes(desk: Arc<VoiceDesk>, chats: Arc<Chats>) -> Vec<Route> {
    Routes::with(Turns { desk, chats })
        .on::<DispatchTurn, _>(dispatch)
        .on::<CancelTurn, _>(cancel)
        .on::<PrewarmTurn, _>(prewarm)
        .into_routes()
}

async fn dispatch(
    turns: Turns,
    cx: Cx,
    params: DispatchTurnParams,
) -> Result<TurnDispatched, Failure> {
    if params.utterance.trim().is_empty() {
        let message = "an utterance has a word at least";
        return Err(RpcError::invalid_params(Some("utterance"), message).into());
    }
    let patience = params.sidecar_timeout_ms.unwrap_or(PATIENCE.0);
    if !(1..=PATIENCE.1).contains(&patience) {
        let message = format!("sidecar_timeout_ms is 1 to {}", PATIENCE.1);
        let error = RpcError::invalid_params(Some("sidecar_timeout_ms"), message);
        return Err(error.with_limit(PATIENCE.1).into());
    }
    let voice = params.session_id.unwrap_or_else(|| USUAL_STREAM.to_owned());
    let session = cx.session();
    let followed = follow(session, &voice)?;
    let wanted = TurnWanted {
        utterance: params.utterance,
        voice: voice.clone(),
        overlay: params.config_overlay,
        patience: Duration::from_millis(patience),
        agents: VoiceAgents {
            fast: params.fast_agent,
            sidecar: params.sidecar_agent,
        },
    };
    let begun = session.voice().dispatch(session, &turns.chats, wanted);
    let begun = begun.inspect_err(|_| {
        if followed {
            voice::unfollow(session, &voice);
        }
    })?;
    turns.chats.settled().await;
    Ok(TurnDispatched {
        turn_id: begun.id,
        tracks: turns.tracks(begun.tracks),
        stream: begun.stream.to_string(),
        epoch: begun.from.epoch,
        seq: begun.from.seq,
    })
}

/// Feeds the events of turns to the caller's connection; `false` where that is done already.
fn follow(session: &Arc<ClientSession>, voice: &str) -> Result<bool, Failure> {
    let stream = session.voice().stream(voice).0;
    if session.subscriptions().feeds(&stream) {
        return Ok(false);
    }
    voice::follow(session, voice)?;
    Ok(true)
}

fn cancel(turns: &Turns, cx: &Cx, params: CancelTurnParams) -> Result<TurnCancelled, Failure> {
    let streams = cx.session().voice_if_any();
    let only = params.turn_id.as_deref();
    Ok(TurnCancelled {
        cancelled: true,
        turn_id: streams.and_then(|streams| streams.cancel_turn(&turns.chats, only)),
    })
}

fn prewarm(turns: &Turns, _: &Cx, _: Empty) -> Result<TurnPrewarmed, Failure> {
    Ok(TurnPrewarmed {
        prewarmed: true,
        tracks: turns.tracks(turns.desk.agents().tracks()),
    })
}

impl Turns {
    fn tracks(&self, tracks: Vec<(Track, String)>) -> Vec<TurnTrack> {
        let track = |(track, agent_id): (Track, String)| TurnTrack {
            track: track.as_str().to_owned(),
            available: self.chats.answers(&agent_id),
            agent_id,
        };
        tracks.into_iter().map(track).collect()
    }
}
