//! Clients behind a link that fails by seed, under a paused clock. `CAR_FAULT_FIRST` and `CAR_FAULT_SEEDS` choose other
//! seeds; a seed that fails says how it is run again.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use car_state::log::{
    Draft, Durability, Families, Family, MemoryLog, Reader, Retention, StreamName,
};
use car_tests::fault_link::{
    Acts, Extent, Fault, Follower, Goal, MemoryLink, Patience, Plan, SEEDS, Seeds, replayable,
};
use car_tests::{TestDaemon, Wanted};
use car_transport::Limits;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use tokio::time::sleep;

/// A family that keeps everything that a test tells.
static GENERIC: Family = Family {
    name: "generic",
    notification: Some("generic.event"),
    keys: &[],
    snapshot: false,
    durability: Durability::Memory,
    retention: Retention {
        count: 100_000,
        bytes: 64 << 20,
        age: Duration::from_secs(7 * 86_400),
    },
    reader: Reader::Everybody,
};

/// One that keeps so little that a client behind a bad link misses some of it.
static FLEETING: Family = Family {
    name: "fleeting",
    notification: Some("fleeting.event"),
    retention: Retention {
        count: 16,
        ..GENERIC.retention
    },
    ..GENERIC
};

const EXTENT: Extent = Extent {
    down: 60_000,
    up: 800,
    delay: Duration::from_secs(3),
    stall: Duration::from_secs(120),
    lifetime: Duration::from_secs(200),
};

/// A client that resumes writes less, and is to lose its connection while there is something to come back to.
const RESUMING: Extent = Extent {
    down: 20_000,
    up: 400,
    ..EXTENT
};

/// The daemon pings every 30 s.
const PATIENCE: Patience = Patience {
    answer: Duration::from_secs(20),
    silence: Duration::from_secs(45),
};

/// Tells events at times and of sizes that depend on the seed.
async fn publish(daemon: &TestDaemon, stream: &StreamName, seed: u64, goal: &Goal) {
    let mut dice = SmallRng::seed_from_u64(!seed);
    let count = dice.random_range(50..250);
    goal.set(count);
    let state = daemon.server.state();
    for n in 0..count {
        if dice.random_bool(0.4) {
            sleep(Duration::from_millis(dice.random_range(0..4_000))).await;
        }
        let longest = if dice.random_bool(0.03) { 20_000 } else { 200 };
        let text = "x".repeat(dice.random_range(0..longest));
        let body = json!({ "n": n, "text": text });
        let draft = Draft::new("told", state.clock().now(), &body).unwrap();
        state.log().append(stream, draft).unwrap();
    }
}

/// How a client comes back.
#[derive(Clone, Copy)]
enum Comeback {
    /// It subscribes again, and asks what became of its acts.
    Subscribes,
    /// Its session is resumed.
    Resumes,
}

async fn run(seed: u64, family: &'static Family, comeback: Comeback) -> Follower {
    let daemon = TestDaemon::with(Wanted {
        state: |config| {
            let families = Families::default().with(&[&GENERIC, &FLEETING]);
            let log = MemoryLog::with_epoch(1).with_families(families);
            config.with_log(Arc::new(log))
        },
        ..Wanted::default()
    });
    let stream = StreamName::single(family);
    let goal = Goal::default();
    let extent = match comeback {
        Comeback::Subscribes => EXTENT,
        Comeback::Resumes => RESUMING,
    };
    let mut link = MemoryLink::new(&daemon.server, seed, extent);
    let mut follower = Follower::new(family.name, PATIENCE);
    follower = match comeback {
        Comeback::Subscribes => follower.doing(Acts::new(&format!("act of seed {seed}"), 8, 6)),
        Comeback::Resumes => follower.resuming(),
    };
    tokio::join!(
        publish(&daemon, &stream, seed, &goal),
        follower.follow(&goal, async |number| Some(link.dial(number).await)),
    );
    follower.compare(daemon.server.connect()).await;
    drop(link);
    if matches!(comeback, Comeback::Resumes) {
        // A session whose token nobody has heard of waits for its grace to end.
        sleep(Limits::default().session.grace).await;
    }
    // It would stay, as it belongs to nobody.
    daemon.server.state().log().remove(&stream);
    daemon.assert_empty().await;
    follower
}

