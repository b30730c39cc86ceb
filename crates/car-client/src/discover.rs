//! Where the daemon is and what it wants to see, as a user's environment says it.
#![expect(
    clippy::disallowed_methods,
    reason = "this is where the client reads the environment"
)]

use std::env;
use std::fs;
use std::path::PathBuf;

use car_transport::connect::{InvalidTarget, Target};

/// The folder of the runtime's files, below the user's.
const FOLDER: &str = "ai.parslee.car";

/// The daemon that `CAR_DAEMON_URL` names, else the Unix socket at its usual place, else port 9100.
pub(crate) fn target() -> Result<Target, InvalidTarget> {
    if let Ok(url) = env::var("CAR_DAEMON_URL") {
        return url.parse();
    }
    #[cfg(unix)]
    if let Some(socket) = runtime_folder()
        .map(|folder| folder.join("car-server.sock"))
        .filter(|path| path.exists())
    {
        return Ok(Target::unix(socket));
    }
    Ok(Target::loopback(car_transport::tcp::DEFAULT_PORT))
}

/// `CAR_AUTH_TOKEN`, else the token file at its usual place. None where there is neither.
pub(crate) fn token() -> Option<String> {
    let given = env::var("CAR_AUTH_TOKEN")
        .ok()
        .filter(|token| !token.is_empty());
    given.or_else(|| {
        let token = fs::read_to_string(token_folder()?.join("auth-token")).ok()?;
        Some(token.trim().to_owned())
    })
}

/// `CAR_AGENT_ID` and `CAR_AGENT_TOKEN`, which the daemon gives to the agents that it starts.
pub(crate) fn agent() -> Option<(String, String)> {
    let given = |name| env::var(name).ok().filter(|text| !text.is_empty());
    given("CAR_AGENT_ID").zip(given("CAR_AGENT_TOKEN"))
}

#[cfg(unix)]
fn runtime_folder() -> Option<PathBuf> {
    env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join(FOLDER))
}

#[cfg(target_os = "macos")]
fn token_folder() -> Option<PathBuf> {
    Some(
        env::home_dir()?
            .join("Library/Application Support")
            .join(FOLDER),
    )
}

#[cfg(windows)]
fn token_folder() -> Option<PathBuf> {
    Some(PathBuf::from(env::var_os("LOCALAPPDATA")?).join(FOLDER))
}

#[cfg(all(unix, not(target_os = "macos")))]
fn token_folder() -> Option<PathBuf> {
    runtime_folder().or_else(|| Some(env::home_dir()?.join(".config").join(FOLDER)))
}
