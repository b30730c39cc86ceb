use std::net::{Ipv4Addr, SocketAddr};

use car_transport::connect::Target;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::plan::{Extent, Plan};
use super::relay::relay;

/// A port in front of a daemon, whose connections fail by seed. It ends with this value, and they with it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    /// Owned by a set so that everything ends with the proxy.
    accepting: JoinSet<()>,
}

impl Proxy {
    /// Listens on a free port of this machine. Connections are counted as they come.
    pub async fn before(daemon: SocketAddr, seed: u64, extent: Extent) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("there is a free port");
        let address = listener.local_addr().expect("it has an address");
        let mut accepting = JoinSet::new();
        let _: AbortHandle = accepting.spawn(async move {
            let mut relays = JoinSet::new();
            for connection in 0.. {
                let (client, _) = listener.accept().await.expect("it accepts");
                let plan = Plan::of(seed, connection, &extent);
                relays.spawn(async move {
                    // A daemon that is not there lets the client go.
                    if let Ok(daemon) = TcpStream::connect(daemon).await {
                        let _ = (client.set_nodelay(true), daemon.set_nodelay(true));
                        relay(client, daemon, plan).await;
                    }
                });
                while relays.try_join_next().is_some() {}
            }
        });
        Self { address, accepting }
    }

    /// Where clients dial.
    #[must_use]
    pub fn target(&self) -> Target {
        debug_assert!(!self.accepting.is_empty(), "it listens");
        Target::loopback(self.address.port())
    }
}
