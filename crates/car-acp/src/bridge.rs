//! Two connections, one to the agent and one to the daemon, and what goes from one to the other.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use agent_client_protocol::schema::ProtocolVersion;
use agent_client_protocol::v1;
use agent_client_protocol::v1::schema::{
    ClientCapabilities, FileSystemCapabilities, Implementation, InitializeRequest,
    ReadTextFileRequest, RequestPermissionRequest, WriteTextFileRequest,
};
use agent_client_protocol::{Agent, Client as AcpClient, Error, Lines};
use car_client::{ChatTurn, Client, ClientBuilder, ConnectError};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::limits::AcpLimits;
use crate::prompt::{Prompter, Ready};
use crate::roots::Roots;
use crate::talks::Talks;
use crate::{files, permission, wire};

/// Speaks for one agent with the daemon.
#[derive(Debug)]
pub struct Bridge {
    /// The files that the agent may read and write through it.
    pub roots: Roots,
    /// Where the agent works, where a prompt says nothing else. An absolute path.
    pub cwd: PathBuf,
    /// How much is taken on.
    pub limits: AcpLimits,
}

/// Why it ended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The agent did not answer `initialize` in time.
    #[error("the agent did not answer `initialize` within {0} s")]
    Silent(u64),
    /// The agent speaks another version.
    #[error("the agent speaks version {0} of the protocol, and 1 is spoken here")]
    Version(ProtocolVersion),
    /// The daemon does not take it.
    #[error(transparent)]
    Daemon(#[from] ConnectError),
    /// The connection to the daemon is over.
    #[error("the daemon has closed the connection")]
    DaemonGone,
    /// The agent's connection broke.
    #[error("the agent: {0}")]
    Agent(Error),
}

impl Bridge {
    /// Speaks for the agent behind these two until it has ended, which is no error, or the daemon has. `connect` makes the
    /// connection to the daemon, when the agent is ready.
    ///
    /// # Errors
    /// [`BridgeError`].
    pub async fn run<R, W, C, F>(self, output: R, input: W, connect: C) -> Result<(), BridgeError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
        C: FnOnce(ClientBuilder) -> F + Send,
        F: Future<Output = Result<Client, ConnectError>> + Send,
    {
        let Self { roots, cwd, limits } = self;
        let talks = Arc::<Talks>::default();
        let (sink, stream) = wire::lines(output, input, Arc::clone(&talks), &limits);
        let initialize = initialize(&roots);
        let reads = Arc::new(roots);
        let client = Arc::<OnceLock<Client>>::default();
        let (asked_of, asking) = (Arc::clone(&client), Arc::clone(&talks));
        let written = Arc::clone(&reads);
        let most = limits.file_bytes;
        let shown = limits.event_bytes;
        let connection = AcpClient
            .v1()
            .name("car")
            .on_receive_request(
                async move |request: RequestPermissionRequest,
                            responder,
                            cx: v1::ConnectionTo<Agent>| {
                    let (client, talks) = (Arc::clone(&asked_of), Arc::clone(&asking));
                    cx.spawn(async move {
                        let Some(client) = client.get() else {
                            return responder.respond_with_error(Error::invalid_request());
                        };
                        responder.respond(permission::ask(request, &talks, client, shown).await)
                    })
                },
                agent_client_protocol::on_receive_request!(),
            )
            .on_receive_request(
                async move |request: ReadTextFileRequest,
                            responder,
                            cx: v1::ConnectionTo<Agent>| {
                    let read = files::read(Arc::clone(&reads), request, most);
                    cx.spawn(async move { responder.respond_with_result(read.await) })
                },
                agent_client_protocol::on_receive_request!(),
            )
            .on_receive_request(
                async move |request: WriteTextFileRequest,
                            responder,
                            cx: v1::ConnectionTo<Agent>| {
                    let write = files::write(Arc::clone(&written), request, most);
                    cx.spawn(async move { responder.respond_with_result(write.await) })
                },
                agent_client_protocol::on_receive_request!(),
            );
        let ended = connection.connect_with(
            Lines::new(sink, stream),
            async move |cx: v1::ConnectionTo<Agent>| {
                Ok(speak(cx, initialize, talks, cwd, limits, client, connect).await)
            },
        );
        match ended.await {
            Ok(ended) => ended,
            Err(error) => Err(BridgeError::Agent(error)),
        }
    }
}

/// What the agent is told about its client.
fn initialize(roots: &Roots) -> InitializeRequest {
    let files = FileSystemCapabilities::new()
        .read_text_file(roots.can_read())
        .write_text_file(roots.can_write());
    let capabilities = ClientCapabilities::new().fs(files);
    InitializeRequest::new(ProtocolVersion::V1)
        .client_capabilities(capabilities)
        .client_info(Implementation::new("car", env!("CARGO_PKG_VERSION")))
}

async fn speak<C, F>(
    connection: v1::ConnectionTo<Agent>,
    initialize: InitializeRequest,
    talks: Arc<Talks>,
    cwd: PathBuf,
    limits: AcpLimits,
    shared: Arc<OnceLock<Client>>,
    connect: C,
) -> Result<(), BridgeError>
where
    C: FnOnce(ClientBuilder) -> F,
    F: Future<Output = Result<Client, ConnectError>>,
{
    let asked = connection.send_request(initialize).block_task();
    let agent = match timeout(limits.start, asked).await {
        Ok(agent) => agent.map_err(BridgeError::Agent)?,
        Err(_) => return Err(BridgeError::Silent(limits.start.as_secs())),
    };
    if agent.protocol_version != ProtocolVersion::V1 {
        return Err(BridgeError::Version(agent.protocol_version));
    }
    let prompter = Arc::new(Prompter {
        talks,
        limits,
        cwd,
        ready: Ready {
            connection: connection.clone(),
            capabilities: agent.agent_capabilities,
            logins: agent.auth_methods,
        },
        client: OnceLock::new(),
    });
    // Weak: the client owns the function, and the prompter the client.
    let answers = Arc::downgrade(&prompter);
    let builder = Client::builder().agent(move |turn: ChatTurn| {
        let answers = answers.upgrade();
        async move {
            let answers = answers.ok_or("the agent has ended")?;
            answers.answer(turn).await
        }
    });
    let client = connect(builder).await?;
    let _ = prompter.client.set(client.clone());
    let _ = shared.set(client.clone());
    tokio::select! {
        () = connection.incoming_closed() => {
            client.close().await;
            Ok(())
        }
        () = client.closed() => Err(BridgeError::DaemonGone),
    }
}
