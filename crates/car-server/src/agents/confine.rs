//! A process that gives up what it does not need, and then becomes another program.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What a program is left with. What is not said is not limited.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Confinement {
    /// Files and folders that may be read and executed. With these or `write`, all other files are closed, except those
    /// that programs cannot start without.
    pub read: Option<Vec<PathBuf>>,
    /// Files and folders that may be written too.
    pub write: Option<Vec<PathBuf>>,
    /// The only port that TCP may connect to; then it listens nowhere.
    pub connect: Option<u16>,
    /// Address space, in bytes.
    pub memory: Option<u64>,
    /// Processor time, in seconds.
    pub cpu: Option<u64>,
    /// Open files.
    pub files: Option<u64>,
    /// Processes of the user.
    pub processes: Option<u64>,
    /// Goes on where the system lacks something.
    pub best_effort: bool,
    /// Ends when its parent does.
    pub dies_with_parent: bool,
}

/// Why a program is not started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfineError {
    /// The system cannot do what is asked for.
    #[error("this system cannot confine {what}: {why}")]
    Unsupported {
        /// What.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The program cannot be started.
    #[error("{} cannot be started: {source}", program.to_string_lossy())]
    Program {
        /// The program.
        program: OsString,
        /// Why.
        source: io::Error,
    },
}

impl Confinement {
    /// The words of the command line that say this.
    #[must_use]
    pub fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = Vec::new();
        let paths = [("--read", &self.read), ("--write", &self.write)];
        for (word, paths) in paths {
            for path in paths.iter().flat_map(|paths| paths.iter()) {
                words.extend([word.into(), path.into()]);
            }
        }
        if self.closes_files() {
            words.push("--files-closed".into());
        }
        if let Some(port) = self.connect {
            words.extend(["--connect".into(), port.to_string().into()]);
        }
        let numbers = [
            ("--memory", self.memory),
            ("--cpu", self.cpu),
            ("--open-files", self.files),
            ("--processes", self.processes),
        ];
        for (word, number) in numbers {
            if let Some(number) = number {
                words.extend([word.into(), number.to_string().into()]);
            }
        }
        if self.best_effort {
            words.push("--best-effort".into());
        }
        if self.dies_with_parent {
            words.push("--with-parent".into());
        }
        words
    }

    fn closes_files(&self) -> bool {
        self.read.is_some() || self.write.is_some()
    }

    /// Confines this process for good and becomes the program.
    ///
    /// # Errors
    /// [`ConfineError`]: what the answer is, since otherwise this process is another one.
    #[must_use]
    pub fn become_program(&self, program: OsString, arguments: &[OsString]) -> ConfineError {
        use std::os::unix::process::CommandExt as _;
        if let Err(error) = self.apply(&program) {
            return error;
        }
        let source = std::process::Command::new(&program).args(arguments).exec();
        ConfineError::Program { program, source }
    }

    fn apply(&self, program: &OsString) -> Result<(), ConfineError> {
        #[cfg(target_os = "linux")]
        if self.dies_with_parent {
            let kill = Some(rustix::process::Signal::KILL);
            if let Err(error) = rustix::process::set_parent_process_death_signal(kill) {
                return Err(unsupported("the end of a process", &error));
            }
        }
        self.limit()?;
        if self.closes_files() || self.connect.is_some() {
            self.close(program)?;
        }
        Ok(())
    }

    fn limit(&self) -> Result<(), ConfineError> {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limits = [
            (Resource::As, self.memory, "memory"),
            (Resource::Cpu, self.cpu, "processor time"),
            (Resource::Nofile, self.files, "open files"),
            (Resource::Nproc, self.processes, "processes"),
        ];
        for (resource, limit, what) in limits {
            let Some(limit) = limit else {
                continue;
            };
            // A limit that is lower already stays.
            let most = getrlimit(resource)
                .maximum
                .map_or(limit, |most| most.min(limit));
            let rlimit = Rlimit {
                current: Some(most),
                maximum: Some(most),
            };
            if let Err(error) = setrlimit(resource, rlimit)
                && !self.best_effort
            {
                return Err(unsupported(what, &error));
            }
        }
        Ok(())
    }

    /// Whether the system can do this. It confines nobody.
    ///
    /// # Errors
    /// [`ConfineError::Unsupported`].
    pub fn check(&self) -> Result<(), ConfineError> {
        if self.best_effort || !(self.closes_files() || self.connect.is_some()) {
            return Ok(());
        }
        #[cfg(target_os = "linux")]
        return self.ruleset().map(drop);
        #[cfg(not(target_os = "linux"))]
        self.close(&OsString::new())
    }

    #[cfg(not(target_os = "linux"))]
    fn close(&self, _: &OsString) -> Result<(), ConfineError> {
        if self.best_effort {
            return Ok(());
        }
        Err(ConfineError::Unsupported {
            what: "files and connections",
            why: "there is no Landlock".to_owned(),
        })
    }
}

