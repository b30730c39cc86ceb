use bytes::Bytes;
use car_server::Server;
use car_transport::websocket::{Config, over};
use car_transport::{Duplex, Limits, Peer};
use tokio::io::duplex;
use tokio::task::JoinSet;

use super::plan::{Extent, Plan};
use super::relay::relay;

/// What a direction holds that was not read, on each side of the link.
const BUFFER: usize = 8 << 10;

/// Connections to a daemon in this process that fail by seed. They are WebSockets without a handshake, over bytes in
/// memory, so that the clock may be paused. They end with this value.
#[derive(Debug)]
pub struct MemoryLink {
    server: Server,
    seed: u64,
    extent: Extent,
    relays: JoinSet<()>,
}

impl MemoryLink {
    /// The link of a seed.
    #[must_use]
    pub fn new(server: &Server, seed: u64, extent: Extent) -> Self {
        Self {
            server: server.clone(),
            seed,
            extent,
            relays: JoinSet::new(),
        }
    }

    /// The client's end of the connection of this number.
    pub async fn dial(&mut self, number: u64) -> Duplex {
        let limits = Limits::default();
        let (client, near) = duplex(BUFFER);
        let (far, daemon) = duplex(BUFFER);
        let (sink, source) = over(daemon, Bytes::new(), &Config::server(&limits)).await;
        let peer = Peer::memory();
        self.server.spawn_connection(Duplex { sink, source, peer });
        let plan = Plan::of(self.seed, number, &self.extent);
        self.relays.spawn(async move {
            relay(near, far, plan).await;
        });
        let (sink, source) = over(client, Bytes::new(), &Config::client(&limits)).await;
        let peer = Peer::memory();
        Duplex { sink, source, peer }
    }
}
