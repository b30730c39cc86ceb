use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use car_protocol::jsonrpc::Id;
use car_protocol::rpc::events::{Cursor, Delivery};
use car_protocol::rpc::session::{BELONGINGS, ResumeAttempt, ResumeToken, Resumed, ResumedStream};
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::timeout;

use super::book::ReplyBook;
use super::machine::{Effect, Input, Machine, Phase, Presented, Refusal};
use super::note::NotedStream;
use super::token::{self, TokenHash};
use super::{LinkId, Note, Replies, ResumeError, ResumeLimits, Resumption, capped};
use crate::channel::{Wanted, WsChannel};
use crate::frame::Frame;
use crate::identity::{Identity, Principal};
use crate::log::{Pattern, StreamName};
use crate::server::ServerState;
use crate::session::{Asked, ClientSession};

/// What a client asks for that resumes a session.
#[derive(Clone, Debug)]
pub struct ResumeRequest {
    /// Its newest token.
    pub token: ResumeToken,
    /// The last event that it has of each stream, by the stream's name.
    pub seen: BTreeMap<String, Cursor>,
    /// The requests that it waits for, if it says so.
    pub waiting: Option<Vec<Id>>,
    /// How long the session is to stay from now on, if it says so.
    pub grace_ms: Option<u64>,
    /// Which of its attempts this is, if it counts them.
    pub attempt: Option<ResumeAttempt>,
}

/// A session that is about to go on on another connection: that one belongs to it, but nobody has been told.
pub struct Arrival {
    session: Arc<ClientSession>,
    channel: Arc<WsChannel>,
    token: ResumeToken,
    seen: BTreeMap<String, Cursor>,
    waiting: Option<Vec<Id>>,
    /// The newest reply from before it.
    since: u64,
    /// The connection that has lost the session, while its reader may have a request in hand.
    before: Option<Arc<WsChannel>>,
    /// What an earlier process noted of the session, where its subscriptions have not gone on since.
    note: Option<Arc<Note>>,
    /// Whether it is from there, as far as its client knows.
    restarted: bool,
    durable: Option<BoxFuture<'static, ()>>,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("session", self.session.id())
            .finish_non_exhaustive()
    }
}

/// How long the connection before may take to read its last request.
const PARTS: Duration = Duration::from_secs(5);
/// What of it is noted.
const NOTED: &[&str] = &["tools", "policies", "subscriptions"];

impl ServerState {
    /// Has a session that lost its connection go on on `channel`, in the place of `fresh`, the session that was opened
    /// for that connection.
    ///
    /// # Errors
    /// [`ResumeError`]; nothing has changed then.
    pub fn resume(
        &self,
        fresh: &Arc<ClientSession>,
        channel: &Arc<WsChannel>,
        request: ResumeRequest,
        limits: &ResumeLimits,
    ) -> Result<Arrival, ResumeError> {
        let arrival = self.find_and_take(fresh, channel, request, limits);
        if arrival.is_err() {
            self.resumes().counts.refused.one();
        }
        arrival
    }

