//! The option table. A line here is the flag, the variable, the key of `car.toml`, the field of [`Config`] and the
//! section of `docs/configuration.md`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use super::table::options;
use super::value::{LogFilter, LogFormat, MethodName};

options! {
    /// The root: the folder that holds `car.toml`, the host token, the lock and what the daemon remembers.
    ///
    /// It is created with mode 0700. One daemon runs on a root; a second one is refused.
    home: PathBuf {
        flag: "home" DIR,
        variable: "CAR_HOME",
        default: |places| places.home().to_owned(), "`~/.car`",
    }

    /// The TCP port. With 0 the system picks a free one, which is printed.
    port: u16 {
        flag: "port" PORT,
        variable: "CAR_PORT",
        key: "port",
        default: |_places| 9100, "`9100`",
    }

    /// The address to listen on.
    ///
    /// Only the command line can set it, so that no forgotten file opens the daemon to the network. An address
    /// that other machines reach is refused together with `--no-auth`, and wants `--allow-host` with the names
    /// that clients use.
    bind: IpAddr {
        flag: "bind" ADDRESS,
        default: |_places| IpAddr::V4(Ipv4Addr::LOCALHOST), "`127.0.0.1`",
    }

    /// The Unix socket. Its folder is created with mode 0700.
    socket: PathBuf {
        flag: "socket" PATH,
        variable: "CAR_SOCKET",
        key: "socket",
        default: |places| places.socket(), "`$XDG_RUNTIME_DIR/ai.parslee.car/car-server.sock` on the default root, else `run/car-server.sock` below the root",
    }

    /// Listens on TCP only.
    no_socket: bool {
        flag: "no-socket",
        variable: "CAR_NO_SOCKET",
        key: "no_socket",
        default: |_places| false, "`false`",
    }

    /// Lets everybody in who reaches the port or the socket. Tokens are still taken, but not asked for.
    no_auth: bool {
        flag: "no-auth",
        variable: "CAR_NO_AUTH",
        key: "no_auth",
        default: |_places| false, "`false`",
    }

    /// The file for the client token.
    ///
    /// The published Python clients find the token only at the default place.
    token_file: PathBuf {
        flag: "token-file" PATH,
        variable: "CAR_TOKEN_FILE",
        key: "token_file",
        default: |places| places.client_token(), "on the default root `$XDG_RUNTIME_DIR/ai.parslee.car/auth-token`, or `~/.config/ai.parslee.car/auth-token` without a runtime folder (macOS: `~/Library/Application Support/ai.parslee.car/auth-token`, Windows: `%LOCALAPPDATA%\\ai.parslee.car\\auth-token`), else `auth-token` below the root",
    }

    /// Asks nobody: methods that a person must approve run at once.
    no_approvals: bool {
        flag: "no-approvals",
        variable: "CAR_NO_APPROVALS",
        key: "no_approvals",
        default: |_places| false, "`false`",
    }

    /// Methods that a person must approve, beside those that the protocol marks so. May be given several times.
    gate: Vec<MethodName> {
        flag: "gate" METHOD,
        variable: "CAR_GATE",
        key: "gate",
        default: |_places| Vec::new(), "`[]`",
    }

    /// How long a call waits for a person before it is refused.
    gate_timeout: Duration {
        flag: "gate-timeout" TIME,
        variable: "CAR_GATE_TIMEOUT",
        key: "gate_timeout",
        default: |_places| Duration::from_mins(1), "`1m`",
    }

    /// How long calls that are under way may take to end when the daemon is asked to stop.
    drain_time: Duration {
        flag: "drain-time" TIME,
        variable: "CAR_DRAIN_TIME",
        key: "drain_time",
        default: |_places| Duration::from_secs(10), "`10s`",
    }

    /// Web pages that may connect, as origins such as `https://example.org`, beside those of this machine's loopback.
    allowed_origins: Vec<String> {
        flag: "allow-origin" ORIGIN,
        variable: "CAR_ALLOWED_ORIGINS",
        key: "allowed_origins",
        default: |_places| Vec::new(), "`[]`",
    }

    /// Names under which clients may reach the daemon, beside those of this machine's loopback.
    allowed_hosts: Vec<String> {
        flag: "allow-host" NAME,
        variable: "CAR_ALLOWED_HOSTS",
        key: "allowed_hosts",
        default: |_places| Vec::new(), "`[]`",
    }

    /// What is logged.
    log: LogFilter {
        flag: "log" FILTER,
        variable: "CAR_LOG",
        key: "log",
        default: |_places| LogFilter::level("info"), "`info`",
    }

    /// The form of the log. `auto` is `pretty` on a terminal and `json` otherwise.
    log_format: LogFormat {
        flag: "log-format" FORMAT,
        variable: "CAR_LOG_FORMAT",
        key: "log_format",
        default: |_places| LogFormat::Auto, "`auto`",
    }
}