/// A part of the seeds: the parts are tests of their own, so that they run at the same time.
async fn nothing_is_lost(part: u64, of: u64) {
    let (mut runs, mut connections, mut asked) = (0, 0, 0);
    for seed in Seeds::wanted(SEEDS).share(part, of) {
        let run = run(seed, &GENERIC, Comeback::Subscribes);
        let follower = replayable(seed, "e2e", "link::", run).await;
        assert_eq!(follower.missed, [], "seed {seed}: nothing went");
        runs += 1;
        connections += follower.connections;
        asked += follower.acts.map_or(0, |acts| acts.asked);
    }
    // A few seeds may have faults that come too late.
    assert!(runs < 20 || connections > 2 * runs, "the link fails");
    assert!(runs < 20 || asked > runs / 10, "it loses answers");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_said_twice_by_a_link_that_fails_in_the_first_quarter_of_seeds() {
    nothing_is_lost(0, 4).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_said_twice_by_a_link_that_fails_in_the_second_quarter_of_seeds() {
    nothing_is_lost(1, 4).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_said_twice_by_a_link_that_fails_in_the_third_quarter_of_seeds() {
    nothing_is_lost(2, 4).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_or_said_twice_by_a_link_that_fails_in_the_last_quarter_of_seeds() {
    nothing_is_lost(3, 4).await;
}

#[tokio::test(start_paused = true)]
async fn what_retention_took_from_a_client_behind_a_bad_link_is_told_to_the_last_event() {
    let (mut seen, mut missed) = (0, 0);
    for seed in Seeds::wanted(100).all() {
        let follower = replayable(
            seed,
            "e2e",
            "link::",
            run(seed, &FLEETING, Comeback::Subscribes),
        )
        .await;
        // Whatever it did not see it was told of: the numbers are held together while it follows.
        seen += follower.events.len();
        missed += follower.missed.len();
    }
    assert!(seen > 0);
    assert!(missed > 0 || Seeds::wanted(100).all().count() < 20);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_resumed_over_a_link_that_fails_misses_nothing_and_ends_for_good() {
    let (mut runs, mut wanted, mut back) = (0, 0, 0);
    for seed in Seeds::wanted(SEEDS / 4).all() {
        let run = run(seed, &GENERIC, Comeback::Resumes);
        let follower = replayable(seed, "e2e", "link::", run).await;
        assert_eq!(follower.missed, [], "seed {seed}: nothing went");
        let must_come_back = breaks_the_first_connection(seed);
        let resumed = follower.resumed.unwrap();
        runs += 1;
        wanted += u32::from(must_come_back);
        back += u32::from(resumed.times > 0);
        // The last connection is sound, so whoever had a session to come back to has been told about it.
        assert!(
            resumed.returns == 0 || resumed.times + resumed.ended > 0,
            "seed {seed}: {resumed:?}"
        );
        assert!(
            !must_come_back || resumed.times > 0,
            "seed {seed}: its first connection fails in the middle, and {resumed:?}"
        );
    }
    // Links that fail before the token is told, or live to the end, have nothing to come back to.
    let often = wanted > runs / 20 && back > runs / 2;
    assert!(runs < 100 || often, "{wanted} and {back} of {runs}");
}

/// Whether the first connection of a seed fails for certain after its client was given a token and before the last event:
/// whoever has this seed has something to come back to.
fn breaks_the_first_connection(seed: u64) -> bool {
    /// The answer with the token has passed by then, and no seed has fewer bytes of events.
    const STREAM: Range<u64> = 500..5_000;
    let plan = Plan::of(seed, 0, &RESUMING);
    let is_short =
        |fault: &Fault| matches!(fault, Fault::Pause(time) if *time < PATIENCE.answer / 8);
    let ((_, last), pauses) = match plan.down.faults.split_last() {
        Some((last, pauses)) => (*last, pauses),
        None => return false,
    };
    let mut before = plan.up.faults.iter().chain(pauses);
    let place: u64 = plan.down.faults.iter().map(|(after, _)| after).sum();
    let breaks = !matches!(last, Fault::Pause(_)) && STREAM.contains(&place);
    breaks && plan.lifetime.is_none() && before.all(|(_, fault)| is_short(fault))
}
