//! One connection from its first frame to its last: who is admitted, what is answered, and when it is over.

mod admission;
mod audio;
mod clock;
pub(crate) mod gate;
mod judge;
mod keep;
mod keyed;
mod linger;
mod usual;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::Poll;

use car_protocol::RpcError;
use car_protocol::jsonrpc::{Id, Incoming, decode, encode_error};
use car_protocol::rpc::session::{Closing, ClosingParams};
use car_state::channel::WsChannel;
use car_state::frame::{CloseReason, Frame, close};
use car_state::identity::Role;
use car_state::quota::Account;
use car_state::responder::{Batch, Responder};
use car_state::session::resume::{Farewell, Parted};
use car_state::session::{CallDriver, ClientSession};
use car_state::traffic::MethodIndex;
use car_state::writer::{Writer, WriterError};
use car_transport::Duplex;
use car_transport::source::{BoxSource, SourceError, drain};
use tokio::task::coop::unconstrained;
use tracing::debug;

use self::admission::Decoded;
use self::clock::{LifeClock, Pulse};
pub(crate) use self::gate::ABOUT_THE_CALL;
use self::keep::{Occupant, keep};
use self::linger::Linger;
use self::usual::AtOnce;
use crate::core::Core;
use crate::cx::Cx;
use crate::life::{Connected, Ending};

/// Serves a connection until it is over, and ends its session.
pub(crate) async fn serve(core: Arc<Core>, duplex: Duplex) {
    let Duplex {
        sink,
        mut source,
        peer,
        ..
    } = duplex;
    let limits = &core.limits;
    let log = Arc::clone(core.state.log());
    let traffic = Arc::clone(core.state.traffic());
    let budget = core.state.budget();
    let (channel, writer) = Writer::counted(
        sink,
        limits.outbox,
        limits.write_deadline,
        log,
        traffic,
        budget,
    );
    let session = core.state.open_session(core.auth.is_enabled());
    session.attach(&channel);
    let account = Arc::clone(
        core.state
            .quotas()
            .account(&session.identity().get().principal),
    );
    let seated = account.seat(&session);
    let connected = core.life.connect(&session, peer.clone());
    debug!(session = %session.id(), %peer, "connected");

    let mut driver = session.call_driver();
    let mut reader = Reader::new(
        Arc::clone(&core),
        session,
        Arc::clone(&channel),
        connected,
        account,
    );
    let (parted, written) = {
        let served = async {
            let reason = {
                let mut reading = pin!(async {
                    match seated {
                        Ok(()) => reader.read(&mut source).await,
                        Err(full) => {
                            let message = full.to_string();
                            Some(reader.closing("overloaded", close::TRY_AGAIN, &message))
                        }
                    }
                });
                let reading = channel.before_writer(driver.beside(reading.as_mut()));
                reading.await
            };
            let ending = reason.as_ref().map(|reason| Ending::of(reason.code));
            channel.close(reason);
            // Whoever gets the session now need not wait for the socket to take the rest.
            (reader.part(driver), ending)
        };
        let ((parted, ending), written) = tokio::join!(biased; served, writer.run());
        reader.connected.because(match written {
            Err(WriterError::Stuck(_)) => Ending::Stuck,
            Err(WriterError::Shed) => Ending::Shed,
            _ => ending.unwrap_or(Ending::Cut),
        });
        (parted, written)
    };
    let session = Arc::clone(reader.session());
    debug!(session = %session.id(), %peer, error = written.err().map(tracing::field::display), "disconnected");
    if let Some(mut driver) = parted {
        // Beside it to the end: a connection that had the session before may leave calls only now.
        driver.beside(pin!(session.end())).await;
    }
    drop(reader);
    drain(&mut source, limits.close_deadline).await;
}

/// The read loop of one connection.
struct Reader {
    core: Arc<Core>,
    channel: Arc<WsChannel>,
    cx: Cx,
    /// What its identity takes.
    account: Arc<Account>,
    authenticated: bool,
    /// Whether it is bound to an agent, whose manifest may take methods from it.
    is_agent: bool,
    /// Failed authentications that were made to wait.
    auth_failures: u32,
    /// Calls of this connection that wait for a person.
    parked: Arc<AtomicUsize>,
    connected: Connected,
    occupant: Occupant,
    /// Whether the client wants no more.
    goodbye: bool,
    /// Frames of this turn that gave the calls something to do.
    stirred: usize,
    /// Binary messages in a row that were not taken.
    refused_audio: u64,
}

/// Frames that are read before the writer has its turn. A task does only so much at a time, and a peer that talks
/// without end would leave nothing of that for what it is to be told.
const TURN: usize = 96;

/// Frames that begin or answer calls which are read before these calls, and then the writer, have their turn. They cost
/// more than plain requests do, and the peer is to have something to do meanwhile; but a write costs as much as several
/// calls, so that a few frames are not worth one.
const STIRRED: usize = 32;

