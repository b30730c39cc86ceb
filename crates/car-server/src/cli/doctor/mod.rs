//! `car-server doctor`: looks at everything that a daemon on this root needs, and says what is wrong and what to do.
//!
//! It works with and without a running daemon, and changes nothing.

mod check;
mod clock;
mod database;
mod files;
mod rules;
mod socket;
mod system;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use car_protocol::rpc::Empty;
use car_protocol::rpc::server::{ServerStatus, Status};
use car_server::config::{Config, Environment, Flags, Origin, Places};
use car_server::root_lock::{self, Holder, Occupancy};
use serde_json::json;

use self::check::{Check, Verdict};
use self::clock::Watch;
use super::conversation::{Role, converse};
use super::failure::Failure;
use super::output;
use super::running::Running;

/// A daemon that says nothing for so long is not well.
const DEADLINE: Duration = Duration::from_secs(5);

/// Looks, prints, and tells by the exit code: 0 all is well, 1 something is odd, 2 something is wrong.
pub(super) fn run(
    flags: &Flags,
    environment: &Environment,
    json: bool,
) -> Result<ExitCode, Failure> {
    let places = Config::places(flags, environment)?;
    let checks = examine(&places, flags, environment);
    let worst = checks.iter().map(|check| check.verdict).max();
    let worst = worst.unwrap_or(Verdict::Ok);
    if json {
        output::print_json(&json!({
            "root": places.home(),
            "version": car_server::VERSION,
            "verdict": worst,
            "checks": checks,
        }))?;
    } else {
        output::print(&page(&places, &checks))?;
    }
    Ok(ExitCode::from(worst as u8))
}

fn examine(places: &Places, flags: &Flags, environment: &Environment) -> Vec<Check> {
    let watch = Watch::start();
    let config = Config::load(flags, environment);
    let occupancy = root_lock::look(places.home());
    let is_held = matches!(occupancy, Ok(Occupancy::Held(_)));
    let holder = match &occupancy {
        Ok(Occupancy::Held(Some(holder))) => Some(holder),
        _ => None,
    };
    let mut checks = vec![
        configuration(&config),
        files::root(places.home()),
        match &occupancy {
            Ok(occupancy) => files::lock(places.home(), occupancy),
            Err(error) => Check::fail("lock", error).remedy("look at who owns the root"),
        },
    ];
    let config = config.ok();
    let mut status = None;
    if is_held {
        match ask(flags, environment) {
            Ok(said) => {
                checks.push(daemon(&said));
                status = Some(said);
            }
            Err(failure) => checks.push(
                Check::fail("daemon", failure.message()).remedy(
                    failure
                        .advice()
                        .unwrap_or("look at its log; `car-server stop`"),
                ),
            ),
        }
    }
    let socket = socket(places, config.as_ref(), holder);
    let client_token = client_token(places, config.as_ref(), holder);
    let host_token = places.host_token();
    if let Some(socket) = &socket {
        checks.push(socket::check(socket, is_held));
    }
    if let Some(token) = &client_token {
        checks.push(files::token("client token", token, is_held));
    }
    checks.push(files::token("host token", &host_token, is_held));
    let private = socket.iter().chain(&client_token).chain([&host_token]);
    checks.push(files::folders(private.map(PathBuf::as_path)));
    checks.push(rules::check(&places.policies()));
    checks.push(database::check(places.home()));
    checks.push(system::disk(places.home()));
    checks.push(system::descriptors(config.as_ref()));
    checks.push(watch.check(places.home(), status.as_ref()));
    checks
}

fn configuration(config: &Result<Config, car_server::config::ConfigError>) -> Check {
    match config {
        Ok(config) => {
            let shown = config.shown();
            let set = shown
                .iter()
                .filter(|shown| *shown.origin != Origin::Default);
            let message = format!("{} of {} options are set", set.count(), shown.len());
            Check::ok("configuration", message)
        }
        Err(error) => Check::fail("configuration", error)
            .remedy("correct it: no daemon starts with it; docs/configuration.md has every option"),
    }
}

fn ask(flags: &Flags, environment: &Environment) -> Result<ServerStatus, Failure> {
    let running = Running::find(flags, environment)?;
    converse(&running, Role::Client, DEADLINE, async |client| {
        client.call::<Status>(Empty {}).await
    })
}

fn daemon(status: &ServerStatus) -> Check {
    let (theirs, ours) = (&status.version, car_server::VERSION);
    if theirs != ours {
        let message = format!("version {theirs} runs, and this program is {ours}");
        return Check::warn("daemon", message).remedy("stop it and start it again");
    }
    if status.shutting_down {
        return Check::warn("daemon", "it is about to stop").remedy("wait for its drain time");
    }
    let (connections, requests) = (
        status.connections.saturating_sub(1),
        status.requests_in_flight.saturating_sub(1),
    );
    let message =
        format!("version {theirs} answers: {connections} clients, {requests} calls under way");
    Check::ok("daemon", message)
}

/// Where the socket is, if there is to be one.
fn socket(places: &Places, config: Option<&Config>, holder: Option<&Holder>) -> Option<PathBuf> {
    match (holder, config) {
        (Some(holder), _) => holder.socket.clone(),
        (None, Some(config)) => config.socket_path().map(ToOwned::to_owned),
        (None, None) => cfg!(unix).then(|| places.socket()),
    }
}

/// Where the client token is, if there is to be one.
fn client_token(
    places: &Places,
    config: Option<&Config>,
    holder: Option<&Holder>,
) -> Option<PathBuf> {
    match (holder, config) {
        (Some(holder), _) => holder.token_file.clone(),
        (None, Some(config)) => (!config.no_auth.value).then(|| config.token_file.value.clone()),
        (None, None) => Some(places.client_token()),
    }
}

fn page(places: &Places, checks: &[Check]) -> String {
    let root = places.home().display();
    let mut text = format!("car-server {} on {root}\n", car_server::VERSION);
    let width = checks.iter().map(|check| check.name.len()).max();
    let width = width.unwrap_or(0);
    for check in checks {
        let (verdict, name) = (check.verdict.as_str(), check.name);
        let _ = writeln!(text, "  {verdict:<4}  {name:<width$}  {}", check.message);
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(text, "  {:<4}  {:<width$}  try: {remedy}", "", "");
        }
    }
    text
}
