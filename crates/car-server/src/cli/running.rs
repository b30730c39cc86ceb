//! Which running daemon the command line means, and where its credentials are.

use std::path::PathBuf;

use car_server::config::{Config, Environment, Flags, Places};
use car_server::root_lock::{self, Holder, Occupancy};
use car_server::tokens::Token;
use car_transport::connect::Target;

use super::failure::Failure;

/// A daemon that runs, or is said to run.
#[derive(Debug)]
pub(super) struct Running {
    places: Places,
    /// What it says about itself; none where only a socket was named, or the system keeps it from us.
    holder: Option<Holder>,
    target: Target,
}

impl Running {
    /// Finds the daemon of the root, or the one behind the socket that was named.
    pub(super) fn find(flags: &Flags, environment: &Environment) -> Result<Self, Failure> {
        let places = Config::places(flags, environment)?;
        let named =
            Config::find::<PathBuf>("socket", flags, environment)?.map(|setting| setting.value);
        let occupancy = root_lock::look(places.home())?;
        let holder = match occupancy {
            Occupancy::Held(holder) => holder,
            Occupancy::Free if named.is_some() => None,
            Occupancy::Free => {
                let root = places.home().display();
                return Err(
                    Failure::not_running(format!("no daemon is running on {root}"))
                        .advise("`car-server` starts one; --home or --socket names another"),
                );
            }
        };
        let target = match (named, &holder) {
            (Some(socket), _) => socket_target(socket)?,
            (None, Some(holder)) => match (&holder.socket, holder.address) {
                (Some(socket), _) => socket_target(socket.clone())?,
                (None, Some(address)) => reach(address),
                (None, None) => {
                    return Err(
                        Failure::error(format!("the daemon is not up yet: {holder}"))
                            .advise("once more in a moment"),
                    );
                }
            },
            (None, None) => default_target(&places)?,
        };
        Ok(Self {
            places,
            holder,
            target,
        })
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    pub(super) fn holder(&self) -> Option<&Holder> {
        self.holder.as_ref()
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// The client token. None where there is no file, as where authentication is off.
    pub(super) fn client_token(&self) -> Result<Option<Token>, Failure> {
        let path = match &self.holder {
            Some(holder) => holder.token_file.clone(),
            None => Some(self.places.client_token()).filter(|path| path.exists()),
        };
        Ok(path.map(|path| Token::read(&path)).transpose()?)
    }

    /// The host token.
    pub(super) fn host_token(&self) -> Result<Token, Failure> {
        Ok(Token::read(&self.places.host_token())?)
    }
}

/// An address that means every one of this machine is reached through loopback.
fn reach(address: std::net::SocketAddr) -> Target {
    if address.ip().is_unspecified() || address.ip() == std::net::Ipv4Addr::LOCALHOST {
        return Target::loopback(address.port());
    }
    Target::Tcp {
        host: address.ip().to_string(),
        port: address.port(),
        path: "/".to_owned(),
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it fails")]
fn socket_target(socket: PathBuf) -> Result<Target, Failure> {
    Ok(Target::unix(socket))
}

#[cfg(not(unix))]
fn socket_target(_: PathBuf) -> Result<Target, Failure> {
    Err(Failure::usage("there are no Unix sockets on this system"))
}

/// Where a daemon is that says nothing about itself.
#[cfg(unix)]
fn default_target(places: &Places) -> Result<Target, Failure> {
    socket_target(places.socket())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it fails")]
fn default_target(_: &Places) -> Result<Target, Failure> {
    Ok(Target::loopback(car_transport::tcp::DEFAULT_PORT))
}
