//! What there is now, over all connections.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::rpc::diagnostics::{ConnectionStatus, Queues};
use car_protocol::rpc::events::Delivery;
use car_state::session::ClientSession;
use car_transport::{Peer, PeerAddress};

use super::Operations;
use crate::life::Open;

/// What waits, and where.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) queues: Queues,
    /// The longest time that a socket has taken nothing.
    pub(super) longest_stall: Duration,
    /// Subscriptions by how their events come.
    pub(super) classes: Classes,
    /// In no order.
    pub(super) connections: Vec<ConnectionStatus>,
}

/// Subscriptions by how their events come.
#[derive(Debug, Default)]
pub(super) struct Classes {
    pub(super) lossless: Class,
    pub(super) coalesce: Class,
}

/// The subscriptions of one delivery class.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Class {
    pub(super) subscriptions: u64,
    /// Events that are not written, over all of them.
    pub(super) lag: u64,
    /// The same of the one that is furthest behind.
    pub(super) most: u64,
}

impl Classes {
    fn add(&mut self, delivery: Delivery, lag: u64) {
        let class = match delivery {
            Delivery::Coalesce => &mut self.coalesce,
            _ => &mut self.lossless,
        };
        class.subscriptions += 1;
        class.lag += lag;
        class.most = class.most.max(lag);
    }
}

impl Counts {
    /// Asks every connection.
    pub(super) fn gather(operations: &Operations) -> Self {
        let mut counts = Self::default();
        for open in operations.life.open() {
            if let Some(session) = open.session.upgrade() {
                counts.add(operations, &open, &session);
            }
        }
        let (detached, noted) = operations.state.resumes().waiting();
        let replies = |session: Arc<ClientSession>| {
            let resumption = session.resumption();
            resumption.map_or(0, |resumption| resumption.replies().bytes() as u64)
        };
        let sessions = operations.state.sessions().all().into_iter();
        let queues = &mut counts.queues;
        queues.sessions_detached = detached as u64;
        queues.sessions_noted = noted as u64;
        queues.reply_bytes = sessions.map(replies).sum();
        counts
    }

    fn add(&mut self, operations: &Operations, open: &Open, session: &ClientSession) {
        let channel = session.link().channel();
        let depth = channel.as_ref().map(|channel| channel.depth());
        let depth = depth.unwrap_or_default();
        let stalled = channel.as_ref().and_then(|channel| channel.stalled());
        let log = operations.state.log();
        let lags: Vec<u64> = session
            .subscriptions()
            .list()
            .iter()
            .map(|fed| {
                let lag = log.head(&fed.stream).seq.saturating_sub(fed.written);
                self.classes.add(fed.delivery, lag);
                lag
            })
            .collect();
        let lag_events = lags.iter().sum();
        let bulk = channel.as_ref().map_or(0, |channel| channel.bulk_bytes());

        let queues = &mut self.queues;
        queues.fast_frames += depth.frames as u64;
        queues.fast_bytes += depth.bytes as u64;
        queues.request_bytes += depth.request_bytes as u64;
        queues.subscriptions += lags.len() as u64;
        queues.bulk_bytes += bulk as u64;
        queues.bulk_lag_events += lag_events;
        queues.bulk_lag_most = lags.iter().copied().fold(queues.bulk_lag_most, u64::max);
        queues.stalled_connections += u64::from(stalled.is_some());
        self.longest_stall = self.longest_stall.max(stalled.unwrap_or_default());

        let identity = session.identity();
        self.connections.push(ConnectionStatus {
            session_id: session.id().to_string(),
            role: identity.role(),
            authenticated: identity.is_authenticated(),
            transport: transport(&open.peer).to_owned(),
            peer: open.peer.to_string(),
            open_ms: millis(open.since.elapsed()),
            requests_in_flight: depth.requests as u64,
            callbacks_open: session.callbacks().len() as u64,
            queued_frames: depth.frames as u64,
            queued_bytes: depth.bytes as u64,
            subscriptions: lags.len() as u64,
            lag_events,
            stalled_ms: stalled.map(millis),
        });
    }

    /// The connections that wait most, first; of those that wait alike, the oldest.
    pub(super) fn worst(mut self, limit: usize) -> Vec<ConnectionStatus> {
        self.connections.sort_by_key(|row| {
            Reverse((
                row.stalled_ms,
                row.queued_bytes,
                row.lag_events,
                row.requests_in_flight,
                row.open_ms,
                Reverse(row.session_id.clone()),
            ))
        });
        self.connections.truncate(limit);
        self.connections
    }
}

fn transport(peer: &Peer) -> &'static str {
    match peer.address {
        PeerAddress::Tcp(_) => "tcp",
        PeerAddress::Unix { .. } => "unix",
        PeerAddress::Memory => "memory",
        _ => "other",
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