    fn find_and_take(
        &self,
        fresh: &Arc<ClientSession>,
        channel: &Arc<WsChannel>,
        request: ResumeRequest,
        limits: &ResumeLimits,
    ) -> Result<Arrival, ResumeError> {
        let id = token::session_of(&request.token).ok_or(ResumeError::Unknown)?;
        let hash = TokenHash::of(&request.token);
        if fresh.tasks() > 0 {
            return Err(ResumeError::Busy);
        }
        let (next, fresh_hash) = token::issue(&id)?;
        let live = self.sessions().get(&id);
        let (session, is_new) = match live.filter(|session| session.resumption().is_some()) {
            Some(session) => (session, false),
            None => {
                let note = self.resumes().noted(&id).ok_or(ResumeError::Unknown)?;
                if hash.presented(&note.tokens) == Presented::Wrong {
                    return Err(ResumeError::Unknown);
                }
                bound_to(&note.principal, fresh)?;
                // Two may ask at once, and only one gets it.
                let note = self.resumes().take(&id).ok_or(ResumeError::Unknown)?;
                (self.revive(note, fresh, limits), true)
            }
        };
        let resumption = session.resumption().ok_or(ResumeError::Unknown)?;
        let _changing = resumption.change.lock();
        let presented = hash.presented(&resumption.tokens());
        if presented == Presented::Wrong {
            return Err(ResumeError::Unknown);
        }
        bound_to(&resumption.identity().principal, fresh)?;
        if resumption.has_overtaken(request.attempt.as_ref()) {
            return Err(ResumeError::Overtaken);
        }
        let input = Input::Resume {
            link: LinkId::of(channel),
            presented,
            fresh: fresh_hash,
        };
        let effects = resumption.step(input);
        if let Some(Effect::Refuse(why)) = effects.first() {
            return Err(match why {
                Refusal::Same => ResumeError::Busy,
                Refusal::WrongToken | Refusal::Ended => ResumeError::Unknown,
            });
        }
        let (before, note, restarted) = {
            let mut inner = resumption.inner.lock();
            // Who has a newer token has the answer that it came with.
            inner.unheard &= presented == Presented::Used || is_new;
            inner.limits = *limits;
            inner.attempt = request.attempt;
            if request.grace_ms.is_some() {
                inner.grace = capped(request.grace_ms, limits);
            }
            let before = std::mem::replace(&mut inner.channel, Arc::downgrade(channel));
            (before, inner.revived.clone(), inner.unheard)
        };
        let is_fence = |effect: &Effect<LinkId>| matches!(effect, Effect::Fence(_));
        let fenced = effects.iter().any(is_fence);
        let before = before.upgrade().filter(|_| fenced);
        if let Some(before) = &before {
            before.fence();
        }
        let counts = &self.resumes().counts;
        match (is_new, fenced) {
            (true, _) => counts.restored.one(),
            (false, true) => counts.taken_over.one(),
            (false, false) => counts.resumed.one(),
        }
        let durable = session.carry_out(&effects);
        session.link().detach();
        if let Some(voice) = session.voice_if_any() {
            voice.owner(true);
        }
        let since = resumption.replies.detach();
        channel.keep_replies(resumption.replies());
        fresh.make_way(channel, &session);
        if note.is_some() {
            self.host().approvals().session_returned(&id);
        }
        let account = self.quotas().account(&resumption.identity().principal);
        let seated = account.seat(&session);
        // The session was let in before: where there is no room now, it is counted where it was.
        if let Err(full) = seated.and_then(|()| channel.join(account)) {
            tracing::warn!(session = %id, %full, "a session that is resumed is not counted for its identity");
        }
        if let Some(agent) = resumption.identity().agent()
            && let Some(before) = self.seats().attach(agent, &session)
        {
            self.chats().replaced(before.id());
        }
        tracing::info!(session = %id, fenced, restarted, "a session is resumed");
        Ok(Arrival {
            session: Arc::clone(&session),
            channel: Arc::clone(channel),
            token: next,
            seen: request.seen,
            waiting: request.waiting,
            since,
            before,
            note,
            restarted,
            durable,
        })
    }

    /// Makes the session again that a note is about.
    fn revive(
        &self,
        note: Note,
        fresh: &ClientSession,
        limits: &ResumeLimits,
    ) -> Arc<ClientSession> {
        let session = self.open_session_as(Identity {
            session: note.id.clone(),
            principal: note.principal.clone(),
            role: note.role,
            auth_enabled: fresh.identity().get().auth_enabled,
        });
        // All of them were taken before, by a version that may have allowed more.
        let tools = session.tools().register(note.tools.clone());
        let policies = note.policies.iter().cloned();
        let policies = policies.map(|policy| session.policies().register(None, policy));
        if tools.is_err() || policies.fold(false, |failed, taken| failed | taken.is_err()) {
            tracing::error!(session = %note.id, "a part of what was noted is not taken any more");
        }
        let book = ReplyBook::new(
            limits.replies,
            limits.reply_bytes,
            &Id::integer(i64::MAX),
            false,
        );
        let machine = Machine::stored(note.tokens);
        let replies = Replies::new(book, None);
        let resumption = session.resumption_of(machine, *limits, note.grace, replies);
        {
            let mut inner = resumption.inner.lock();
            (inner.revived, inner.unheard) = (Some(Arc::new(note)), true);
        }
        // It was opened here, so nobody else has put one there.
        session.resumption.get_or_init(|| Box::new(resumption));
        session.callbacks().last();
        session
    }
}