/// What the read loop goes on with.
enum Event {
    Frame(Option<Result<Frame, SourceError>>),
    Due(Pulse),
    /// The daemon stops, and what the session had under way is over.
    Drained,
    /// The session goes on on another connection.
    Fenced,
    /// The writer has ended.
    Closed,
}

/// Whether to read on.
enum Flow {
    Continue,
    Close(CloseReason),
}

impl Reader {
    fn new(
        core: Arc<Core>,
        session: Arc<ClientSession>,
        channel: Arc<WsChannel>,
        connected: Connected,
        account: Arc<Account>,
    ) -> Self {
        let authenticated = session.identity().is_authenticated();
        let is_agent = session.identity().role() == Role::Agent;
        Self {
            core,
            channel,
            occupant: Occupant::new(&session),
            cx: Cx::new(session),
            account,
            authenticated,
            is_agent,
            auth_failures: 0,
            parked: Arc::default(),
            connected,
            goodbye: false,
            stirred: 0,
            refused_audio: 0,
        }
    }

    fn session(&self) -> &Arc<ClientSession> {
        self.cx.session()
    }

    /// Goes on with the session that took the place of this connection's.
    fn change(&mut self, session: Arc<ClientSession>) {
        self.connected.serves(&session);
        self.occupant.change(&session);
        self.cx = Cx::new(session);
        self.recognise();
    }

    /// Looks at whom the session speaks for: once where that may have changed, and not for every frame.
    fn recognise(&mut self) {
        let identity = self.session().identity();
        let (authenticated, who) = (identity.is_authenticated(), identity.get());
        self.authenticated = authenticated;
        self.is_agent = who.role == Role::Agent;
        self.account = Arc::clone(self.core.state.quotas().account(&who.principal));
    }

    /// Parts the session from this connection, which reads no more. Gives back who drives its calls where it is to be
    /// ended; otherwise they are driven on.
    fn part(&mut self, driver: CallDriver) -> Option<CallDriver> {
        let session = Arc::clone(self.session());
        let farewell = if self.goodbye {
            Farewell::Goodbye
        } else if self.core.life.is_stopping() {
            Farewell::Stopped
        } else {
            Farewell::Lost
        };
        match session.part(&self.channel, farewell) {
            Parted::Ended => return Some(driver),
            Parted::Left => driver.leave(),
            Parted::Kept(vigil) => {
                let core = Arc::clone(&self.core);
                let kept = keep(core, session, driver, vigil);
                self.core.life.tasks().spawn(kept);
            }
        }
        self.occupant.leave();
        None
    }