fn unsupported(what: &'static str, why: &dyn ToString) -> ConfineError {
    ConfineError::Unsupported {
        what,
        why: why.to_string(),
    }
}

#[cfg(target_os = "linux")]
mod landlocked {
    use std::ffi::OsString;

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, NetPort, Ruleset,
        RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, Scope, path_beneath_rules,
    };

    use super::{ConfineError, Confinement, unsupported};

    /// Rights over files that this program knows: up to those of Linux 6.10.
    const KNOWN: ABI = ABI::V5;

    /// What programs cannot start or work without.
    const READABLE: &[&str] = &[
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/etc/ld.so.cache",
        "/etc/ld.so.preload",
        "/etc/localtime",
        "/etc/resolv.conf",
        "/etc/hosts",
        "/etc/nsswitch.conf",
        "/etc/ssl/certs",
        "/dev/random",
        "/dev/urandom",
        "/dev/zero",
    ];
    const WRITABLE: &[&str] = &["/dev/null"];

    impl Confinement {
        pub(super) fn ruleset(&self) -> Result<RulesetCreated, ConfineError> {
            let level = match self.best_effort {
                true => CompatLevel::BestEffort,
                false => CompatLevel::HardRequirement,
            };
            let files = |error| unsupported("files", &error);
            let net = |error| unsupported("connections", &error);
            let mut rules = Ruleset::default().set_compatibility(level);
            if self.closes_files() {
                rules = rules
                    .handle_access(AccessFs::from_all(KNOWN))
                    .map_err(files)?;
            }
            if self.connect.is_some() {
                rules = rules
                    .handle_access(AccessNet::ConnectTcp | AccessNet::BindTcp)
                    .map_err(net)?;
            }
            // Newer systems keep the program from signalling others, too.
            rules = rules
                .set_compatibility(CompatLevel::BestEffort)
                .scope(Scope::Signal)
                .map_err(files)?;
            rules.create().map_err(files)
        }

        pub(super) fn close(&self, program: &OsString) -> Result<(), ConfineError> {
            let files = |error| unsupported("files", &error);
            let mut rules = self.ruleset()?;
            if self.closes_files() {
                let read = AccessFs::from_read(KNOWN);
                let all = AccessFs::from_all(KNOWN);
                rules = rules
                    .add_rules(path_beneath_rules(READABLE, read))
                    .and_then(|rules| rules.add_rules(path_beneath_rules([program], read)))
                    .and_then(|rules| {
                        let wanted = self.read.iter().flatten();
                        rules.add_rules(path_beneath_rules(wanted, read))
                    })
                    .and_then(|rules| rules.add_rules(path_beneath_rules(WRITABLE, all)))
                    .and_then(|rules| {
                        let wanted = self.write.iter().flatten();
                        rules.add_rules(path_beneath_rules(wanted, all))
                    })
                    .map_err(files)?;
            }
            if let Some(port) = self.connect {
                rules = rules
                    .add_rule(NetPort::new(port, AccessNet::ConnectTcp))
                    .map_err(|error| unsupported("connections", &error))?;
            }
            rules.restrict_self().map_err(files)?;
            Ok(())
        }
    }
}
