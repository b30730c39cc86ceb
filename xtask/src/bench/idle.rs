//! What a connection costs that does nothing, and how long a server takes until it answers.

use std::time::Duration;

use anyhow::Result;

use super::Effort;
use super::server::{Kind, Programs, Server};
use super::wire::Connection;

/// Resident bytes for each connection that has asked once and then says nothing.
pub(super) async fn memory(programs: &Programs, kind: Kind, effort: Effort) -> Result<f64> {
    let (server, _) = Server::start(programs, kind).await?;
    let (method, params) = server.kind.round_trip();
    let request = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    settle().await;
    let before = server.resident()?;
    let mut connections = Vec::with_capacity(effort.idle_connections);
    for _ in 0..effort.idle_connections {
        let mut connection = Connection::open(&server.tcp, 1024).await?;
        connection.ask(&request).await?;
        connections.push(connection);
    }
    settle().await;
    let after = server.resident()?;
    Ok(after.saturating_sub(before) as f64 / connections.len() as f64)
}

/// From the start of the process to its first answer.
pub(super) async fn start_up(programs: &Programs, kind: Kind) -> Result<Duration> {
    let (_server, took) = Server::start(programs, kind).await?;
    Ok(took)
}

async fn settle() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}
