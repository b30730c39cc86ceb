//! The command line. Without a command it is the daemon.

mod arguments;
mod banner;
mod daemon;
mod failure;
mod flags;
mod output;
mod service;
mod service_manager;
mod signals;

use std::process::ExitCode;

use car_server::config::{Config, Environment, markdown};
use clap::Parser as _;

use self::arguments::{Arguments, Command};
use self::failure::Failure;

/// Does what the command line asks for.
pub(crate) fn run() -> ExitCode {
    match dispatch(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::warn(&failure.to_string());
            failure.exit_code()
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<(), Failure> {
    let environment = Environment::of_process();
    let (command, flags) = arguments.split()?;
    match command {
        None => {
            let config = Config::load(&flags, &environment)?;
            daemon::run(&config, &Config::places(&flags, &environment)?)
        }
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
        Some(Command::Version) => {
            output::print(concat!("car-server ", env!("CARGO_PKG_VERSION"), "\n"))
        }
    }
}
