//! A session that outlives its connection.
//!
//! Its client asked for that, and holds a token. When the connection is lost the session stays for a grace period: what
//! it runs goes on, what it has stays, its replies are kept. A pure function decides what each event means, whatever the
//! order in which connections notice things; what is here carries it out.

mod arrival;
mod book;
mod ledger;
mod machine;
mod note;
mod replies;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
mod token;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::jsonrpc::Id;
use car_protocol::rpc::session::{ResumeAttempt, ResumeToken};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

pub use self::arrival::{Arrival, ResumeRequest};
use self::book::ReplyBook;
pub use self::ledger::{ResumeCounts, ResumeLedger};
use self::machine::{Effect, Input, Machine, Phase, Tokens};
use self::note::Note;
pub use self::replies::Replies;
pub(crate) use self::replies::Way;
pub use self::token::NoRandomness;
use self::token::TokenHash;
use super::ClientSession;
use crate::channel::WsChannel;
use crate::identity::Identity;

/// How long and how much is kept of sessions without a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ResumeLimits {
    /// The longest time that a session stays without a connection, and the usual one.
    pub grace: Duration,
    /// Sessions without a connection. Beyond it the one that has waited longest ends.
    pub detached: usize,
    /// Replies that are kept of each session which can be resumed, until they are known to have arrived. Beyond it
    /// the oldest is dropped.
    pub replies: usize,
    /// Bytes of them.
    pub reply_bytes: usize,
}

impl Default for ResumeLimits {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(120),
            detached: 256,
            replies: 1_024,
            reply_bytes: 4 << 20,
        }
    }
}

/// Why a session is not resumed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ResumeError {
    /// The token is not one of a session that waits: wrong, used up, or too late.
    #[error("the token is none of a session that waits for its client")]
    Unknown,
    /// The connection has authenticated as somebody else.
    #[error("the session belongs to another identity than this connection")]
    Foreign,
    /// The connection has this session already, or its own has something under way.
    #[error("a session is resumed on a connection that has nothing under way")]
    Busy,
    /// A later attempt of the same client came first.
    #[error("a later attempt of this client has resumed the session")]
    Overtaken,
    /// There is no token for the next time.
    #[error("the system gives no random bytes")]
    NoRandomness,
}

impl From<NoRandomness> for ResumeError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Farewell {
    /// The client said goodbye: it closed with code 1000 or none, or called `session.close`.
    Goodbye,
    /// It was lost: cut, silent, stuck, or closed for any other reason.
    Lost,
    /// The daemon stops.
    Stopped,
}

/// What becomes of a session whose connection ended.
#[derive(Clone, Debug)]
pub enum Parted {
    /// It is to be ended.
    Ended,
    /// It waits for its client. Somebody has to drive its calls until it does no more.
    Kept(Vigil),
    /// It goes on on another connection.
    Left,
}

/// The time that a session waits for its client.
#[derive(Clone, Debug)]
pub struct Vigil {
    number: u32,
    /// How long it may take.
    pub grace: Duration,
    /// Cancelled when it is over: the session was resumed, or has to end.
    pub over: CancellationToken,
}

/// A token that was given.
pub struct Granted {
    /// The token.
    pub token: ResumeToken,
    /// How long the session stays without a connection.
    pub grace: Duration,
    /// Ready when the token is good even after the end of this process, where it is to be.
    pub durable: Option<BoxFuture<'static, ()>>,
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted")
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}

/// A connection, told apart from others for as long as anybody holds it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct LinkId(usize);

impl LinkId {
    fn of(channel: &Arc<WsChannel>) -> Self {
        Self(Arc::as_ptr(channel).addr())
    }
}

/// What a session needs in order to be resumed.
#[derive(Debug)]
pub struct Resumption {
    /// Held while the session changes its connection: that concerns several of its parts, and two who resume it at once,
    /// or one who resumes it while the other end is found to be lost, must not take turns in between. Nothing that is
    /// done meanwhile waits.
    change: Mutex<()>,
    inner: Mutex<Inner>,
    replies: Arc<Replies>,
}

#[derive(Debug)]
struct Inner {
    machine: Machine<LinkId, TokenHash>,
    limits: ResumeLimits,
    grace: Duration,
    /// Until when it stays, since it has no connection.
    until: Option<Timestamp>,
    /// Who the tokens were given to.
    identity: Identity,
    /// The connection that has the session, from the moment on at which it is decided.
    channel: Weak<WsChannel>,
    /// The attempt by which that was decided, where its client counts them.
    attempt: Option<ResumeAttempt>,
    /// What an earlier process noted of it, until its subscriptions go on.
    revived: Option<Arc<Note>>,
    /// Whether it is from an earlier process, and its client may not have heard so.
    unheard: bool,
    /// While it waits.
    vigil: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// In the ledger.
    place: u64,
    over: CancellationToken,
}

