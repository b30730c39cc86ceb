//! A port in front of a daemon whose connections are cut when the test says so.

use std::net::Ipv4Addr;
use std::sync::Arc;

use car_transport::connect::Target;
use parking_lot::Mutex;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// The port. It ends with this value, and its connections with it.
#[derive(Debug)]
pub struct Cutter {
    port: u16,
    relays: Arc<Mutex<JoinSet<()>>>,
    /// Owned by a set so that it ends with the port.
    _accepting: JoinSet<()>,
}

impl Cutter {
    /// Listens on a free port of this machine, for a daemon on this one.
    pub async fn before(daemon: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("there is a free port");
        let port = listener.local_addr().expect("it has an address").port();
        let relays = Arc::<Mutex<JoinSet<()>>>::default();
        let begun = Arc::clone(&relays);
        let mut accepting = JoinSet::new();
        let _: AbortHandle = accepting.spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.expect("it accepts");
                begun.lock().spawn(async move {
                    // A daemon that is not there lets the client go.
                    if let Ok(mut daemon) = TcpStream::connect((Ipv4Addr::LOCALHOST, daemon)).await
                    {
                        let _ = copy_bidirectional(&mut client, &mut daemon).await;
                    }
                });
            }
        });
        Self {
            port,
            relays,
            _accepting: accepting,
        }
    }

    /// Where clients dial.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::loopback(self.port)
    }

    /// Cuts all connections that there are.
    pub fn cut(&self) {
        *self.relays.lock() = JoinSet::new();
    }
}
