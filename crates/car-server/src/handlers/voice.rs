//! `voice.*`.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use car_protocol::RpcError;
use car_protocol::rpc::Empty;
use car_protocol::rpc::voice::{
    Accepted, AudioSource, Playback, PlaybackParams, Providers, Push, PushParams, SessionList,
    Sessions, Start, StartParams, Started, Stop, StopParams, Stopped, VoiceProvider, VoiceSession,
};
use car_state::identity::Role;
use car_state::log::VOICE;
use car_state::session::{ClientSession, SessionRegistry};
use car_state::voice::{
    Provider, PushedAudio, SampleFormat, StreamInfo, Taken, VoiceDesk, VoiceError, Wanted,
};
use futures_util::FutureExt as _;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Answer, Route, Routes};

/// How long an id may be, in bytes. What else is wrong with one is found when its stream begins.
const LONGEST_ID: usize = 128;
/// The rate of audio whose source names none.
const USUAL_RATE: u32 = 16_000;

/// The standard alphabet; encoders differ about padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const ACCEPTED: Accepted = Accepted { accepted: true };

pub(super) fn routes(desk: Arc<VoiceDesk>, sessions: Arc<SessionRegistry>) -> Vec<Route> {
    let mut routes = Routes::per_session(Arc::clone)
        .on::<Start, _>(start)
        .on::<Push, _>(push)
        .on::<Stop, _>(stop)
        .on::<Playback, _>(playback)
        .into_routes();
    routes.extend(
        Routes::with(desk)
            .on::<Providers, _>(providers)
            .into_routes(),
    );
    routes.extend(Routes::with(sessions).on::<Sessions, _>(list).into_routes());
    routes
}

type Session = Arc<ClientSession>;

async fn start(session: Session, _: Cx, params: StartParams) -> Result<Started, Failure> {
    let options = params.options.unwrap_or_default();
    let wanted = Wanted {
        voice: params.session_id,
        format: format_of(&params.audio_source)?,
        provider: options.provider,
        model: options.model,
        language: options.language,
        role: "unknown".to_owned(),
        audio_meta: options.emit_audio_meta.unwrap_or(false),
        longest: Duration::MAX,
        grace: Duration::MAX,
    };
    let voice = wanted.voice.clone();
    let streams = session.voice();
    let begun = begin(&session, wanted).await?;
    let providers = match begun.provider {
        Some(_) => Vec::new(),
        None => streams.desk().providers(),
    };
    Ok(Started {
        session_id: voice,
        stream: begun.stream.to_string(),
        epoch: begun.from.epoch,
        seq: begun.from.seq,
        provider: begun.provider,
        providers: providers.into_iter().map(provider).collect(),
    })
}

async fn begin(session: &Session, wanted: Wanted) -> Result<car_state::voice::Begun, VoiceError> {
    let streams = session.voice();
    follow(session, &wanted.voice)?;
    let voice = wanted.voice.clone();
    let begun = streams.begin(wanted, streams.sink(), None).await;
    if begun.is_err() {
        unfollow(session, &voice);
    }
    begun
}

/// Takes back what [`follow`] did, for a stream that did not begin.
pub(super) fn unfollow(session: &Session, voice: &str) {
    let streams = session.voice();
    let stream = streams.stream(voice).0;
    if !streams.is_live(&stream) {
        session.subscriptions().unsubscribe(&stream);
        streams.forget(&stream);
    }
}

/// Feeds the events of a stream that is about to begin to the caller's connection.
pub(super) fn follow(session: &Session, voice: &str) -> Result<(), VoiceError> {
    if voice.len() > LONGEST_ID {
        return Err(VoiceError::Id);
    }
    let streams = session.voice();
    let (stream, from) = streams.stream(voice);
    if streams.is_live(&stream) {
        return Err(VoiceError::Exists(voice.chars().take(128).collect()));
    }
    // Those that have told all they had to. In one that is about to begin nothing was told yet.
    for fed in session.subscriptions().list() {
        let told = session.events().0.head(&fed.stream).seq;
        if *fed.stream.family() == VOICE
            && fed.stream.session() == Some(session.id().as_str())
            && !streams.is_live(&fed.stream)
            && told > 0
            && fed.written >= told
        {
            session.subscriptions().unsubscribe(&fed.stream);
        }
    }
    session.subscribe(stream, from)?;
    Ok(())
}