impl Resumption {
    /// The replies that are kept.
    #[must_use]
    pub fn replies(&self) -> &Arc<Replies> {
        &self.replies
    }

    fn step(&self, input: Input<LinkId, TokenHash>) -> Vec<Effect<LinkId>> {
        let mut inner = self.inner.lock();
        let (machine, effects) = inner.machine.step(input);
        inner.machine = machine;
        effects
    }

    fn tokens(&self) -> Tokens<TokenHash> {
        self.inner.lock().machine.tokens()
    }

    fn identity(&self) -> Identity {
        self.inner.lock().identity.clone()
    }

    fn phase(&self) -> Phase<LinkId> {
        self.inner.lock().machine.phase()
    }

    /// Ends the waiting.
    fn end_vigil(&self) -> Option<u64> {
        let vigil = self.inner.lock().vigil.take()?;
        vigil.over.cancel();
        Some(vigil.place)
    }
}

/// The grace that is asked for, as far as it is allowed.
fn capped(asked_ms: Option<u64>, limits: &ResumeLimits) -> Duration {
    asked_ms.map_or(limits.grace, |asked| {
        Duration::from_millis(asked).min(limits.grace)
    })
}

impl ClientSession {
    /// What the session needs in order to be resumed, if its client asked for that.
    #[must_use]
    pub fn resumption(&self) -> Option<&Resumption> {
        self.resumption.get().map(|resumption| &**resumption)
    }

