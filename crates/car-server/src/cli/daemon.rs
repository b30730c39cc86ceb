//! The daemon, from its start to its end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "memgine")]
use car_memgine::Spaces;
#[cfg(unix)]
use car_server::agents::{AgentEnvironment, KeptLauncher};
use car_server::config::{Config, Environment, Places};
use car_server::desktop::Desktop;
use car_server::http::HttpSurface;
use car_server::operations::Notices;
use car_server::root_lock::{Holder, RootLock};
use car_server::threads::Threads;
use car_server::tokens::{Token, TokenFiles, Tokens};
use car_server::{Auth, Server, logging};
use car_state::agents::{AgentTokens, AgentsConfig};
use car_state::approval::rules::cedar::{CedarRules, Refreshed, RulesError};
use car_state::clock::SystemClock;
use car_state::db::{Database, DatabaseOptions};
use car_state::results::FileBlobs;
use car_state::server::{ServerState, ServerStateConfig};
use car_transport::accept::{Acceptor, Permits};
use car_transport::tcp::TcpEndpoint;
#[cfg(unix)]
use car_transport::uds::UdsEndpoint;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::banner::{Reachable, banner};
use super::failure::Failure;
use super::{output, service_manager, signals};

/// How long after the drain time the connections may take to say goodbye. Then they are cut.
const FAREWELL: Duration = Duration::from_secs(3);
/// How often the files of the rules are looked at.
const RULES_LOOK: Duration = Duration::from_secs(2);
/// How long what waits may take to be stored at the end.
const STORE_TIME: Duration = Duration::from_secs(5);

/// Runs until a signal, or until somebody with the host role asks for the end.
pub(super) fn run(config: &Config, places: &Places) -> Result<(), Failure> {
    let notices =
        logging::start(&config.log.value, config.log_format.value).map_err(Failure::error)?;
    let lock = RootLock::acquire(places.home())?;
    let asked = CancellationToken::new();
    signals::watch(asked.clone())
        .map_err(|error| Failure::error(format!("cannot wait for signals: {error}")))?;
    // Connections have threads of their own.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::error(format!("cannot start the threads: {error}")))?;
    let ended = runtime.block_on(serve(config, places, lock, asked, notices));
    // What still blocks a thread has had the drain time.
    runtime.shutdown_background();
    ended
}

/// Binds first: a daemon that cannot listen has not touched the tokens of another one.
async fn serve(
    config: &Config,
    places: &Places,
    mut lock: RootLock,
    asked: CancellationToken,
    notices: Arc<Notices>,
) -> Result<(), Failure> {
    let listeners = Listeners::bind(config).await?;
    let database = Database::open(places.home(), DatabaseOptions::default())?;
    let rules = CedarRules::open(places.policies(), Arc::new(SystemClock));
    let rules = Arc::new(rules.map_err(rules_refused)?);
    let port = listeners.tcp.address().port();
    let used = Arc::clone(&rules);
    let (server, _token_files) = build(config, places, &database, notices, used, port)?;
    let at = Reachable {
        address: listeners.tcp.address(),
        socket: config.socket_path(),
    };
    lock.publish(&holder(config, at))?;
    output::print(&banner(config, places, at))?;
    service_manager::ready();
    let socket = at
        .socket
        .map(|path| tracing::field::display(path.display()));
    tracing::info!(version = car_server::VERSION, address = %at.address, socket, "up");

    let serving = listeners.serve(config, &server)?;
    let approvals = Arc::clone(server.state().approvals());
    let meetings = Arc::clone(server.state().meetings());
    let agents = Arc::clone(server.state().agents());
    let serving = async {
        let (served, ()) = tokio::join!(serving, agents.begin());
        served
    };
    let stopping = server.stopping();
    let stop = async {
        tokio::select! {
            () = asked.cancelled() => server.stop(),
            () = stopping.cancelled() => {}
        }
        service_manager::stopping();
        let limits = server.state().engine_limits();
        let wind_down = limits.cancel_grace + limits.wind_down;
        sleep(config.drain_time.value + wind_down + FAREWELL).await;
    };
    let ended = tokio::select! {
        served = serving => served.map_err(Failure::error),
        never = watch_rules(&rules) => match never {},
        () = approvals.tend() => Ok(()),
        never = meetings.tend() => match never {},
        () = stop => {
            tracing::warn!("connections were cut: they did not end in time");
            Ok(())
        }
    };
    // Their processes end with the daemon. Until here they could answer what was asked of them.
    agents.close().await;
    drop(server);
    if let Err(error) = database.close(STORE_TIME) {
        tracing::error!(%error, "what was not acknowledged may be lost");
    }
    tracing::info!("down");
    ended
}

