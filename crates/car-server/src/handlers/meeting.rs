//! `meeting.*`.

use std::sync::Arc;

use car_protocol::rpc::meeting::{
    Delete, Deleted, Export, ExportFormat, ExportParams, Exported, Get, GetParams, Hit, Hits, List,
    ListParams, Meeting, MeetingList, MeetingMetadata as WireMetadata, MeetingParams, NameSpeaker,
    NameSpeakerParams, Pause, Paused, Resume, Search, SearchParams, Start, StartParams, Started,
};
use car_protocol::{RpcError, Timestamp, kind};
use car_state::meeting::{
    Consent, Format, MeetingError, MeetingId, MeetingMetadata, MeetingView, MeetingWanted,
    Meetings, Transcript, export,
};
use car_state::session::ClientSession;
use car_state::voice::SampleFormat;

use super::voice;
use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// The rate of audio for which none is named.
const USUAL_RATE: u32 = 16_000;
/// How long a title may be, in bytes.
const LONGEST_TITLE: usize = 1_024;
/// How long the name of a speaker may be, in bytes.
const LONGEST_NAME: usize = 256;
/// How many speakers may have names.
const SPEAKERS: usize = 256;
/// How many bytes of text an answer carries.
const ANSWER: usize = 4 << 20;
/// How long a query may be, in bytes.
const LONGEST_QUERY: usize = 1_024;
/// Hits of an answer that asks for no number, and the most there may be.
const HITS: (u32, u32) = (20, 200);

type Book = Arc<Meetings>;

pub(super) fn routes(book: Book) -> Vec<Route> {
    Routes::with(book)
        .on::<Start, _>(start)
        .on::<List, _>(list)
        .on::<Get, _>(get)
        .on::<Pause, _>(pause)
        .on::<Resume, _>(resume)
        .on::<Search, _>(search)
        .on::<Export, _>(export_one)
        .on::<Delete, _>(delete)
        .on::<NameSpeaker, _>(name_speaker)
        .into_routes()
}

async fn start(book: Book, cx: Cx, params: StartParams) -> Result<Started, Failure> {
    check_root(&book, params.root.as_deref())?;
    let long = |title: &String| title.len() > LONGEST_TITLE;
    if params.title.as_ref().is_some_and(long) {
        return Err(too_long("title", LONGEST_TITLE));
    }
    let id = match &params.id {
        Some(id) => MeetingId::new(id).map_err(|error| Failure::from(error).about("id"))?,
        None => book.new_id()?,
    };
    let session = cx.session();
    let mut followed = Followed::of(session);
    for source in &params.sources {
        // The rest is looked at by the book: here only what would be a stream of nobody.
        if matches!(source.as_str(), "mic" | "system") {
            followed.follow(&Meetings::voice(&id, source))?;
        }
    }
    // A client of the original says that it wants the audio and knows no consent.
    let consent = match (params.consent, params.persist_audio) {
        (Some(consent), _) => consent,
        (None, Some(true)) => Consent::Record,
        (None, _) => Consent::default(),
    };
    let wanted = MeetingWanted {
        metadata: MeetingMetadata {
            title: params.title,
            sources: params.sources,
            model: params.model,
            language: params.language,
            persist_audio: params.persist_audio.unwrap_or(consent == Consent::Record),
            consent,
            erase_after_days: params.erase_after_days,
            ..MeetingMetadata::new(id, Timestamp::UNIX_EPOCH)
        },
        provider: params.provider,
        format: SampleFormat {
            rate: params.sample_rate.unwrap_or(USUAL_RATE),
            channels: params.channels.unwrap_or(1),
        },
    };
    let begun = book.start(session, wanted).await?;
    followed.stay();
    Ok(Started {
        id: begun.metadata.id.to_string(),
        title: begun.metadata.title,
        started_at: begun.metadata.started_at,
        voice_session_ids: begun.voices,
        provider: begun.provider,
    })
}

