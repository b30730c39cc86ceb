//! The grammar of the command line.

#[cfg(unix)]
use std::ffi::OsString;
use std::time::Duration;

use car_server::config::value::{OptionValue as _, Reading};
use car_server::config::{Flags, Raw};
use clap::{Parser, Subcommand, ValueEnum};

#[cfg(unix)]
use super::acp::Acp;
use super::agents::Agents;
use super::approvals::Approvals;
use super::audit::Audit;
#[cfg(unix)]
use super::confine::Confine;
use super::failure::Failure;
use super::flags::{Options, Target};
use super::models::Models;

const AFTER_HELP: &str = "\
Every option can also stand in car.toml below the root or in the environment; `car-server config` prints what is in \
effect and where it comes from.

Exit codes: 0 it worked, 1 it did not, 2 the command line or the configuration is wrong, 3 no daemon is running, 4 an \
approval was over before it was decided, 5 the audit log is broken; a daemon that is told twice to stop ends with 128 and the number of the signal. `doctor` has its own.";

/// The Common Agent Runtime daemon. Without a command it runs the daemon in the foreground.
#[derive(Debug, Parser)]
#[command(name = "car-server", version, after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    options: Options,
}

/// What to do instead of running the daemon.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tells whether a daemon runs, where, and what it is doing.
    Status {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Asks the daemon to end, and waits until it has: calls under way may end within its drain time.
    Stop {
        /// How long to wait.
        #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
        timeout: Duration,
    },
    /// Calls a method of the daemon and prints its result as JSON.
    Call {
        /// Its name, such as `state.get`.
        method: String,
        /// Its params, as JSON.
        params: Option<String>,
        /// Presents the host token instead of the client token.
        #[arg(long)]
        host: bool,
        /// How long to wait for the answer.
        #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
        timeout: Duration,
    },
    /// Talks to an agent: what is typed is said to it, line by line, and what it says comes as it says it.
    ///
    /// Ctrl-C cancels what it is saying; `/history` shows what was said, `/quit` ends. When the agent waits for a person
    /// the question can be answered in its place.
    Chat {
        /// Its id.
        agent: String,
        /// The chat to go on with; a new one when left out.
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        /// Says only this, and ends with the answer.
        #[arg(long, short, value_name = "TEXT")]
        message: Option<String>,
        /// Prints each event as a line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// What happens: the streams of the log.
    #[command(subcommand)]
    Events(Events),
    /// What waits for a person, and the person's answers.
    ///
    /// Exit codes: 0 it worked, 1 it did not, 2 the command line is wrong, 3 no daemon is running, 4 it was too late:
    /// the question is decided, expired or withdrawn.
    #[command(subcommand)]
    Approvals(Approvals),
    /// The chain of what was asked, decided and done with consent.
    #[command(subcommand)]
    Audit(Audit),
    /// Prints every option in effect and where its value comes from.
    Config {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// Prints the documentation of all options.
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Looks for what is wrong: configuration, root, lock, daemon, socket, tokens, folders, database, disk, descriptors, clock.
    ///
    /// It works with and without a running daemon and changes nothing.
    ///
    /// Exit codes: 0 all is well, 1 something is odd but works, 2 something is wrong, or the command line is.
    Doctor {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Prints a unit that starts this program with these options when the user logs in.
    Service {
        /// For which service manager.
        manager: Manager,
        #[command(flatten)]
        options: Options,
    },
    /// The agents that the daemon starts and looks after.
    #[command(subcommand)]
    Agents(Agents),
    /// Weights of recognisers: what turns speech into text without another program.
    #[command(subcommand)]
    Models(Models),
    /// Gives up what is not needed, for good, and becomes another program.
    #[cfg(unix)]
    Confine(Confine),
    /// Speaks with the daemon for an agent of the Agent Client Protocol.
    #[cfg(unix)]
    #[command(hide = true)]
    Acp(Acp),
    /// Stands between the daemon and an agent.
    #[cfg(unix)]
    #[command(hide = true)]
    Keep {
        #[arg(last = true)]
        words: Vec<OsString>,
    },
    /// Prints the version.
    Version,
}

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub(super) enum Events {
    /// Prints events as they come, until it is interrupted. A daemon that ends is waited for, and nothing is missed that
    /// the log keeps.
    Tail {
        /// A stream, such as `host` or `session/6f1d0c4b92ae`; may be given several times.
        #[arg(long = "stream", value_name = "NAME", default_value = "host")]
        streams: Vec<String>,
        /// Where to begin.
        #[arg(long, value_enum, default_value = "now")]
        since: Begin,
        /// Prints each event as a line of JSON.
        #[arg(long)]
        json: bool,
        /// Ends after so many events.
        #[arg(long, value_name = "NUMBER")]
        count: Option<u64>,
    },
}

/// Where to begin with a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Begin {
    /// With what comes next.
    Now,
    /// With the oldest event that is kept.
    Start,
}

/// A service manager.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Manager {
    /// A systemd user unit.
    Systemd,
    /// A launchd agent.
    Launchd,
}

/// Reads a time as the configuration does.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    Duration::read(&Raw::Text(text.to_owned()), &Reading::default())
}

impl Arguments {
    /// The command, and the options wherever they stood.
    pub(super) fn split(self) -> Result<(Option<Command>, Flags), Failure> {
        let mut flags = self.target.0;
        flags.extend(self.options.flags);
        match &self.command {
            None => {}
            Some(
                Command::Config { options, .. }
                | Command::Doctor { options, .. }
                | Command::Service { options, .. },
            ) => flags.extend(options.flags.clone()),
            Some(command) => {
                if let Some(flag) = self.options.given {
                    let name = command.name();
                    return Err(Failure::usage(format!(
                        "--{flag} means nothing to `{name}`"
                    )));
                }
            }
        }
        Ok((self.command, flags))
    }
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Stop { .. } => "stop",
            Self::Call { .. } => "call",
            Self::Chat { .. } => "chat",
            Self::Config { .. } => "config",
            Self::Doctor { .. } => "doctor",
            Self::Events(_) => "events",
            Self::Approvals(_) => "approvals",
            Self::Audit(_) => "audit",
            Self::Service { .. } => "service",
            Self::Agents(_) => "agents",
            Self::Models(_) => "models",
            #[cfg(unix)]
            Self::Confine(_) => "confine",
            #[cfg(unix)]
            Self::Acp(_) => "acp",
            #[cfg(unix)]
            Self::Keep { .. } => "keep",
            Self::Version => "version",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(words: &[&str]) -> Result<(Option<Command>, Flags), Failure> {
        let words = ["car-server"].iter().chain(words);
        Arguments::try_parse_from(words).unwrap().split()
    }

    #[test]
    fn the_grammar_has_no_contradiction() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn options_may_stand_before_and_behind_the_command() {
        let (command, before) =
            parse(&["--home", "/r", "--no-auth", "--port=7", "config"]).unwrap();
        assert!(matches!(command, Some(Command::Config { .. })));
        let (_, behind) =
            parse(&["config", "--port", "7", "--home", "/r", "--no-auth=true"]).unwrap();
        assert_eq!(before, behind);
    }

    #[test]
    fn an_option_that_means_nothing_to_the_command_is_refused() {
        let error = parse(&["--port", "7", "version"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "error: --port means nothing to `version`"
        );
    }

    #[test]
    fn a_switch_does_not_swallow_the_command_behind_it() {
        let (command, _) = parse(&["--no-auth", "config"]).unwrap();
        assert!(matches!(command, Some(Command::Config { .. })));
    }
}
