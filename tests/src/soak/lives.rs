//! One client: connection after connection, each of which ends in its own way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use car_client::Client;
use car_transport::connect::upgrade;
use car_transport::websocket::Config;
use car_transport::{Duplex, Limits, Peer};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::io::duplex;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::acts;
use super::tally::Tally;
use crate::fault_link::{Extent, Plan, relay};

/// How long a client waits for an answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// Bytes that are on their way to or from a client.
const BUFFER: usize = 16 << 10;

/// The faults of a connection that has some: standing still for longer than the daemon waits for a peer that takes
/// nothing, and half a connection.
const EXTENT: Extent = Extent {
    down: 200_000,
    up: 20_000,
    delay: Duration::from_millis(50),
    stall: Duration::from_secs(12),
    lifetime: Duration::from_secs(6),
};

/// What all clients know.
#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) address: SocketAddr,
    pub(super) token: String,
    pub(super) host_token: String,
    pub(super) tally: Tally,
    /// Cancelled when clients are to end.
    pub(super) over: CancellationToken,
    /// Cancelled when nothing waits for a decision any more.
    pub(super) decided: CancellationToken,
}

impl World {
    pub(super) fn new(seed: u64, address: SocketAddr, token: String, host_token: String) -> Self {
        Self {
            seed,
            address,
            token,
            host_token,
            tally: Tally::default(),
            over: CancellationToken::new(),
            decided: CancellationToken::new(),
        }
    }

    /// The dice of one who takes part.
    pub(super) fn dice(&self, number: u64) -> SmallRng {
        SmallRng::seed_from_u64(self.seed.rotate_left(32) ^ number)
    }
}

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// With a close frame.
    Clean,
    /// With its socket.
    Abrupt,
    /// As its plan has it, or when the client has no patience any more.
    Planned,
}

/// Lives until the run is over.
pub(super) async fn client(world: Arc<World>, number: u64) {
    let mut dice = world.dice(number);
    // Not all in one moment.
    let mut pause = Duration::from_millis(dice.random_range(0..2_000));
    for life in 0.. {
        let span = if dice.random_bool(0.1) { 20_000 } else { 6_000 };
        let span = Duration::from_millis(dice.random_range(100..span));
        let living = async {
            sleep(pause).await;
            live(&world, number, life, span, &mut dice).await;
        };
        tokio::select! {
            biased;
            () = world.over.cancelled() => return,
            () = living => {}
        }
        pause = Duration::from_millis(dice.random_range(0..300));
    }
}

async fn live(world: &World, number: u64, life: u64, span: Duration, dice: &mut SmallRng) {
    let end = match dice.random_range(0..10) {
        0..3 => End::Clean,
        3..5 => End::Abrupt,
        _ => End::Planned,
    };
    let plan = match end {
        // A seed's last connections are sound.
        End::Clean | End::Abrupt => Plan::of(world.seed, u64::MAX - 1, &EXTENT),
        End::Planned => Plan::of(world.seed ^ (number << 32 | life), 0, &EXTENT),
    };
    let mut links = JoinSet::new();
    let Ok(Some(client)) = timeout(DEADLINE, connect(world, plan, &mut links)).await else {
        world.tally.error("(no connection)");
        return;
    };
    // Who ends in the middle of something is as good as who has finished.
    let _ = timeout(span, acts::act(world, &client, dice)).await;
    if matches!(end, End::Clean) {
        client.close().await;
    }
    drop(links);
}

/// A client behind a link that follows the plan.
async fn connect(world: &World, plan: Plan, links: &mut JoinSet<()>) -> Option<Client> {
    let socket = TcpStream::connect(world.address).await.ok()?;
    socket.set_nodelay(true).ok()?;
    let (near, far) = duplex(BUFFER);
    links.spawn(async move {
        relay(near, socket, plan).await;
    });
    let host = world.address.to_string();
    let config = Config::client(&Limits::default());
    let (sink, source) = upgrade(far, &host, "/", &config).await.ok()?;
    let peer = Peer::tcp(world.address);
    let client = Client::builder().token(&*world.token).deadline(DEADLINE);
    client.over(Duplex { sink, source, peer }).await.ok()
}
