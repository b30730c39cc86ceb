//! `car-server confine`, and what stands between the daemon and its agents.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use car_server::agents::{self, Confinement};
use clap::Args;

use super::failure::Failure;

/// What the program is left with.
#[derive(Args, Debug)]
pub(super) struct Confine {
    /// A file or folder that it may read and execute; may be given several times. With this or --write all other files
    /// are closed, except those of the system that programs cannot start without.
    #[arg(long, value_name = "PATH")]
    read: Vec<PathBuf>,
    /// A file or folder that it may write too; may be given several times.
    #[arg(long, value_name = "PATH")]
    write: Vec<PathBuf>,
    /// Closes files also where no path is given.
    #[arg(long)]
    files_closed: bool,
    /// The only port that it may connect to over TCP; it cannot listen then.
    #[arg(long, value_name = "PORT")]
    connect: Option<u16>,
    /// How much address space each process may have.
    #[arg(long, value_name = "BYTES")]
    memory: Option<u64>,
    /// How much processor time each process may take.
    #[arg(long, value_name = "SECONDS")]
    cpu: Option<u64>,
    /// How many files each process may have open.
    #[arg(long, value_name = "NUMBER")]
    open_files: Option<u64>,
    /// How many processes its user may have.
    #[arg(long, value_name = "NUMBER")]
    processes: Option<u64>,
    /// Goes on where the system lacks what some of this needs.
    #[arg(long)]
    best_effort: bool,
    /// Ends it when the parent of this process ends.
    #[arg(long, hide = true)]
    with_parent: bool,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

impl Confine {
    /// Answers only where it failed.
    pub(super) fn run(self) -> Failure {
        let Some((program, arguments)) = self.program.split_first() else {
            return Failure::usage("the program is missing");
        };
        let closed = self.files_closed || !self.read.is_empty() || !self.write.is_empty();
        let confinement = Confinement {
            read: closed.then_some(self.read),
            write: closed.then_some(self.write),
            connect: self.connect,
            memory: self.memory,
            cpu: self.cpu,
            files: self.open_files,
            processes: self.processes,
            best_effort: self.best_effort,
            dies_with_parent: self.with_parent,
        };
        let failed = confinement.become_program(program.clone(), arguments);
        Failure::error(failed).advise("--best-effort, to do without what the system lacks")
    }
}

/// Keeps an agent: the words are those of `confine`.
pub(super) fn keep(words: Vec<OsString>) -> Result<ExitCode, Failure> {
    let program = match cfg!(target_os = "linux") {
        true => PathBuf::from("/proc/self/exe"),
        false => std::env::current_exe().map_err(Failure::error)?,
    };
    let mut arguments = vec![OsString::from("confine")];
    arguments.extend(words);
    agents::keep(&program.into_os_string(), &arguments).map_err(Failure::error)
}