/// The daemon itself, and the files of its tokens.
fn build(
    config: &Config,
    places: &Places,
    database: &Database,
    notices: Arc<Notices>,
    rules: Arc<CedarRules>,
    port: u16,
) -> Result<(Server, TokenFiles), Failure> {
    let tokens = Tokens::generate(!config.no_auth.value)?;
    let results = FileBlobs::open(places.results()).map_err(Failure::error)?;
    let desktop = Arc::new(Desktop::on_bus(places.session_bus().map(ToOwned::to_owned)));
    let state = ServerStateConfig::new(places.home());
    #[cfg(feature = "memgine")]
    let state = {
        let memories = Spaces::new(car_memgine::Limits::default(), Arc::new(SystemClock));
        state.with_memgines(Arc::new(memories.kept_in(Arc::new(database.clone()))))
    };
    let state = state
        .with_database(database.clone())
        .with_approval_gate(config.approval_gate())
        .with_rules(rules)
        .with_reach(Arc::new(config.approval_routes(&desktop)))
        .with_provider_timeout(config.provider_timeout.value.0)
        .with_engine_limits(config.engine_limits())
        .with_results(config.result_limits(), Arc::new(results))
        .with_agent_tokens(Arc::new(AgentTokens::below(places.agents())))
        .with_policies(Arc::new(config.global_policies().map_err(Failure::error)?))
        .with_identity_limits(|class| config.identity_limits(class))
        .with_outcome_limits(config.outcome_limits())
        .with_chat_limits(config.chat_limits())
        .with_voice_agents(config.voice_agents())
        .with_agents(agents(config, places, port, tokens.client().cloned()));
    #[cfg(feature = "voice")]
    let state = {
        let hearing = config.hearing().map_err(Failure::error)?;
        #[cfg(feature = "stt-whisper")]
        let hearing = hearing.with_whisper(&places.models());
        state.with_voice(Arc::new(hearing), config.voice_limits())
    };
    let state = ServerState::with_config(state).map_err(Failure::error)?;
    let files = tokens.publish(&config.token_file.value, &places.host_token())?;
    let auth = match tokens.auth_enabled() {
        true => Auth::tokens(Arc::new(tokens)),
        false => Auth::disabled(),
    };
    let server = Server::builder(state).auth(auth).limits(config.limits());
    let server = server.settings(config.in_effect()).notices(notices);
    let server = server.desktop(desktop);
    Ok((server.build().map_err(Failure::error)?, files))
}

/// A broken file at the start: there is no earlier set that could stay.
fn rules_refused(error: RulesError) -> Failure {
    Failure::usage(error.to_string())
        .advise("correct the files below `policies`, or take them away")
}

/// Looks at the files of the rules from time to time. What became of them is logged, and told by `approvals.rules`.
async fn watch_rules(rules: &Arc<CedarRules>) -> Infallible {
    loop {
        sleep(RULES_LOOK).await;
        let looking = Arc::clone(rules);
        let looked = tokio::task::spawn_blocking(move || looking.refresh()).await;
        match looked {
            Ok(Refreshed::Loaded(revision)) => tracing::info!(%revision, "the rules have changed"),
            Ok(Refreshed::Refused(problems)) => {
                for problem in problems {
                    let (file, line) = (problem.file.unwrap_or_default(), problem.line);
                    tracing::error!(
                        file,
                        line,
                        reason = problem.reason,
                        "the rules stay as they were"
                    );
                }
            }
            Ok(Refreshed::Unchanged) => {}
            Err(error) => tracing::error!(%error, "the rules could not be looked at"),
        }
    }
}

