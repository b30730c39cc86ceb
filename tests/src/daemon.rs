//! A daemon in this process, with pinned ids and time.

use std::sync::Arc;
use std::time::Duration;

use car_memgine::Spaces;
use car_protocol::Timestamp;
use car_server::{Auth, Server, tokens::Tokens};
use car_state::approval::ApprovalGate;
use car_state::clock::{Clock, CountingIds, FixedClock};
use car_state::log::{CHAT, MemoryLog};
use car_state::server::{ServerState, ServerStateConfig};
use car_state::session::ClientSession;
use car_transport::memory::{self, Options};
use car_transport::{Duplex, Limits};

use crate::{TestClient, Transcript};

/// The wall time of every test, in milliseconds: 2026-01-02T03:04:05.678Z.
pub const NOW: i64 = 1_767_323_045_678;

/// A daemon and the conversation with it.
#[derive(Debug)]
pub struct TestDaemon {
    /// The daemon.
    pub server: Server,
    /// Its tokens, where authentication is on.
    pub tokens: Option<Arc<Tokens>>,
    transcript: Transcript,
}

/// How a test wants its daemon.
#[derive(Debug)]
pub struct Wanted {
    /// Whether authentication is on.
    pub auth: bool,
    /// Which calls need a person.
    pub gate: ApprovalGate,
    /// What the daemon takes on.
    pub limits: Limits,
    /// What else the state is made of.
    pub state: fn(ServerStateConfig) -> ServerStateConfig,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            auth: false,
            gate: ApprovalGate::disabled(),
            limits: Limits::default(),
            state: |config| config,
        }
    }
}

impl TestDaemon {
    /// A daemon without authentication and without a gate.
    #[must_use]
    pub fn start() -> Self {
        Self::with(Wanted::default())
    }

    /// A daemon that asks for tokens.
    #[must_use]
    pub fn guarded() -> Self {
        Self::with(Wanted {
            auth: true,
            ..Wanted::default()
        })
    }

    /// A daemon as wanted.
    #[must_use]
    pub fn with(wanted: Wanted) -> Self {
        Self::with_state(wanted, |config| config)
    }

    /// A daemon as wanted, with what else only this test has.
    #[must_use]
    pub fn with_state(
        wanted: Wanted,
        more: impl FnOnce(ServerStateConfig) -> ServerStateConfig,
    ) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(FixedClock(Timestamp::from_unix_millis(NOW)));
        let memories = Spaces::new(car_memgine::Limits::default(), Arc::clone(&clock));
        let config = ServerStateConfig::new("unused")
            .with_clock(clock)
            .with_memgines(Arc::new(memories))
            .with_ids(Arc::new(CountingIds::default()))
            .with_log(Arc::new(MemoryLog::with_epoch(1)))
            .with_approval_gate(wanted.gate);
        let config = more((wanted.state)(config));
        let state = ServerState::with_config(config).expect("the state has no tools to refuse");
        let transcript = Transcript::timed();
        // Ids are told from numbers by their quotes or their colon.
        transcript.hide(format!(r#""pid":{}"#, std::process::id()), r#""pid":<pid>"#);
        let version = car_server::VERSION;
        transcript.hide(format!(r#"ersion":"{version}""#), r#"ersion":"<version>""#);
        let tokens = wanted
            .auth
            .then(|| Arc::new(Tokens::generate(true).expect("the system has entropy")));
        let auth = tokens
            .as_ref()
            .map_or_else(Auth::disabled, |tokens| Auth::tokens(Arc::clone(tokens)));
        let server = Server::builder(state)
            .auth(auth)
            .limits(wanted.limits)
            .build()
            .expect("every method is routed");
        let daemon = Self {
            server,
            tokens,
            transcript,
        };
        if daemon.tokens.is_some() {
            daemon.transcript.hide(daemon.token(), "<client token>");
            daemon.transcript.hide(daemon.host_token(), "<host token>");
        }
        daemon
    }

    /// A client, by a name for the transcript.
    #[must_use]
    pub fn client(&self, name: &str) -> TestClient {
        self.on(name, self.server.connect())
    }

    /// A client whose connection takes so many frames in each direction before the writer has to wait.
    #[must_use]
    pub fn client_behind(&self, name: &str, frames: usize) -> TestClient {
        let (ours, theirs) = memory::pair(Options {
            frames,
            ..Options::default()
        });
        self.server.spawn_connection(ours);
        self.on(name, theirs)
    }

    /// A client that has authenticated with the client token.
    pub async fn authenticated(&self, name: &str) -> TestClient {
        let mut client = self.client(name);
        let params = serde_json::json!({ "token": self.token() });
        client.call("session.auth", params).await;
        client
    }

    /// A client that has authenticated with the host token.
    pub async fn host(&self, name: &str) -> TestClient {
        let mut client = self.client(name);
        let params = serde_json::json!({ "host_token": self.host_token() });
        client.call("session.auth", params).await;
        client
    }

    /// A client on this end of a connection.
    #[must_use]
    pub fn on(&self, name: &str, duplex: Duplex) -> TestClient {
        TestClient::new(name, duplex, self.transcript.clone()).patient()
    }

    /// The client token.
    #[must_use]
    pub fn token(&self) -> String {
        let tokens = self.tokens.as_ref().expect("authentication is on");
        tokens
            .client()
            .expect("authentication is on")
            .expose()
            .to_owned()
    }

    /// The host token.
    #[must_use]
    pub fn host_token(&self) -> String {
        self.tokens
            .as_ref()
            .expect("authentication is on")
            .host()
            .expose()
            .to_owned()
    }

    /// What was said so far; secrets are replaced by their names.
    #[must_use]
    pub fn transcript(&self) -> String {
        self.transcript.to_string()
    }

    /// Shows a text by another name in the transcript.
    pub fn hide(&self, text: &str, name: &'static str) {
        self.transcript.hide(text, name);
    }

    /// Adds a remark to the transcript.
    pub fn remark(&self, text: &str) {
        self.transcript.remark(text);
    }

    /// The one session that there is.
    #[must_use]
    pub fn only_session(&self) -> Arc<ClientSession> {
        let mut sessions = self.server.state().sessions().all();
        assert_eq!(sessions.len(), 1, "one client is connected");
        sessions.remove(0)
    }

    /// Requests of the one session that are under way or whose answer is not written.
    #[must_use]
    pub fn requests(&self) -> usize {
        let session = self.only_session();
        session
            .link()
            .channel()
            .map_or(0, |channel| channel.requests())
    }

    /// Waits until every connection is over, and asserts that nothing is left of them.
    pub async fn assert_empty(&self) {
        let state = self.server.state();
        for _ in 0..1_000 {
            if self.server.connections() == 0 && state.sessions().is_empty() {
                break;
            }
            settle().await;
            // Whoever waits for time gets it.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(
            (self.server.connections(), state.sessions().len()),
            (0, 0),
            "connections and sessions are over"
        );
        assert_eq!(
            state.host().counts(),
            (0, 0),
            "agents and approvals end with their session"
        );
        // The stream `host` is everybody's and stays; chats outlive who began them.
        let left = state.log().names().into_iter();
        let left: Vec<_> = left.filter(|name| *name.family() != CHAT).collect();
        assert!(
            left.len() <= 1,
            "a stream ends with its session: {left:?} are left",
        );
    }
}

/// Lets everybody go on until they wait for a message or for time to pass. Time stands still meanwhile.
pub async fn settle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}
