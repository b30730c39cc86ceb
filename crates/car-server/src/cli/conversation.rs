//! A short conversation with a running daemon.

use std::io;
use std::time::Duration;

use car_client::{CallError, Client, ConnectError};
use car_protocol::kind;
use car_transport::connect;

use super::failure::Failure;
use super::running::Running;

/// As whom to talk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// With the client token.
    Client,
    /// With the host token.
    Host,
}

/// Connects, authenticates, talks, and closes. `deadline` is that of a call.
pub(super) fn converse<T>(
    running: &Running,
    role: Role,
    deadline: Duration,
    talk: impl AsyncFnOnce(&Client) -> Result<T, CallError>,
) -> Result<T, Failure> {
    let mut builder = Client::builder().deadline(deadline);
    match role {
        Role::Host => builder = builder.host_token(running.host_token()?.expose()),
        Role::Client => {
            if let Some(token) = running.client_token()? {
                builder = builder.token(token.expose());
            }
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::error)?;
    runtime.block_on(async {
        let client = builder.connect(running.target()).await?;
        let said = talk(&client).await;
        client.close().await;
        said.map_err(|error| {
            let refused = matches!(&error, CallError::Rpc(why) if why.kind() == kind::FORBIDDEN);
            let failure = Failure::from(error);
            match role {
                Role::Client if refused => {
                    failure.advise("`call --host`, which presents the host token")
                }
                _ => failure,
            }
        })
    })
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        match &error {
            ConnectError::Transport(connect::ConnectError::Unreachable { source, .. })
                if matches!(
                    source.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                Self::not_running(format!("no daemon is running there: {error}"))
                    .advise("`car-server` starts one; --home or --socket names another")
            }
            ConnectError::Refused(_) => Self::error(error)
                .advise("--home with the root of the daemon that is meant: its tokens are there"),
            _ => Self::error(error),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let CallError::Rpc(refusal) = &error else {
            return Self::error(error);
        };
        let message = format!("{} {}: {}", refusal.code, refusal.kind(), refusal.message);
        if [kind::ALREADY_DECIDED, kind::EXPIRED, kind::WITHDRAWN].contains(&refusal.kind()) {
            return Self::late(message);
        }
        let failure = Self::error(message);
        match refusal.kind() {
            kind::METHOD_NOT_FOUND => {
                failure.advise("`car-server call rpc.discover` lists all methods")
            }
            _ => failure,
        }
    }
}