/// The streams that a connection is fed for a meeting that begins. Unless it does, they are not.
struct Followed<'a> {
    session: &'a Arc<ClientSession>,
    voices: Vec<String>,
}

impl<'a> Followed<'a> {
    fn of(session: &'a Arc<ClientSession>) -> Self {
        let voices = Vec::new();
        Self { session, voices }
    }

    fn follow(&mut self, voice: &str) -> Result<(), Failure> {
        voice::follow(self.session, voice)?;
        self.voices.push(voice.to_owned());
        Ok(())
    }

    fn stay(mut self) {
        self.voices.clear();
    }
}

impl Drop for Followed<'_> {
    fn drop(&mut self) {
        for one in &self.voices {
            voice::unfollow(self.session, one);
        }
    }
}

async fn list(book: Book, _: Cx, params: ListParams) -> Result<MeetingList, Failure> {
    check_root(&book, params.root.as_deref())?;
    let (ids, active) = book.list().await?;
    let texts = |ids: Vec<MeetingId>| ids.iter().map(ToString::to_string).collect();
    Ok(MeetingList {
        root: book.root().display().to_string(),
        ids: texts(ids),
        active: texts(active),
    })
}

async fn get(book: Book, cx: Cx, params: GetParams) -> Result<Meeting, Failure> {
    check_root(&book, params.root.as_deref())?;
    let view = view(&book, &cx, &params.meeting_id).await?;
    let count = view.segments.len();
    let offset = place(params.offset.unwrap_or(0)).min(count);
    let most = place(params.limit.unwrap_or(u64::MAX));
    let (mut bytes, mut segments) = (0, Vec::new());
    for segment in view.segments.iter().skip(offset).take(most) {
        bytes += segment.text.len() + 256;
        if bytes > ANSWER && !segments.is_empty() {
            break;
        }
        segments.push(segment.to_wire(&view.metadata));
    }
    let next = offset + segments.len();
    Ok(Meeting {
        metadata: view.metadata.into(),
        segments,
        active: view.active,
        paused: view.paused,
        next_offset: (next < count).then_some(next as u64),
    })
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

async fn pause(book: Book, cx: Cx, params: MeetingParams) -> Result<Paused, Failure> {
    set_paused(book, cx, params, true).await
}

async fn resume(book: Book, cx: Cx, params: MeetingParams) -> Result<Paused, Failure> {
    set_paused(book, cx, params, false).await
}

async fn set_paused(
    book: Book,
    cx: Cx,
    params: MeetingParams,
    paused: bool,
) -> Result<Paused, Failure> {
    let id = known(&book, &cx, &params.meeting_id).await?;
    book.pause(&id, paused)?;
    Ok(Paused {
        meeting_id: params.meeting_id,
        paused,
    })
}

async fn search(book: Book, cx: Cx, params: SearchParams) -> Result<Hits, Failure> {
    let limit = params.limit.unwrap_or(HITS.0);
    if !(1..=HITS.1).contains(&limit) {
        let message = format!("limit is 1 to {}", HITS.1);
        let error = RpcError::invalid_params(Some("limit"), message);
        return Err(error.with_limit(HITS.1.into()).into());
    }
    let words: Vec<String> = params
        .query
        .split_whitespace()
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() {
        return Err(RpcError::invalid_params(Some("query"), "a query has a word at least").into());
    }
    if params.query.len() > LONGEST_QUERY {
        return Err(too_long("query", LONGEST_QUERY));
    }
    let ids = match &params.meeting_id {
        Some(id) => vec![known(&book, &cx, id).await?],
        None => book.list().await?.0,
    };
    let (mut hits, mut more) = (Vec::new(), false);
    for id in ids {
        // What is damaged, or has gone meanwhile, has no hits.
        let Ok(view) = book.get(&id).await else {
            continue;
        };
        if !Meetings::is_open_to(&view.metadata, &cx.identity()) {
            continue;
        }
        for (index, segment) in view.segments.iter().enumerate() {
            let text = segment.text.to_lowercase();
            if !words.iter().all(|word| text.contains(word)) {
                continue;
            }
            if hits.len() >= limit as usize {
                more = true;
                break;
            }
            hits.push(Hit {
                meeting_id: id.to_string(),
                index: index as u64,
                segment: segment.to_wire(&view.metadata),
            });
        }
        if more {
            break;
        }
    }
    Ok(Hits { hits, more })
}

async fn export_one(book: Book, cx: Cx, params: ExportParams) -> Result<Exported, Failure> {
    let view = view(&book, &cx, &params.meeting_id).await?;
    let transcript = Transcript::of(view.segments)?;
    let (format, media_type) = match params.format.unwrap_or_default() {
        ExportFormat::Vtt => (Format::WebVtt, "text/vtt"),
        ExportFormat::Json => (Format::Json, "application/json"),
        _ => (Format::Markdown, "text/markdown"),
    };
    let text = export(&view.metadata, &transcript, format)?;
    if text.len() > ANSWER {
        let message = format!(
            "the document has {} bytes; read it with meeting.get",
            text.len()
        );
        let error = RpcError::domain(kind::LIMIT_EXCEEDED, message);
        return Err(error.with_limit(ANSWER as u64).into());
    }
    Ok(Exported {
        meeting_id: params.meeting_id,
        media_type: media_type.to_owned(),
        text,
    })
}

async fn delete(book: Book, cx: Cx, params: MeetingParams) -> Result<Deleted, Failure> {
    let id = known(&book, &cx, &params.meeting_id).await?;
    let facts_forgotten = book.delete(&id).await?;
    Ok(Deleted {
        meeting_id: params.meeting_id,
        deleted: true,
        facts_forgotten,
    })
}

async fn name_speaker(
    book: Book,
    cx: Cx,
    params: NameSpeakerParams,
) -> Result<WireMetadata, Failure> {
    let id = known(&book, &cx, &params.meeting_id).await?;
    let (speaker, name) = (params.speaker, params.name);
    for (field, text) in [("speaker", Some(&speaker)), ("name", name.as_ref())] {
        if text.is_some_and(|text| text.len() > LONGEST_NAME) {
            return Err(too_long(field, LONGEST_NAME));
        }
    }
    let change = move |metadata: &mut MeetingMetadata| {
        match name.filter(|name| !name.trim().is_empty()) {
            Some(name) => metadata.speakers.insert(speaker, name),
            None => metadata.speakers.remove(&speaker),
        };
        if metadata.speakers.len() > SPEAKERS {
            return Err(MeetingError::Speakers { limit: SPEAKERS });
        }
        Ok(())
    };
    Ok(book.update(&id, change).await?.into())
}

/// The meeting that is meant, if the caller may know of it.
pub(super) async fn known(book: &Book, cx: &Cx, id: &str) -> Result<MeetingId, Failure> {
    let id = MeetingId::new(id)?;
    let metadata = book.metadata(&id).await?;
    if !Meetings::is_open_to(&metadata, &cx.identity()) {
        return Err(MeetingError::Unknown(id).into());
    }
    Ok(id)
}

async fn view(book: &Book, cx: &Cx, id: &str) -> Result<MeetingView, Failure> {
    let id = known(book, cx, id).await?;
    Ok(book.get(&id).await?)
}

/// There is one folder of meetings. Clients may name it, and no other.
fn check_root(book: &Book, root: Option<&str>) -> Result<(), Failure> {
    match root {
        Some(root) if std::path::Path::new(root) != book.root() => {
            let message = format!("meetings are kept in {}", book.root().display());
            Err(RpcError::invalid_params(Some("root"), message).into())
        }
        _ => Ok(()),
    }
}

fn too_long(field: &str, limit: usize) -> Failure {
    let message = format!("{field} has {limit} bytes at most");
    let error = RpcError::invalid_params(Some(field), message);
    error.with_limit(limit as u64).into()
}