    /// Keeps the session when this connection is lost, and gives a token to resume it with. It begins with the request
    /// `since`, which may be the `first` one of the session.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn grant_resume(
        &self,
        channel: &Arc<WsChannel>,
        limits: &ResumeLimits,
        grace_ms: Option<u64>,
        (since, first): (&Id, bool),
    ) -> Result<Granted, NoRandomness> {
        let (token, hash) = token::issue(self.id())?;
        let grace = capped(grace_ms, limits);
        let resumption = self.resumption.get_or_init(|| {
            let book = ReplyBook::new(limits.replies, limits.reply_bytes, since, first);
            let machine = Machine::attached(LinkId::of(channel));
            let replies = Replies::new(book, Some(channel));
            Box::new(self.resumption_of(machine, *limits, grace, replies))
        });
        let _changing = resumption.change.lock();
        self.callbacks().last();
        // A call that was on its way asks for this after another connection has taken over: that one keeps the session.
        if resumption.phase() == Phase::Attached(LinkId::of(channel)) {
            channel.keep_replies(resumption.replies());
            resumption.inner.lock().channel = Arc::downgrade(channel);
        }
        {
            let mut inner = resumption.inner.lock();
            inner.grace = grace;
            inner.identity = self.identity().get();
        }
        let effects = resumption.step(Input::Grant(hash));
        let durable = self.carry_out(&effects);
        Ok(Granted {
            token,
            grace,
            durable,
        })
    }

    fn resumption_of(
        &self,
        machine: Machine<LinkId, TokenHash>,
        limits: ResumeLimits,
        grace: Duration,
        replies: Replies,
    ) -> Resumption {
        Resumption {
            change: Mutex::default(),
            inner: Mutex::new(Inner {
                machine,
                limits,
                grace,
                until: None,
                identity: self.identity().get(),
                channel: Weak::new(),
                attempt: None,
                revived: None,
                unheard: false,
                vigil: None,
            }),
            replies: Arc::new(replies),
        }
    }

    /// Makes the tokens worthless: the session speaks for somebody else than they were given to.
    pub fn revoke_resume(&self) {
        if let Some(resumption) = self.resumption() {
            let effects = resumption.step(Input::Revoke);
            self.carry_out(&effects);
        }
    }

    /// Notes that what would be noted of the session has changed: its tools, policies or subscriptions.
    pub fn changed(&self) {
        if let Some(resumption) = self.resumption()
            && !resumption.tokens().is_empty()
            && resumption.phase() != Phase::Ended
        {
            drop(self.save(resumption));
        }
    }

    /// Says what becomes of the session now that this connection, which it is or was on, has ended.
    pub fn part(self: &Arc<Self>, channel: &Arc<WsChannel>, farewell: Farewell) -> Parted {
        let Some(resumption) = self.resumption() else {
            return Parted::Ended;
        };
        channel.part();
        let _changing = resumption.change.lock();
        let link = LinkId::of(channel);
        let input = match farewell {
            Farewell::Goodbye => Input::Goodbye(link),
            Farewell::Stopped if resumption.phase() == Phase::Attached(link) => Input::Stopped,
            Farewell::Lost | Farewell::Stopped => Input::Lost(link),
        };
        let effects = resumption.step(input);
        // Noted before others are told that it waits, who may have it go.
        drop(self.carry_out(&effects));
        let parted = effects.iter().find_map(|effect| match effect {
            Effect::Leave => Some(Parted::Left),
            Effect::Keep(number) => Some(Parted::Kept(self.begin_vigil(resumption, *number))),
            _ => None,
        });
        parted.unwrap_or(Parted::Ended)
    }

    fn begin_vigil(self: &Arc<Self>, resumption: &Resumption, number: u32) -> Vigil {
        self.link().detach();
        resumption.replies.detach();
        if let Some(voice) = self.voice_if_any() {
            voice.owner(false);
        }
        let over = CancellationToken::new();
        let (grace, most) = {
            let inner = resumption.inner.lock();
            (inner.grace, inner.limits.detached)
        };
        let place = self.ledger.detach(Arc::downgrade(self), most);
        // It may have been resumed meanwhile, or be the one that made room.
        let waits = {
            let mut inner = resumption.inner.lock();
            let waits = inner.machine.phase() == Phase::Detached(number);
            if waits {
                let over = over.clone();
                inner.vigil = Some(Waiting { place, over });
            }
            waits
        };
        if !waits {
            over.cancel();
            self.ledger.reattach(place);
        }
        tracing::info!(session = %self.id(), grace = ?grace, "a session waits for its client");
        Vigil {
            number,
            grace,
            over,
        }
    }

    /// The grace of this vigil is over.
    pub fn expire(&self, vigil: &Vigil) {
        let Some(resumption) = self.resumption() else {
            return;
        };
        let effects = resumption.step(Input::Expired(vigil.number));
        if effects.contains(&Effect::End) {
            self.ledger.counts.expired.one();
            tracing::info!(session = %self.id(), "the client of a session did not come back");
        }
        self.carry_out(&effects);
    }

    /// The daemon stops while the session waits.
    pub fn stop_waiting(&self) {
        if let Some(resumption) = self.resumption() {
            let effects = resumption.step(Input::Stopped);
            self.carry_out(&effects);
        }
    }

    fn evict(&self, most: usize) {
        let Some(resumption) = self.resumption() else {
            return;
        };
        let effects = resumption.step(Input::Evicted);
        if effects.contains(&Effect::End) {
            self.ledger.counts.evicted.one();
            tracing::warn!(session = %self.id(), most, "a session without a connection makes room for another");
        }
        self.carry_out(&effects);
    }

    /// Whether the session is over for the machine, and only has to be ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.resumption()
            .is_none_or(|resumption| resumption.phase() == Phase::Ended)
    }

    /// Does what the machine says, but for what its caller does. What is to be durable is when the answer is ready.
    fn carry_out(&self, effects: &[Effect<LinkId>]) -> Option<BoxFuture<'static, ()>> {
        let resumption = self.resumption()?;
        let mut durable = None;
        for effect in effects {
            match effect {
                Effect::Store => durable = self.save(resumption),
                Effect::Forget => self.ledger.forget(self.id()),
                Effect::End | Effect::Attach(_) => {
                    if let Some(place) = resumption.end_vigil() {
                        self.ledger.reattach(place);
                    }
                }
                Effect::Fence(_) | Effect::Keep(_) | Effect::Refuse(_) | Effect::Leave => {}
            }
        }
        durable
    }

    fn save(&self, resumption: &Resumption) -> Option<BoxFuture<'static, ()>> {
        let (tokens, grace, until, revived) = {
            let mut inner = resumption.inner.lock();
            let inner = &mut *inner;
            if matches!(inner.machine.phase(), Phase::Attached(_)) {
                inner.until = None;
            } else {
                // However often it is noted, and whatever ends it: its grace began when the connection was lost.
                let until = || self.ledger.until(inner.grace);
                inner.until.get_or_insert_with(until);
            }
            let revived = inner.revived.clone();
            (inner.machine.tokens(), inner.grace, inner.until, revived)
        };
        let (streams, patterns) = match revived {
            // They begin again when the client is told.
            Some(note) => (note.streams.clone(), note.patterns.clone()),
            None => note::subscribed(self),
        };
        let policies = self.policies().list(None).unwrap_or_default();
        let identity = resumption.identity();
        self.ledger.save(Note {
            id: self.id().clone(),
            principal: identity.principal,
            role: identity.role,
            tokens,
            grace,
            until,
            tools: self.tools().list(),
            // A rule of the embedding program cannot be noted.
            policies: policies
                .into_iter()
                .filter(|policy| policy.rule != "custom")
                .collect(),
            streams,
            patterns,
        })
    }

    /// Another session takes the place of this one on the connection.
    fn make_way(&self, channel: &Arc<WsChannel>, successor: &Arc<Self>) {
        if let Some(resumption) = self.resumption() {
            let effects = resumption.step(Input::Goodbye(LinkId::of(channel)));
            drop(self.carry_out(&effects));
        }
        self.succeed(successor);
    }

    /// Ends what is kept for a resume.
    pub(super) fn end_resumption(&self) {
        if let Some(resumption) = self.resumption() {
            let _ = resumption.step(Input::Abandoned);
            resumption.replies.end();
            if let Some(place) = resumption.end_vigil() {
                self.ledger.reattach(place);
            }
        }
    }
}
