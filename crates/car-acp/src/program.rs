//! An agent that is a program: started, spoken to, and ended.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use car_client::ClientBuilder;
use thiserror::Error;
use tokio::process::Command;
use tokio::time::timeout;

use crate::bridge::{Bridge, BridgeError};

/// Variables that are for whoever speaks with the daemon, and for nobody behind it.
const SECRETS: [&str; 2] = ["CAR_AGENT_TOKEN", "CAR_AUTH_TOKEN"];
/// How long a program whose output has ended may take to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// An agent's program.
#[derive(Clone, Debug)]
pub struct Program {
    /// Where it is.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// Why it is not spoken for any more.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// It cannot be started.
    #[error("{} cannot be started: {source}", program.to_string_lossy())]
    Start {
        /// The program.
        program: OsString,
        /// Why.
        source: io::Error,
    },
    /// It, or the daemon, does not speak as it should.
    #[error(transparent)]
    Bridge(#[from] BridgeError),
    /// The system does not tell how it ended.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl Program {
    /// Starts the agent and speaks for it, as the agent that the environment names, until it has ended. It has the
    /// environment without tokens, and ends with this.
    ///
    /// # Errors
    /// [`ProgramError`].
    pub async fn serve(self, bridge: Bridge) -> Result<ExitStatus, ProgramError> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        for name in SECRETS {
            command.env_remove(name);
        }
        let started = command.spawn();
        let mut child = started.map_err(|source| ProgramError::Start {
            program: self.program,
            source,
        })?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("an agent has an input and an output").into());
        };
        let ended = bridge.run(output, input, ClientBuilder::discover);
        let ended = ended.await;
        if ended.is_ok()
            && let Ok(status) = timeout(FAREWELL, child.wait()).await
        {
            return Ok(status?);
        }
        child.kill().await?;
        ended?;
        Ok(child.wait().await?)
    }
}
