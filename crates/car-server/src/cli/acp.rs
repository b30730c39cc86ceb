//! Speaks with the daemon for an agent of the Agent Client Protocol: what the daemon starts in such an agent's place.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

use car_acp::{AcpLimits, Bridge, Program, Roots};
use clap::Args;

use super::failure::Failure;

/// Which agent, and which files it gets.
#[derive(Args, Debug)]
pub(super) struct Acp {
    /// A folder below which it may read files; may be given several times.
    #[arg(long, value_name = "FOLDER")]
    read: Vec<PathBuf>,
    /// A folder below which it may read and write files; may be given several times.
    #[arg(long, value_name = "FOLDER")]
    write: Vec<PathBuf>,
    /// The agent and its arguments.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

impl Acp {
    /// Ends as the agent does.
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut words = self.program.into_iter();
        let program = Program {
            program: words
                .next()
                .ok_or_else(|| Failure::usage("the program is missing"))?,
            arguments: words.collect(),
        };
        let bridge = Bridge {
            roots: Roots::open(&self.read, &self.write).map_err(Failure::error)?,
            cwd: std::env::current_dir().map_err(Failure::error)?,
            limits: AcpLimits::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Failure::error)?;
        let ended = runtime.block_on(program.serve(bridge));
        // A read of a file that hangs holds nothing up.
        runtime.shutdown_background();
        let status = ended.map_err(Failure::error)?;
        let signal = status.signal().map(|signal| 128 + signal);
        let code = status
            .code()
            .or(signal)
            .and_then(|code| u8::try_from(code).ok());
        Ok(ExitCode::from(code.unwrap_or(u8::MAX)))
    }
}
