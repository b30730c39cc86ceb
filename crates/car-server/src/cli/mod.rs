//! The command line. Without a command it is the daemon.

#[cfg(unix)]
mod acp;
mod agents;
mod approvals;
mod arguments;
mod audit;
mod banner;
mod call;
mod chat;
#[cfg(unix)]
mod confine;
mod conversation;
mod daemon;
mod doctor;
mod failure;
mod flags;
mod models;
mod output;
mod running;
mod service;
mod service_manager;
mod signals;
mod status;
mod stop;
mod tail;

use std::process::ExitCode;

use car_protocol::rpc::events::SinceWord;
use car_server::config::{Config, Environment, markdown};
use clap::Parser as _;

use self::arguments::{Arguments, Begin, Command, Events};
use self::conversation::Role;
use self::failure::Failure;
use self::running::Running;

/// Does what the command line asks for.
pub(crate) fn run() -> ExitCode {
    match dispatch(Arguments::parse()) {
        Ok(code) => code,
        Err(failure) => {
            output::warn(&failure.to_string());
            failure.exit_code()
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<ExitCode, Failure> {
    let environment = Environment::of_process();
    let (command, flags) = arguments.split()?;
    let done = match command {
        Some(Command::Doctor { json, .. }) => return doctor::run(&flags, &environment, json),
        None => {
            let config = Config::load(&flags, &environment)?;
            daemon::run(&config, &Config::places(&flags, &environment)?)
        }
        Some(Command::Status { json }) => status::run(&Running::find(&flags, &environment)?, json),
        Some(Command::Stop { timeout }) => {
            stop::run(&Running::find(&flags, &environment)?, timeout)
        }
        Some(Command::Call {
            method,
            params,
            host,
            timeout,
        }) => {
            let params = call::params(params.as_deref())?;
            let running = Running::find(&flags, &environment)?;
            let role = if host { Role::Host } else { Role::Client };
            call::run(&running, role, timeout, &method, params)
        }
        Some(Command::Chat {
            agent,
            session,
            message,
            json,
        }) => {
            let wanted = chat::Wanted {
                agent,
                session,
                prompt: message,
                json,
            };
            let went_well = chat::run(&Running::find(&flags, &environment)?, wanted)?;
            return Ok(if went_well {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Some(Command::Events(Events::Tail {
            streams,
            since,
            json,
            count,
        })) => {
            let since = match since {
                Begin::Now => SinceWord::Now,
                Begin::Start => SinceWord::Start,
            };
            let wanted = tail::Wanted {
                streams,
                since,
                json,
                count,
            };
            tail::run(&flags, &environment, wanted)
        }
        Some(Command::Approvals(what)) => approvals::run(&flags, &environment, what),
        Some(Command::Audit(what)) => return audit::run(&flags, &environment, what),
        Some(Command::Config { markdown: true, .. }) => output::print(&markdown()),
        Some(Command::Config { json, .. }) => {
            let config = Config::load(&flags, &environment)?;
            if json {
                output::print_json(&config.to_json())
            } else {
                output::print(&config.to_string())
            }
        }
        Some(Command::Service { manager, .. }) => {
            let config = Config::load(&flags, &environment)?;
            output::print(&service::unit(manager, &config)?)
        }
        Some(Command::Agents(command)) => {
            agents::run(&Running::find(&flags, &environment)?, command)
        }
        Some(Command::Models(what)) => {
            models::run(&Config::places(&flags, &environment)?.models(), what)
        }
        #[cfg(unix)]
        Some(Command::Confine(confine)) => Err(confine.run()),
        #[cfg(unix)]
        Some(Command::Acp(acp)) => return acp.run(),
        #[cfg(unix)]
        Some(Command::Keep { words }) => return confine::keep(words),
        Some(Command::Version) => {
            output::print(concat!("car-server ", env!("CARGO_PKG_VERSION"), "\n"))
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}
