//! The option table. A line here is the flag, the variable, the key of `car.toml`, the field of [`Config`] and the
//! section of `docs/configuration.md`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use car_state::approval::ApprovalGate;
use car_state::chat::ChatLimits;
use car_state::engine::EngineLimits;
use car_state::outcomes::OutcomeLimits;
use car_state::providers::PROVIDER_TIMEOUT;
use car_state::quota::{Class, IdentityLimits};
use car_state::results::ResultLimits;
use car_state::voice::VoiceLimits;
use car_transport::Limits;
use car_transport::tcp::DEFAULT_PORT;

use super::table::options;
use super::value::{
    AllowedHost, AllowedOrigin, ByteSize, Count, Deadline, LogFilter, LogFormat, MethodName,
    PerClass, Policy, Rate, Recogniser, RouteWord,
};

/// The default of one limit.
fn limit<T>(pick: impl FnOnce(&Limits) -> T) -> T {
    pick(&Limits::default())
}

/// What an identity may take by default.
fn identity() -> IdentityLimits {
    IdentityLimits::default()
}

/// What is taken on of chats by default.
fn chat() -> ChatLimits {
    ChatLimits::default()
}

options! {
    /// The root: the folder that holds `car.toml`, the host token, the lock and what the daemon remembers.
    ///
    /// It is created with mode 0700. One daemon runs on a root; a second one is refused.
    home: PathBuf {
        flag: "home" DIR,
        variable: "CAR_HOME",
        default: |places| places.home().to_owned(), "`~/.car`",
    }

    /// The TCP port. With 0 the system picks a free one, which is printed.
    port: u16 {
        flag: "port" PORT,
        variable: "CAR_PORT",
        key: "port",
        default: |_places| DEFAULT_PORT,
    }

    /// The address to listen on.
    ///
    /// Only the command line can set it, so that no forgotten file opens the daemon to the network. An address
    /// that other machines reach is refused together with `--no-auth`, and wants `--allow-host` with the names
    /// that clients use.
    bind: IpAddr {
        flag: "bind" ADDRESS,
        default: |_places| IpAddr::V4(Ipv4Addr::LOCALHOST),
    }

    /// The Unix socket. Its folder is created with mode 0700.
    socket: PathBuf {
        flag: "socket" PATH,
        variable: "CAR_SOCKET",
        key: "socket",
        default: |places| places.socket(), "`$XDG_RUNTIME_DIR/ai.parslee.car/car-server.sock` on the default root, else `run/car-server.sock` below the root",
    }

    /// Listens on TCP only.
    no_socket: bool {
        flag: "no-socket",
        variable: "CAR_NO_SOCKET",
        key: "no_socket",
        default: |_places| false,
    }

    /// Lets everybody in who reaches the port or the socket. Tokens are still taken, but not asked for.
    no_auth: bool {
        flag: "no-auth",
        variable: "CAR_NO_AUTH",
        key: "no_auth",
        default: |_places| false,
    }

    /// The file for the client token.
    ///
    /// The published Python clients find the token only at the default place.
    token_file: PathBuf {
        flag: "token-file" PATH,
        variable: "CAR_TOKEN_FILE",
        key: "token_file",
        default: |places| places.client_token(), "on the default root `$XDG_RUNTIME_DIR/ai.parslee.car/auth-token`, or `~/.config/ai.parslee.car/auth-token` without a runtime folder (macOS: `~/Library/Application Support/ai.parslee.car/auth-token`, Windows: `%LOCALAPPDATA%\\ai.parslee.car\\auth-token`), else `auth-token` below the root",
    }

    /// Asks nobody: methods that a person must approve run at once.
    no_approvals: bool {
        flag: "no-approvals",
        variable: "CAR_NO_APPROVALS",
        key: "no_approvals",
        default: |_places| false,
    }

    /// Methods that a person must approve, beside those that the protocol marks so. May be given several times.
    gate: Vec<MethodName> {
        flag: "gate" METHOD,
        variable: "CAR_GATE",
        key: "gate",
        default: |_places| Vec::new(),
    }

    /// Tools that a person must approve: every call of one by a proposal waits. May be given several times.
    gate_tools: Vec<String> {
        flag: "gate-tool" NAME,
        variable: "CAR_GATE_TOOLS",
        key: "gate_tools",
        default: |_places| Vec::new(),
    }

    /// How long a person has to decide, from when somebody who can was reached. Then the call is refused.
    gate_timeout: Duration {
        flag: "gate-timeout" TIME,
        variable: "CAR_GATE_TIMEOUT",
        key: "gate_timeout",
        default: |_places| ApprovalGate::DEFAULT_TIMEOUT,
    }

    /// How long a call waits until somebody who can decide is connected. Then the other routes to a person are tried, and
    /// where none is left the call is refused.
    gate_reach: Duration {
        flag: "gate-reach" TIME,
        variable: "CAR_GATE_REACH",
        key: "gate_reach",
        default: |_places| ApprovalGate::DEFAULT_REACH,
    }

    /// How a person hears of a question when no host is connected, one way after the other: `desktop`, a notification on the desktop of the machine, and `command`, the command of `approvals.command`.
    approvals_routes: Vec<RouteWord> { key: "approvals.routes", default: |_places| RouteWord::all() }

    /// A command with its arguments that tells a person of a question when no host is connected. It is started without a shell and gets the approval as JSON on its standard input, secrets masked; a status of 0 says that somebody was told.
    approvals_command: Vec<String> { key: "approvals.command", default: |_places| Vec::new() }

    /// How long that command has. Then it is killed with all that it started.
    approvals_command_timeout: Deadline { key: "approvals.command_timeout", default: |_places| Deadline(Duration::from_secs(10)) }

    /// How long a host that provides a method has to answer a call of it.
    provider_timeout: Deadline { key: "provider_timeout", default: |_places| Deadline(PROVIDER_TIMEOUT) }

    /// Policies that bind every session of the daemon, one table each: `[[policies]]` with the members that
    /// `policy.register` takes. Nobody can change them while the daemon runs; hosts may add others.
    policies: Vec<Policy> { key: "policies", default: |_places| Vec::new() }

    /// The longest result of an action that an answer carries, as JSON. A longer one is stored, and a handle stands for it.
    results_inline_bytes: ByteSize { key: "results.inline_bytes", default: |_places| ByteSize(EngineLimits::default().result_bytes) }

    /// Bytes of all stored results. When there are more, the oldest go.
    results_total_bytes: ByteSize {
        key: "results.total_bytes",
        default: |_places| ByteSize(usize::try_from(ResultLimits::default().bytes).unwrap_or(usize::MAX)),
    }

    /// Bytes of the stored results of one session. When there are more, its oldest go.
    results_session_bytes: ByteSize {
        key: "results.session_bytes",
        default: |_places| ByteSize(usize::try_from(ResultLimits::default().session_bytes).unwrap_or(usize::MAX)),
    }

    /// How many results are stored. When there are more, the oldest go.
    results_entries: Count { key: "results.entries", default: |_places| Count(ResultLimits::default().entries) }

    /// How long a stored result is kept at most. None outlives the daemon.
    results_keep: Deadline { key: "results.keep", default: |_places| Deadline(ResultLimits::default().keep) }

    /// Programs that turn speech into text, one table each: `[[voice.providers]]` with a `name`, which clients ask for, and a `command`, which begins with an absolute path. The first is the usual one. Each stream of audio has a process of its own, without a shell and without the daemon's environment; it reads 16-bit PCM, 16 kHz mono, from its standard input and writes lines of JSON.
    voice_providers: Vec<Recogniser> { key: "voice.providers", default: |_places| Vec::new() }

    /// Agents that answer turns of voice: the one that answers at once, and one that takes its time, where there is a second. A turn that names agents has those.
    voice_agents: Vec<String> { key: "voice.agents", default: |_places| Vec::new() }

    /// Streams of audio of one session at once.
    voice_streams: Count { key: "voice.streams", default: |_places| Count(VoiceLimits::default().session) }

    /// Streams of audio of all sessions at once.
    voice_total: Count { key: "voice.total", default: |_places| Count(VoiceLimits::default().total) }

    /// How long a stream of audio may last.
    voice_longest: Deadline { key: "voice.longest", default: |_places| Deadline(VoiceLimits::default().longest) }

    /// How long the session of a stream of audio may be without a connection before the stream ends.
    voice_grace: Deadline { key: "voice.grace", default: |_places| Deadline(VoiceLimits::default().grace) }

    /// How long calls that are under way may take to end when the daemon is asked to stop.
    drain_time: Duration {
        flag: "drain-time" TIME,
        variable: "CAR_DRAIN_TIME",
        key: "drain_time",
        default: |_places| limit(|limits| limits.drain),
    }

    /// How long tools that were told to stop may take to answer before their proposal ends without them.
    cancel_grace: Duration {
        flag: "cancel-grace" TIME,
        variable: "CAR_CANCEL_GRACE",
        key: "cancel_grace",
        default: |_places| EngineLimits::default().cancel_grace,
    }

    /// Web pages that may connect, by origin. Without this none may; programs, which send no origin, always may.
    allowed_origins: Vec<AllowedOrigin> {
        flag: "allow-origin" ORIGIN,
        variable: "CAR_ALLOWED_ORIGINS",
        key: "allowed_origins",
        default: |_places| Vec::new(),
    }

    /// Answers `GET /metrics` without a token to whoever reaches the port or the socket. Without this it wants the client or the host token, where authentication is on.
    metrics_open: bool {
        flag: "metrics-open",
        variable: "CAR_METRICS_OPEN",
        key: "metrics_open",
        default: |_places| false,
    }

    /// Names under which clients may reach the daemon, beside `localhost`, loopback addresses and `--bind`.
    allowed_hosts: Vec<AllowedHost> {
        flag: "allow-host" NAME,
        variable: "CAR_ALLOWED_HOSTS",
        key: "allowed_hosts",
        default: |_places| Vec::new(),
    }

    /// What is logged.
    log: LogFilter {
        flag: "log" FILTER,
        variable: "CAR_LOG",
        key: "log",
        default: |_places| LogFilter::level("info"),
    }

    /// The form of the log. `auto` is `pretty` on a terminal and `json` otherwise.
    log_format: LogFormat {
        flag: "log-format" FORMAT,
        variable: "CAR_LOG_FORMAT",
        key: "log_format",
        default: |_places| LogFormat::Auto,
    }

    /// Connections at once, over TCP and the socket. Further clients wait until one ends.
    limits_connections: Count { key: "limits.connections", default: |_places| Count(limit(|limits| limits.connections)) }

    /// The longest message of an authenticated connection. A longer one closes it with 1009.
    limits_message_bytes: ByteSize { key: "limits.message_bytes", default: |_places| ByteSize(limit(|limits| limits.message_bytes)) }

    /// The longest message before authentication. A longer one closes the connection with 1009.
    limits_pre_auth_message_bytes: ByteSize {
        key: "limits.pre_auth_message_bytes",
        default: |_places| ByteSize(limit(|limits| limits.pre_auth_message_bytes)),
    }

    /// Requests of one connection that are under way or whose answer is not written yet. When there are as many, nothing further is read.
    limits_outbox_requests: Count { key: "limits.outbox.requests", default: |_places| Count(limit(|limits| limits.outbox.requests)) }

    /// Bytes of the requests of one connection that are under way. When there are as many, nothing further is read.
    limits_outbox_request_bytes: ByteSize {
        key: "limits.outbox.request_bytes",
        default: |_places| ByteSize(limit(|limits| limits.outbox.request_bytes)),
    }

    /// Callbacks and notifications of one connection that are not written yet. Further notifications are kept in the log, and the client is told what it missed.
    limits_outbox_frames: Count { key: "limits.outbox.frames", default: |_places| Count(limit(|limits| limits.outbox.frames)) }

    /// Bytes of one connection that are not written yet. Beyond them nothing further is read or taken.
    limits_outbox_bytes: ByteSize { key: "limits.outbox.bytes", default: |_places| ByteSize(limit(|limits| limits.outbox.bytes)) }

    /// Bytes of events that are written before answers are looked at again.
    limits_outbox_turn_bytes: ByteSize {
        key: "limits.outbox.turn_bytes",
        default: |_places| ByteSize(limit(|limits| limits.outbox.turn_bytes)),
    }

    /// Subscriptions of one connection: names and patterns of streams.
    limits_outbox_subscriptions: Count {
        key: "limits.outbox.subscriptions",
        default: |_places| Count(limit(|limits| limits.outbox.subscriptions)),
    }

    /// The longest time that a session whose client asked for `resume` stays without a connection, and the usual one.
    limits_session_grace: Deadline { key: "limits.session.grace", default: |_places| Deadline(limit(|limits| limits.session.grace)) }

    /// Sessions without a connection. Beyond it the one that has waited longest ends.
    limits_session_detached: Count { key: "limits.session.detached", default: |_places| Count(limit(|limits| limits.session.detached)) }

    /// Replies that are kept of each session whose client asked for `resume`, until they are known to have arrived. Beyond it the oldest is dropped.
    limits_session_replies: Count { key: "limits.session.replies", default: |_places| Count(limit(|limits| limits.session.replies)) }

    /// Bytes of those replies.
    limits_session_reply_bytes: ByteSize {
        key: "limits.session.reply_bytes",
        default: |_places| ByteSize(limit(|limits| limits.session.reply_bytes)),
    }

    /// Streams that are fed to one connection because its patterns cover them. Further ones wait until one of those has ended, and the client is told.
    limits_outbox_covered: Count { key: "limits.outbox.covered", default: |_places| Count(limit(|limits| limits.outbox.covered)) }

    /// What waits for all connections and what all streams hold in memory, together. When it is more, whoever holds most pays first: events go back to the log, streams let go of what the disk has or drop their oldest events, and a connection that holds most of all is closed with 1013.
    limits_memory_budget_bytes: ByteSize {
        key: "limits.memory_budget_bytes",
        default: |_places| ByteSize(limit(|limits| limits.memory_budget_bytes)),
    }

    /// Calls of one connection that wait for a person. Further ones are answered `overloaded`.
    limits_parked_approvals: Count { key: "limits.parked_approvals", default: |_places| Count(limit(|limits| limits.parked_approvals)) }

    /// How long a client may take for the head of an HTTP request.
    limits_header_timeout: Deadline { key: "limits.header_timeout", default: |_places| Deadline(limit(|limits| limits.header_timeout)) }

    /// How long the head of an HTTP request may be.
    limits_header_bytes: ByteSize { key: "limits.header_bytes", default: |_places| ByteSize(limit(|limits| limits.header_bytes)) }

    /// How long a connection may take to authenticate.
    limits_auth_deadline: Deadline { key: "limits.auth_deadline", default: |_places| Deadline(limit(|limits| limits.auth_deadline)) }

    /// How long nothing more is read from a connection whose authentication failed.
    limits_auth_failure_delay: Duration { key: "limits.auth_failure_delay", default: |_places| limit(|limits| limits.auth_failure_delay) }

    /// Failed authentications of one connection; the last of them closes it.
    limits_auth_failures: Count { key: "limits.auth_failures", default: |_places| Count(limit(|limits| limits.auth_failures) as usize) }

    /// The time between two pings to a client.
    limits_ping_interval: Deadline { key: "limits.ping_interval", default: |_places| Deadline(limit(|limits| limits.ping_interval)) }

    /// How long nothing may come from a client before it counts as gone. Time in which this machine was suspended does not count.
    limits_silence: Deadline { key: "limits.silence", default: |_places| Deadline(limit(|limits| limits.silence)) }

    /// How long a client may take to read what is written to it before it counts as stuck.
    limits_write_deadline: Deadline { key: "limits.write_deadline", default: |_places| Deadline(limit(|limits| limits.write_deadline)) }

    /// How long a client may take to answer that its connection closes.
    limits_close_deadline: Deadline { key: "limits.close_deadline", default: |_places| Deadline(limit(|limits| limits.close_deadline)) }

    /// The memory that each connection keeps for reading.
    limits_read_buffer_bytes: ByteSize {
        key: "limits.read_buffer_bytes",
        default: |_places| ByteSize(limit(|limits| limits.read_buffer_bytes)),
    }

    /// How much is collected for a connection before it is written without waiting for more.
    limits_write_threshold_bytes: ByteSize {
        key: "limits.write_threshold_bytes",
        default: |_places| ByteSize(limit(|limits| limits.write_threshold_bytes)),
    }

    /// How often a connection that was just busy looks for the next frame before its thread may sleep.
    limits_linger_looks: Count { key: "limits.linger_looks", default: |_places| Count(limit(|limits| limits.linger_looks) as usize) }

    /// How long an agent may take to take a prompt.
    chat_ack: Deadline { key: "chat.ack", default: |_places| Deadline(chat().ack) }

    /// How long an agent may be silent in a turn, at most and usually. While a person is asked it may be silent for longer.
    chat_idle: Deadline { key: "chat.idle", default: |_places| Deadline(chat().idle) }

    /// How long a turn of a chat may take in all, at most and usually. Waiting for others of its chat is a part of it.
    chat_total: Deadline { key: "chat.total", default: |_places| Deadline(chat().total) }

    /// Chats that are remembered. Beyond it the one that nothing has happened in for longest is forgotten; what was said in it is kept. Where something happens in all of them, a further one is answered `overloaded`.
    chat_chats: Count { key: "chat.chats", default: |_places| Count(chat().chats) }

    /// Turns of one chat that wait for others. Further ones are answered `overloaded`.
    chat_waiting: Count { key: "chat.waiting", default: |_places| Count(chat().waiting) }

    /// Bytes that are kept of what an agent says in one turn. All of it is passed on.
    chat_text_bytes: ByteSize { key: "chat.text_bytes", default: |_places| ByteSize(chat().text_bytes) }

    /// Turns that are kept of one chat. When there are more, the oldest go.
    chat_turns_of_chat: Count { key: "chat.turns_of_chat", default: |_places| Count(chat().kept_of_chat) }

    /// Turns that are kept of all chats. When there are more, the oldest go.
    chat_turns: Count { key: "chat.turns", default: |_places| Count(chat().kept) }

    /// How long a turn is kept.
    chat_age: Deadline { key: "chat.age", default: |_places| Deadline(chat().age) }

    /// Connections of one identity at once. Further ones are answered `overloaded` when they authenticate, and closed with 1013 where nobody does.
    ///
    /// An identity is a credential: all who present the client token are one, and all who present none.
    identity_connections: PerClass<Count> { key: "identity.connections", default: |_places| PerClass::all(Count(identity().connections)) }

    /// Sessions of one identity at once, those included whose connection is lost.
    identity_sessions: PerClass<Count> { key: "identity.sessions", default: |_places| PerClass::all(Count(identity().sessions)) }

    /// Calls of one identity that wait for tools or people, or have an idempotency key. Further ones are answered `overloaded`.
    identity_calls: PerClass<Count> { key: "identity.calls", default: |_places| PerClass::all(Count(identity().calls)) }

    /// Streams that are fed to the connections of one identity.
    identity_subscriptions: PerClass<Count> { key: "identity.subscriptions", default: |_places| PerClass::all(Count(identity().subscriptions)) }

    /// Questions to people that one identity may have pending, of the 1,000 that there are. Further ones are answered `overloaded`.
    ///
    /// By default clients and agents may have a quarter each, so that they cannot keep a host from asking.
    identity_approvals: PerClass<Count> {
        key: "identity.approvals",
        default: |_places| {
            let of = |class| Count(IdentityLimits::of(class).approvals);
            PerClass::all(of(Class::Client)).but(Class::Host, of(Class::Host)).but(Class::Anonymous, of(Class::Anonymous))
        },
    }

    /// Requests and notifications of one identity a second; so many may come at once. Further requests are answered `rate_limited`, further notifications dropped.
    identity_rate: PerClass<Rate> { key: "identity.rate", default: |_places| PerClass::all(Rate(identity().rate)) }

    /// Idempotency keys of one identity that are kept. The oldest that have ended go; where all are under way, a further one is answered `overloaded`.
    outcomes_keys: Count { key: "outcomes.keys", default: |_places| Count(OutcomeLimits::default().keys) }

    /// Bytes of the answers that are kept for the keys of one identity. The oldest go.
    outcomes_bytes: ByteSize { key: "outcomes.bytes", default: |_places| ByteSize(OutcomeLimits::default().bytes) }

    /// Bytes of one answer that is kept for a key. Of a longer one only how the call ended is known.
    outcomes_result_bytes: ByteSize { key: "outcomes.result_bytes", default: |_places| ByteSize(OutcomeLimits::default().result_bytes) }

    /// How long after its end a call with a key is known.
    outcomes_age: Deadline { key: "outcomes.age", default: |_places| Deadline(OutcomeLimits::default().age) }
}
