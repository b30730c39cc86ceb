//! Why a command failed: what, why, what to do, and the exit code.

use std::fmt;
use std::process::ExitCode;

use car_server::config::ConfigError;
use car_server::root_lock::LockError;
use car_server::tokens::TokenError;
use car_state::db::DbError;
use car_transport::tcp::TcpError;
#[cfg(unix)]
use car_transport::uds::UdsError;

/// The exit codes, as `--help` lists them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Exit {
    /// It did not work.
    Error = 1,
    /// The command line or the configuration is wrong; trying again is useless.
    Usage = 2,
    /// There is no daemon to talk to.
    NotRunning = 3,
    /// What was to be decided is over.
    Late = 4,
    /// The audit log is not what it was.
    Broken = 5,
}

/// A failed command.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    message: String,
    advice: Option<&'static str>,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            advice: None,
        }
    }

    /// It did not work.
    pub(super) fn error(why: impl fmt::Display) -> Self {
        Self::new(Exit::Error, why.to_string())
    }

    /// It was asked for wrongly.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// There is no daemon.
    pub(super) fn not_running(message: impl Into<String>) -> Self {
        Self::new(Exit::NotRunning, message)
    }

    /// It came too late.
    pub(super) fn late(message: impl Into<String>) -> Self {
        Self::new(Exit::Late, message)
    }

    /// The same, with what to do about it.
    pub(super) fn advise(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }

    /// What went wrong.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub(super) const fn advice(&self) -> Option<&'static str> {
        self.advice
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        match self.advice {
            Some(advice) => write!(f, "\n  try: {advice}"),
            None => Ok(()),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let failure = Self::error(error.to_string());
        match error {
            LockError::Held { .. } => failure.advise(
                "`car-server status` to look at it, `car-server stop` to end it, or another root with --home",
            ),
            _ => failure,
        }
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        let failure = Self::error(error.to_string());
        match error {
            DbError::TooNew { .. } => {
                failure.advise("the newer program, or another root with --home")
            }
            DbError::InUse { .. } => failure.advise("another root with --home"),
            DbError::Foreign { .. } | DbError::Open { .. } => {
                failure.advise("move the file away to begin anew, or another root with --home")
            }
            _ => failure,
        }
    }
}

impl From<TcpError> for Failure {
    fn from(error: TcpError) -> Self {
        let failure = Self::error(error.to_string());
        match error {
            TcpError::InUse { .. } => {
                failure.advise("another port with --port, or any free one with --port 0")
            }
            _ => failure,
        }
    }
}

#[cfg(unix)]
impl From<UdsError> for Failure {
    fn from(error: UdsError) -> Self {
        Self::error(error.to_string())
            .advise("another place with --socket, or none with --no-socket")
    }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        Self::error(error.to_string())
    }
}