    /// Reads until the connection is over; answers what to tell the peer.
    async fn read(&mut self, source: &mut BoxSource) -> Option<CloseReason> {
        let first = if self.authenticated {
            self.core.limits.message_bytes
        } else {
            self.core.limits.pre_auth_message_bytes
        };
        source.as_mut().set_max_message(first);
        let channel = Arc::clone(&self.channel);
        let mut closed = pin!(channel.closed().cancelled());
        let core = Arc::clone(&self.core);
        let session = Arc::clone(self.session());
        let mut drained = pin!(unconstrained(core.drained(session)));
        let mut clock = pin!(LifeClock::new(&self.core.limits, !self.authenticated));
        let mut taken = 0;
        let mut linger = Linger::new(self.core.limits.linger_looks);
        loop {
            // Not `select!`, which looks at nothing once the task has had its turn: a peer whose next frame is always
            // there takes the whole of every turn, and would put all deadlines off.
            let event = poll_fn(|cx| {
                let full = taken == TURN || self.stirred >= STIRRED;
                if !full && let Poll::Ready(frame) = source.as_mut().poll_next(cx) {
                    taken += 1;
                    linger.heard();
                    return Poll::Ready(Event::Frame(frame));
                }
                (taken, self.stirred) = (0, 0);
                if full {
                    cx.waker().wake_by_ref();
                } else if linger.looks_again(cx) {
                    return Poll::Pending;
                }
                if let Poll::Ready(pulse) = clock.as_mut().poll_pulse(cx) {
                    return Poll::Ready(Event::Due(pulse));
                }
                if drained.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Event::Drained);
                }
                if channel.is_fenced() {
                    return Poll::Ready(Event::Fenced);
                }
                closed.as_mut().poll(cx).map(|()| Event::Closed)
            });
            match event.await {
                Event::Frame(None) | Event::Closed => return None,
                Event::Frame(Some(Err(error))) => return error.close_reason(),
                Event::Frame(Some(Ok(frame))) => {
                    clock.as_mut().heard();
                    let was_authenticated = self.authenticated;
                    let flow = match frame {
                        Frame::Text(text) => match self.serve_at_once(decode(&text), text.len()) {
                            // Who is served in this way neither becomes somebody else nor ends.
                            AtOnce::Served => continue,
                            AtOnce::Stirred => {
                                self.stirred += 1;
                                continue;
                            }
                            // Boxed, so that an idle connection does not keep the room of it.
                            AtOnce::Not(decoded) => {
                                self.stirred += 1;
                                Box::pin(self.decoded(decoded, text.len())).await
                            }
                        },
                        Frame::Ping(payload) => self.pinged(payload),
                        Frame::Pong(payload) => self.ponged(&payload),
                        Frame::Binary(message) => self.audio(&message),
                        Frame::Close(reason) => self.left(reason),
                    };
                    if let Flow::Close(reason) = flow {
                        return Some(reason);
                    }
                    if let Some(session) = self.session().take_successor() {
                        self.change(Arc::clone(&session));
                        drained.set(unconstrained(core.drained(session)));
                    }
                    if self.authenticated && !was_authenticated {
                        clock.as_mut().authenticated();
                        source
                            .as_mut()
                            .set_max_message(self.core.limits.message_bytes);
                    }
                }
                Event::Due(Pulse::Ping) => {
                    // A full outbox is full of frames that will tell as much.
                    let _ = self.channel.send(Frame::Ping(self.ping_payload()));
                }
                // A client that runs a tool may be unable to answer pings meanwhile; its callback has a deadline.
                Event::Due(Pulse::Silent) if !self.session().callbacks().is_empty() => {}
                Event::Due(Pulse::Silent) => {
                    return Some(CloseReason::new(close::POLICY, "the peer is silent"));
                }
                Event::Due(Pulse::Unauthenticated) => {
                    return Some(self.closing(
                        "auth_timeout",
                        close::POLICY,
                        "authenticate sooner",
                    ));
                }
                Event::Fenced => {
                    return Some(self.closing("fenced", close::POLICY, self.why_fenced()));
                }
                Event::Drained => {
                    return Some(self.closing(
                        "shutting_down",
                        close::GOING_AWAY,
                        "the daemon shuts down",
                    ));
                }
            }
        }
    }

    /// Why nothing that comes on this connection counts any more.
    fn why_fenced(&self) -> &'static str {
        let session = self.session();
        let agent = session.identity().get().agent().cloned();
        let seats = self.core.state.seats();
        match agent {
            Some(agent) if !seats.is_taken_by(agent.as_str(), session.id()) => {
                "another session speaks for this agent now"
            }
            _ => "the session goes on on another connection",
        }
    }

    /// What a pong is to bring back: how far the replies have arrived, where somebody wants to know.
    fn ping_payload(&self) -> bytes::Bytes {
        let mark = self.channel.replies().map(|replies| replies.mark());
        mark.map_or_else(bytes::Bytes::new, |mark| {
            bytes::Bytes::copy_from_slice(&mark)
        })
    }

    /// Tells the client why the connection is about to close.
    fn closing(&self, reason: &str, code: u16, message: &str) -> CloseReason {
        let params = ClosingParams {
            reason: reason.to_owned(),
            message: message.to_owned(),
        };
        // Best effort: the close frame says the same.
        let _ = self.channel.notify::<Closing>(&params);
        CloseReason::new(code, message)
    }

    fn pinged(&self, payload: bytes::Bytes) -> Flow {
        let _ = self.channel.send(Frame::Pong(payload));
        Flow::Continue
    }

    fn ponged(&self, payload: &bytes::Bytes) -> Flow {
        if let Some(replies) = self.channel.replies() {
            replies.delivered(payload);
        }
        Flow::Continue
    }

    /// The client closes the connection.
    fn left(&mut self, reason: Option<CloseReason>) -> Flow {
        // Answered with the same code, as RFC 6455, section 5.5.1, recommends.
        let code = reason.map_or(close::NORMAL, |reason| reason.code);
        // A page that is left (1001) may be opened again.
        self.goodbye = code == close::NORMAL;
        Flow::Close(CloseReason::new(code, ""))
    }

    async fn decoded(&mut self, decoded: Decoded<'_>, bytes: usize) -> Flow {
        match decoded {
            Ok(Incoming::Single(message)) => self.message(message, bytes, None).await,
            Ok(Incoming::Batch(messages)) => {
                let batch = Batch::open(&self.channel);
                let share = bytes / messages.len().max(1);
                let mut flow = Flow::Continue;
                for message in messages {
                    flow = self.message(message, share, Some(&batch)).await;
                    if matches!(flow, Flow::Close(_)) {
                        break;
                    }
                }
                batch.seal();
                flow
            }
            Err(error) => {
                self.refuse(Id::NULL, MethodIndex::UNKNOWN, &error, None)
                    .await;
                Flow::Continue
            }
        }
    }

    /// Answers a request that is not taken on; waits while the peer does not read its answers.
    async fn refuse(
        &self,
        id: Id,
        method: MethodIndex,
        error: &RpcError,
        batch: Option<&Arc<Batch>>,
    ) {
        match (self.admit(id.clone(), batch).await, batch) {
            (Ok(responder), _) => responder.of(method).error(error),
            (Err(_), Some(batch)) => Responder::batched(id, batch, None).of(method).error(error),
            (Err(_), None) => {
                self.core.state.traffic().refused(method, error);
                self.channel.refuse(encode_error(&id, error));
            }
        }
    }
}
