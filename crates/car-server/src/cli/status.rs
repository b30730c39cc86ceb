//! `car-server status`.

use std::fmt::Write as _;
use std::time::Duration;

use car_protocol::rpc::Empty;
use car_protocol::rpc::server::{ServerStatus, Status};

use serde_json::{Value, json};

use super::conversation::{Role, converse};
use super::failure::Failure;
use super::output;
use super::running::Running;

/// A daemon that says nothing for so long is not well.
const DEADLINE: Duration = Duration::from_secs(5);

/// Asks the daemon how it is.
pub(super) fn run(running: &Running, json: bool) -> Result<(), Failure> {
    let status = converse(running, Role::Client, DEADLINE, async |client| {
        client.call::<Status>(Empty {}).await
    })?;
    if json {
        return output::print_json(&object(&status, running)?);
    }
    output::print(&page(&status, running))
}

/// The answer of `server.status`, and where the daemon is.
fn object(status: &ServerStatus, running: &Running) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(status).map_err(Failure::error)?;
    value["root"] = json!(running.places().home());
    if let Some(holder) = running.holder() {
        value["address"] = json!(holder.address);
        value["socket"] = json!(holder.socket);
        value["token_file"] = json!(holder.token_file);
    }
    Ok(value)
}

fn page(status: &ServerStatus, running: &Running) -> String {
    let root = running.places().home().display();
    let draining = if status.shutting_down {
        " and is about to stop"
    } else {
        ""
    };
    let mut text = format!("car-server {} runs on {root}{draining}\n", status.version);
    let mut line = |what: &str, value: String| {
        let _ = writeln!(text, "  {what:<11} {value}");
    };
    line(
        "process",
        format!("{}, for {}", status.pid, duration(status.uptime_ms)),
    );
    if let Some(holder) = running.holder() {
        if let Some(address) = holder.address {
            line("address", format!("ws://{address}"));
        }
        if let Some(socket) = &holder.socket {
            line("socket", socket.display().to_string());
        }
    }
    // What this command does itself is not worth a line.
    let others = status.connections.saturating_sub(1);
    let requests = status.requests_in_flight.saturating_sub(1);
    line("clients", format!("{others} connected"));
    line(
        "calls",
        format!(
            "{requests} under way, {} wait for a person",
            status.approvals_pending
        ),
    );
    line(
        "callbacks",
        format!("{} wait for a client", status.callbacks_open),
    );
    line("agents", status.host_agents.to_string());
    line("streams", status.streams.to_string());
    text
}

/// The two largest units.
fn duration(millis: u64) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let mut rest = millis / 1_000;
    let mut words = Vec::new();
    for (name, seconds) in units {
        let count = rest / seconds;
        rest %= seconds;
        if count > 0 || (seconds == 1 && words.is_empty()) {
            words.push(format!("{count} {name}"));
        } else if !words.is_empty() {
            break;
        }
        if words.len() == 2 {
            break;
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_its_two_largest_units() {
        assert_eq!(duration(999), "0 s");
        assert_eq!(duration(61_000), "1 min 1 s");
        assert_eq!(duration(3_600_000), "1 h");
        assert_eq!(duration(90_061_000), "1 d 1 h");
        assert_eq!(duration(3_601_000), "1 h");
    }
}
