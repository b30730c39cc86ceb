//! Clients behind a link that fails by seed, in front of the real daemon.

use std::time::Duration;

use car_tests::fault_link::{
    Extent, Follower, Goal, Patience, Proxy, SOCKET_SEEDS, Seeds, replayable,
};
use car_tests::program::{Program, Sandbox};
use car_transport::Duplex;
use car_transport::connect::{self, Options, Target};
use futures_util::future::join_all;
use serde_json::json;

use crate::families::{Source, families};

/// Clients at once.
const TOGETHER: usize = 20;
/// What happens in a stream while they follow it. The smallest family keeps 500 events.
const TOLD: usize = 60;

const EXTENT: Extent = Extent {
    down: 40_000,
    up: 500,
    delay: Duration::from_millis(5),
    stall: Duration::from_millis(400),
    lifetime: Duration::from_millis(400),
};

const PATIENCE: Patience = Patience {
    answer: Duration::from_millis(300),
    silence: Duration::from_millis(300),
};

async fn dial(target: &Target) -> Option<Duplex> {
    let options = Options::default().with_deadline(PATIENCE.answer);
    connect::connect(target, &options).await.ok()
}

async fn follow(daemon: &Program, stream: &str, seed: u64, goal: &Goal) -> u64 {
    let proxy = Proxy::before(daemon.address(), seed, EXTENT).await;
    let (through, past) = (proxy.target(), Target::loopback(daemon.address().port()));
    // Hosts read every stream.
    let host = json!({ "host_token": "" });
    let mut follower = Follower::new(stream, PATIENCE).introduced("session.auth", host);
    follower.follow(goal, async |_| dial(&through).await).await;
    assert_eq!(follower.missed, [], "nothing went");
    follower.compare(dial(&past).await.unwrap()).await;
    follower.connections
}

async fn run(family: &str, seeds: &[u64]) {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-auth"]);
    let mut source = Source::of(&daemon, family).await;
    let (stream, goal) = (source.stream.clone(), Goal::default());
    let telling = async {
        for n in 0..TOLD {
            source.tell(n).await;
        }
        goal.set(source.head().await);
    };
    let following = join_all(seeds.iter().map(|seed| {
        let one = follow(&daemon, &stream, *seed, &goal);
        replayable(*seed, "sockets", "link::", one)
    }));
    let ((), connections) = tokio::join!(telling, following);
    let connections: u64 = connections.into_iter().sum();
    assert!(
        seeds.len() < TOGETHER || connections > seeds.len() as u64,
        "the link fails"
    );
    source.client.leave().await;
}

#[tokio::test]
async fn every_family_comes_whole_through_a_link_that_fails_before_the_real_daemon() {
    let sandbox = Sandbox::new();
    let families = families(&sandbox.start(&["--no-auth"])).await;
    let seeds: Vec<u64> = Seeds::wanted(SOCKET_SEEDS).all().collect();
    for family in families {
        for seeds in seeds.chunks(TOGETHER) {
            run(&family.name, seeds).await;
        }
    }
}