/// What the samples of a source are.
fn format_of(source: &AudioSource) -> Result<SampleFormat, VoiceError> {
    if source.kind != "pcm_push" {
        return Err(VoiceError::Source(source.kind.chars().take(32).collect()));
    }
    Ok(SampleFormat {
        rate: source.sample_rate.unwrap_or(USUAL_RATE),
        channels: source.channels.unwrap_or(1),
    })
}

/// Plain, so that audio keeps its order; only an answer that has to wait for room is a call.
fn push(session: &Session, _: &Cx, params: PushParams) -> Result<Answer<Accepted>, Failure> {
    let samples = BASE64.decode(&params.pcm_b64).map_err(|error| {
        RpcError::invalid_params(Some("pcm_b64"), format!("this is no base64: {error}"))
    })?;
    let audio = PushedAudio {
        sequence: params.sequence,
        samples: samples.into(),
    };
    let taken = session.voice().push(&params.session_id, audio);
    let unfit = |error: VoiceError| match error {
        error @ VoiceError::Audio(_) => Failure::from(error).about("pcm_b64"),
        error => error.into(),
    };
    Ok(match taken.map_err(unfit)? {
        Taken::Now => Answer::Now(ACCEPTED),
        Taken::Later(later) => Answer::Later(
            async move {
                later.await.map_err(unfit)?;
                Ok(ACCEPTED)
            }
            .boxed(),
        ),
    })
}

async fn stop(session: Session, _: Cx, params: StopParams) -> Result<Stopped, Failure> {
    let end = session.voice().stop(&params.session_id).await?;
    Ok(Stopped {
        session_id: params.session_id,
        stopped: true,
        epoch: end.epoch,
        seq: end.seq,
    })
}

fn playback(session: &Session, _: &Cx, params: PlaybackParams) -> Result<Accepted, Failure> {
    let streams = session.voice();
    streams.playing(&params.session_id, params.playing)?;
    Ok(ACCEPTED)
}

fn list(sessions: &Arc<SessionRegistry>, cx: &Cx, _: Empty) -> Result<SessionList, Failure> {
    let identity = cx.identity();
    let seen = if identity.role == Role::Host {
        sessions.all()
    } else {
        vec![Arc::clone(cx.session())]
    };
    let mut details = Vec::new();
    for session in seen {
        let streams = session.voice_if_any().map(|streams| streams.list());
        let owner = session.id().as_str();
        details.extend(streams.into_iter().flatten().map(|info| row(owner, info)));
    }
    let key = |row: &VoiceSession| (row.session_id.clone(), row.owner.clone());
    details.sort_by_cached_key(key);
    Ok(SessionList {
        sessions: details.iter().map(|row| row.session_id.clone()).collect(),
        details,
    })
}

fn row(owner: &str, info: StreamInfo) -> VoiceSession {
    VoiceSession {
        session_id: info.voice,
        owner: owner.to_owned(),
        stream: info.stream.to_string(),
        started_at: info.started_at,
        sample_rate: info.format.rate,
        channels: info.format.channels,
        provider: info.provider,
        bytes: info.bytes,
        refused: info.refused,
    }
}

fn providers(desk: &Arc<VoiceDesk>, _: &Cx, _: Empty) -> Result<Vec<VoiceProvider>, Failure> {
    Ok(desk.providers().into_iter().map(provider).collect())
}

fn provider(provider: Provider) -> VoiceProvider {
    VoiceProvider {
        id: provider.id,
        kind: "stt".to_owned(),
        available: provider.available,
        description: provider.description,
    }
}