impl Resumption {
    /// Whether a later attempt of the same client came before this one: that one was on its way when its connection was
    /// lost, and nobody hears what it is told.
    fn has_overtaken(&self, attempt: Option<&ResumeAttempt>) -> bool {
        let inner = self.inner.lock();
        let last = inner.attempt.as_ref();
        let later = attempt.zip(last).filter(|(attempt, last)| {
            attempt.client == last.client && attempt.number <= last.number
        });
        later.is_some()
    }
}

/// Whether a connection may have a session of this principal: one that has not authenticated, or as the same.
fn bound_to(principal: &Principal, fresh: &ClientSession) -> Result<(), ResumeError> {
    let identity = fresh.identity().get();
    let anonymous = |principal: &Principal| matches!(principal, Principal::Anonymous(_));
    if identity.auth_enabled && anonymous(principal) {
        // It is from a time when nobody was asked for a credential.
        return Err(ResumeError::Foreign);
    }
    let same = identity.principal == *principal || anonymous(&identity.principal);
    same.then_some(()).ok_or(ResumeError::Foreign)
}

impl Arrival {
    /// The session.
    #[must_use]
    pub fn session(&self) -> &Arc<ClientSession> {
        &self.session
    }

    /// What to wait for before [`settle`](Self::settle), if there is anything: that the new token is good even after the
    /// end of this process, where it is to be, and that the connection before reads no more. Until then nobody knows which
    /// requests have arrived on it; it is given 5 seconds.
    pub fn take_waiting(&mut self) -> Option<BoxFuture<'static, ()>> {
        let (durable, before) = (self.durable.take(), self.before.take());
        if durable.is_none() && before.is_none() {
            return None;
        }
        let session = Arc::clone(&self.session);
        Some(Box::pin(async move {
            if let Some(before) = before
                && timeout(PARTS, before.parted()).await.is_err()
            {
                tracing::warn!(session = %session.id(), "a connection that has lost its session does not let it go");
            }
            if let Some(durable) = durable {
                durable.await;
            }
        }))
    }

    /// Puts the session on the connection: `tell` queues the result, and what waits follows it. It is given none where the
    /// connection has lost the session meanwhile.
    pub fn settle(self, tell: impl FnOnce(Option<&Resumed>)) {
        let (session, channel) = (&self.session, &self.channel);
        let Some(resumption) = session.resumption() else {
            return tell(None);
        };
        let _changing = resumption.change.lock();
        if resumption.phase() != Phase::Attached(LinkId::of(channel)) {
            return tell(None);
        }
        let (streams, patterns) = self.subscribed();
        // Whoever drives this may be the task of another connection, and this one's writer beside it.
        let held = channel.hold_feeds();
        session.link().attach(channel);
        let streams = self.go_on(streams, &patterns);
        let (callbacks, frames) = session.callbacks().deliver();
        let missed = resumption
            .replies
            .missed(self.waiting.as_deref(), channel, self.since);
        let (restored, lost): (Vec<&str>, Vec<&str>) = BELONGINGS
            .iter()
            .partition(|name| !self.restarted || NOTED.contains(name));
        let approvals = session.host.approvals().open_of(session.id());
        let open = (!approvals.is_empty()).then_some("approvals");
        let names = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
        tell(Some(&Resumed {
            session_id: session.id().to_string(),
            role: resumption.identity().role,
            resume_token: self.token.clone(),
            grace_ms: millis(resumption),
            restarted: self.restarted,
            restored: names(restored.into_iter().chain(open).collect()),
            lost: names(lost),
            streams,
            replies: missed.replies.iter().filter_map(parsed).collect(),
            running: values(&missed.running),
            replies_lost: values(&missed.lost),
            not_seen: values(&missed.not_seen),
            unknown: values(&missed.unknown),
            callbacks,
            approvals,
        }));
        drop(held);
        session.subscriptions().cover_again(patterns);
        if resumption.inner.lock().revived.take().is_some() {
            session.changed();
        }
        for frame in frames {
            // A connection that cannot take it is lost, or about to be; whoever resumes next gets it again.
            let _ = channel.send(Frame::Text(frame));
        }
        resumption.replies.attach(channel, missed);
        session.host.heed(session);
    }

    /// What the session subscribed to, and its patterns.
    fn subscribed(&self) -> (Vec<NotedStream>, Vec<(Pattern, Delivery)>) {
        let (log, _) = self.session.events();
        let Some(note) = &self.note else {
            let (streams, patterns) = self.session.subscriptions().take();
            let streams = streams.iter().map(|fed| NotedStream::of(&**log, fed));
            return (streams.collect(), patterns);
        };
        let patterns = note.patterns.iter().filter_map(|(text, delivery)| {
            let pattern = Pattern::parse(log.families(), text)?.ok()?;
            Some((pattern, *delivery))
        });
        (note.streams.clone(), patterns.collect())
    }

    /// Has the streams go on from where the client is: those that were fed, and those that the client has seen something
    /// of because a pattern covers them.
    fn go_on(
        &self,
        mut streams: Vec<NotedStream>,
        patterns: &[(Pattern, Delivery)],
    ) -> Vec<ResumedStream> {
        let (log, _) = self.session.events();
        let there = if patterns.is_empty() {
            Vec::new()
        } else {
            log.names()
        };
        for name in &there {
            let is_noted = || streams.iter().any(|noted| noted.stream == name.as_str());
            let Some(at) = self.seen.get(name.as_str()).filter(|_| !is_noted()) else {
                continue;
            };
            let covering = patterns.iter().find(|(pattern, _)| pattern.covers(name));
            if let Some((_, delivery)) = covering {
                streams.push(NotedStream {
                    stream: name.to_string(),
                    at: *at,
                    delivery: *delivery,
                    named: false,
                });
            }
        }
        let identity = self.session.identity().get();
        let known = streams.iter().filter_map(|noted| {
            let stream = log.families().parse(&noted.stream).ok()?;
            let is_pushed = stream.family().notification.is_some();
            let may = is_pushed && stream.readable_by(&identity);
            may.then(|| {
                let is_there = there.contains(&stream);
                self.feed(stream, noted, is_there)
            })
        });
        let mut resumed: Vec<ResumedStream> = known.collect();
        resumed.sort_unstable_by(|one, other| one.stream.cmp(&other.stream));
        resumed
    }

    fn feed(&self, stream: StreamName, noted: &NotedStream, is_there: bool) -> ResumedStream {
        let (log, own) = self.session.events();
        let place = |name: &str| self.seen.get(name).copied();
        let seen = place(stream.as_str());
        let seen = seen.or_else(|| (stream == *own).then(|| place("session")).flatten());
        let from = seen.unwrap_or(noted.at);
        let (head, oldest) = (log.head(&stream), log.oldest(&stream));
        let kept = from.epoch == head.epoch && (oldest.seq..=head.seq).contains(&from.seq);
        let name = stream.to_string();
        // What a pattern covers begins anew, as it would have if it had appeared just now.
        let cursor = if kept { from } else { oldest };
        let fed = (kept || (!noted.named && is_there)) && {
            let wanted = vec![Wanted {
                stream,
                cursor,
                delivery: noted.delivery,
                when_over: None,
            }];
            let asked = match noted.named {
                true => Asked {
                    named: wanted,
                    ..Asked::default()
                },
                false => Asked {
                    covered: wanted,
                    ..Asked::default()
                },
            };
            matches!(self.session.subscriptions().subscribe_all(asked), Ok(true))
        };
        ResumedStream {
            stream: name,
            from: fed.then_some(cursor),
            head,
            resync_required: (!kept || !fed).then_some(oldest),
        }
    }
}

fn millis(resumption: &Resumption) -> u64 {
    let grace = resumption.inner.lock().grace;
    u64::try_from(grace.as_millis()).unwrap_or(u64::MAX)
}

fn values(ids: &[Id]) -> Vec<Value> {
    let parsed = |id: &Id| serde_json::from_str(&id.to_string()).ok();
    ids.iter().filter_map(parsed).collect()
}

fn parsed(text: &ByteString) -> Option<Value> {
    serde_json::from_str(text).ok()
}