/// How agents are started: each with this program as its keeper.
#[cfg(unix)]
fn agents(config: &Config, places: &Places, port: u16, token: Option<Token>) -> AgentsConfig {
    let variables = Environment::whole_of_process();
    let path = variables.iter().find(|(name, _)| name == "PATH");
    let search = path.map(|(_, path)| std::env::split_paths(path).collect());
    let environment = AgentEnvironment {
        home: places.home().to_owned(),
        port,
        client_token: token,
        variables,
    };
    // On Linux the program that runs, also when its file was replaced meanwhile.
    let program = match cfg!(target_os = "linux") {
        true => PathBuf::from("/proc/self/exe"),
        false => std::env::current_exe().unwrap_or_else(|_| PathBuf::from("car-server")),
    };
    AgentsConfig {
        root: Some(places.home().to_owned()),
        launcher: Arc::new(KeptLauncher::new(program, environment)),
        ask_first: config.approval_gate().is_enabled(),
        search: search.unwrap_or_default(),
    }
}

#[cfg(not(unix))]
fn agents(config: &Config, places: &Places, _: u16, _: Option<Token>) -> AgentsConfig {
    AgentsConfig {
        root: Some(places.home().to_owned()),
        ask_first: config.approval_gate().is_enabled(),
        ..AgentsConfig::default()
    }
}

fn holder(config: &Config, at: Reachable<'_>) -> Holder {
    let token_file = (!config.no_auth.value).then(|| config.token_file.value.clone());
    Holder {
        address: Some(at.address),
        socket: at.socket.map(Path::to_owned),
        token_file,
        ..Holder::starting()
    }
}

/// Where connections come in.
struct Listeners {
    tcp: TcpEndpoint,
    #[cfg(unix)]
    uds: Option<UdsEndpoint>,
}

impl Listeners {
    async fn bind(config: &Config) -> Result<Self, Failure> {
        Ok(Self {
            tcp: TcpEndpoint::bind(config.address()).await?,
            #[cfg(unix)]
            uds: match config.socket_path() {
                Some(path) => Some(UdsEndpoint::bind(path).await?),
                None => None,
            },
        })
    }

    /// Serves all of them until the daemon stops and the last connection is over. One that breaks stops the daemon:
    /// a service manager starts it again.
    fn serve<'a>(
        self,
        config: &Config,
        server: &'a Server,
    ) -> Result<impl Future<Output = io::Result<()>> + 'a, Failure> {
        let surface = HttpSurface::builder(server.limits(), {
            let server = server.clone();
            move |duplex| {
                let server = server.clone();
                async move { server.serve_connection(duplex).await }
            }
        });
        let surface = surface.rules(config.rules().map_err(Failure::error)?);
        let threads = Threads::start()
            .map_err(|error| Failure::error(format!("cannot start the threads: {error}")))?;
        let threads = match server.state().database() {
            Some(database) => threads.giving_way(database.urgency()),
            None => threads,
        };
        let surface = surface.threads(threads);
        let surface = surface
            .stopping(server.stopping().clone())
            .refusals(Arc::clone(server.refusals()))
            .routes(server.metrics(config.metrics_open.value))
            .build();
        let permits = Permits::new(server.limits().connections);
        let stopping = server.stopping();
        Ok(async move {
            let broken = |served: io::Result<()>| served.inspect_err(|_| server.stop());
            let tcp = surface.serve(Acceptor::new(self.tcp, permits.clone()), stopping.clone());
            #[cfg(unix)]
            let uds = async {
                match self.uds {
                    Some(uds) => {
                        surface
                            .serve(Acceptor::new(uds, permits.clone()), stopping.clone())
                            .await
                    }
                    None => Ok(()),
                }
            };
            #[cfg(not(unix))]
            let uds = std::future::ready(Ok(()));
            let (tcp, uds) = tokio::join!(async { broken(tcp.await) }, async { broken(uds.await) });
            tcp.and(uds)
        })
    }
}
