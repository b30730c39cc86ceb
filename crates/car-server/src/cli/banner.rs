//! What the daemon says when it is up: where it listens, where the credentials are, and how to try it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use car_server::config::{Config, Places};

/// Where a running daemon can be reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reachable<'a> {
    pub(super) address: SocketAddr,
    pub(super) socket: Option<&'a Path>,
}

/// The whole text.
pub(super) fn banner(config: &Config, places: &Places, at: Reachable<'_>) -> String {
    let mut text = format!("car-server {} is up\n", env!("CARGO_PKG_VERSION"));
    let mut line = |what: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "  {what:<11} {value}");
    };
    line("address", &url(at.address));
    if let Some(socket) = at.socket {
        line("socket", &socket.display());
    }
    if config.no_auth.value {
        line(
            "token file",
            &"none: authentication is off, everybody is let in",
        );
    } else {
        line("token file", &config.token_file.value.display());
    }
    line("host token", &places.host_token().display());
    let _ = write!(
        text,
        "\nTry it from Python (pip install car-runtime):\n\n{}\n",
        snippet(config, places, at.address)
    );
    text
}

/// The address as clients write it. One that means every address is reached through the loopback one.
fn url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let loopback = match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    format!("ws://{address}")
}

/// Five lines that register a tool and have it called. Not indented, so that they can be pasted.
fn snippet(config: &Config, places: &Places, address: SocketAddr) -> String {
    let mut setting = format!("CAR_DAEMON_URL={:?}", url(address));
    // The clients look for the token where the default root puts it; elsewhere they have to be told.
    let known = Places::client_token(places);
    let shared = !known.starts_with(places.home()) && known == config.token_file.value;
    if !config.no_auth.value && !shared {
        let _ = write!(
            setting,
            ", CAR_AUTH_TOKEN=open({:?}).read()",
            config.token_file.value
        );
    }
    format!(
        "\
import json, os; os.environ.update({setting})
import car_runtime; runtime = car_runtime.CarRuntime(); runtime.register_tool(\"add\")
car_runtime.register_tool_handler(lambda call: json.dumps(sum(json.loads(call)[\"params\"].values())))
action = {{\"id\": \"a1\", \"type\": \"tool_call\", \"tool\": \"add\", \"parameters\": {{\"a\": 2, \"b\": 40}}}}
print(runtime.submit_proposal(json.dumps({{\"id\": \"p1\", \"source\": \"me\", \"actions\": [action]}})))
"
    )
}

#[cfg(test)]
mod tests {
    use car_server::config::{Environment, Flags};

    use super::*;

    fn text(flags: Flags) -> String {
        let environment = Environment::of([("HOME".to_owned(), "/u/ada")]);
        let config = Config::load(&flags, &environment).unwrap();
        let places = Config::places(&flags, &environment).unwrap();
        let at = Reachable {
            address: ([127, 0, 0, 1], 4711).into(),
            socket: config.socket_path(),
        };
        banner(&config, &places, at)
    }

    #[test]
    fn the_banner_says_where_everything_is() {
        let text = text(Flags::default());
        assert!(
            text.contains("  address     ws://127.0.0.1:4711\n"),
            "{text}"
        );
        assert!(
            text.contains("  host token  /u/ada/.car/host-token\n"),
            "{text}"
        );
    }

    #[test]
    fn python_is_told_the_token_only_where_it_does_not_look_itself() {
        assert!(!text(Flags::default()).contains("CAR_AUTH_TOKEN"));
        assert!(
            !text(Flags::default().with("home", "/r").with("no_auth", "true"))
                .contains("CAR_AUTH_TOKEN")
        );
        let elsewhere = text(Flags::default().with("home", "/r"));
        assert!(
            elsewhere.contains("CAR_AUTH_TOKEN=open(\"/r/auth-token\").read()"),
            "{elsewhere}"
        );
    }

    #[test]
    fn the_snippet_is_five_lines_that_can_be_pasted() {
        let text = text(Flags::default());
        let lines: Vec<_> = text
            .lines()
            .skip_while(|line| !line.starts_with("import"))
            .collect();
        assert_eq!(lines.iter().filter(|line| !line.is_empty()).count(), 5);
        assert!(lines.iter().all(|line| !line.starts_with(' ')));
    }
}
