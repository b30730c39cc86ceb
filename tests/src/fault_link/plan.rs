//! What happens to the connections of a seed.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

/// How large the traffic of a test is, so that faults fall into it, and how long things may take on its clock.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// About how many bytes a client reads in all.
    pub down: u64,
    /// About how many bytes a client writes in all.
    pub up: u64,
    /// How long bytes may be late.
    pub delay: Duration,
    /// How long a direction may stand still before it goes on.
    pub stall: Duration,
    /// When a connection without another end is dropped, at the latest.
    pub lifetime: Duration,
}

/// What happens to one direction after so many bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Nothing passes for so long; what waits then comes all the same.
    Pause(Duration),
    /// The connection ends for both, without a word. What was let through before is half a frame, mostly.
    Cut,
    /// Half open: what is written from now on gets lost, and nobody is told.
    Deaf,
    /// Half open: nothing is taken any more, so that the writer has to wait for ever.
    Clogged,
}

/// One direction of a connection: the faults, each after so many further bytes, and then nothing more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Course {
    /// In order.
    pub faults: Vec<(u64, Fault)>,
    /// Bytes that pass at once at most: small ones tear every frame apart.
    pub piece: usize,
    /// The dice for the size of each piece.
    pub seed: u64,
}

/// One connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// From the client to the daemon.
    pub up: Course,
    /// From the daemon to the client.
    pub down: Course,
    /// When both ends lose it, whatever has passed.
    pub lifetime: Option<Duration>,
}

/// Connections of a seed that fail at most; those that follow are sound, so that every run ends.
const MOST_FAULTY: u64 = 6;
/// Pauses of one direction at most.
const MOST_PAUSES: u32 = 3;

impl Plan {
    /// The plan of the `connection`-th connection of a seed.
    #[must_use]
    pub fn of(seed: u64, connection: u64, extent: &Extent) -> Self {
        let faulty = dice(seed, 0).random_range(1..=MOST_FAULTY);
        let mut dice = dice(seed, connection + 1);
        if connection >= faulty {
            return Self::sound(&mut dice);
        }
        let mut plan = Self {
            up: Course::paused(&mut dice, extent.up, extent),
            down: Course::paused(&mut dice, extent.down, extent),
            lifetime: None,
        };
        let up = place(&mut dice, extent.up);
        let down = place(&mut dice, extent.down);
        match dice.random_range(0..9) {
            // A frame that the client reads is the one that is torn most often.
            0..3 => plan.down.faults.push((down, Fault::Cut)),
            3 => plan.up.faults.push((up, Fault::Cut)),
            4 => plan.down.faults.push((down, Fault::Deaf)),
            5 => plan.up.faults.push((up, Fault::Deaf)),
            6 => plan.down.faults.push((down, Fault::Clogged)),
            7 => plan.up.faults.push((up, Fault::Clogged)),
            _ => plan.lifetime = Some(up_to(&mut dice, extent.lifetime)),
        }
        plan
    }

    /// One to which nothing happens, but in pieces.
    fn sound(dice: &mut SmallRng) -> Self {
        Self {
            up: Course::sound(dice),
            down: Course::sound(dice),
            lifetime: None,
        }
    }

    /// Whether nothing happens to it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.up.faults.is_empty() && self.down.faults.is_empty() && self.lifetime.is_none()
    }
}

impl Course {
    fn sound(dice: &mut SmallRng) -> Self {
        let pieces = [16, 256, 4_096, 16_384];
        Self {
            faults: Vec::new(),
            piece: pieces[dice.random_range(0..pieces.len())],
            seed: dice.random(),
        }
    }

    /// One that is late now and then, and stands still sometimes.
    fn paused(dice: &mut SmallRng, bytes: u64, extent: &Extent) -> Self {
        let mut course = Self::sound(dice);
        for _ in 0..dice.random_range(0..=MOST_PAUSES) {
            let longest = if dice.random_bool(0.25) {
                extent.stall
            } else {
                extent.delay
            };
            let pause = Fault::Pause(up_to(dice, longest));
            course.faults.push((place(dice, bytes / 4), pause));
        }
        course
    }
}

/// The dice of one connection of a seed; each its own, so that a plan does not depend on those before.
fn dice(seed: u64, connection: u64) -> SmallRng {
    SmallRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ connection)
}

/// A number of bytes: as often among the first few as among the last many.
fn place(dice: &mut SmallRng, bytes: u64) -> u64 {
    let digits = u64::BITS - bytes.max(1).leading_zeros();
    let most = bytes.max(1) >> dice.random_range(0..digits);
    dice.random_range(0..=most)
}

fn up_to(dice: &mut SmallRng, longest: Duration) -> Duration {
    let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(dice.random_range(0..=micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent {
        down: 50_000,
        up: 1_000,
        delay: Duration::from_secs(1),
        stall: Duration::from_secs(60),
        lifetime: Duration::from_secs(60),
    };

    fn plans(seed: u64) -> Vec<Plan> {
        (0..MOST_FAULTY + 2)
            .map(|connection| Plan::of(seed, connection, &EXTENT))
            .collect()
    }

    #[test]
    fn a_seed_always_has_the_same_plans_and_another_seed_has_others() {
        assert_eq!(plans(7), plans(7));
        assert_ne!(plans(7), plans(8));
    }

    #[test]
    fn every_seed_has_a_fault_and_comes_to_an_end() {
        for seed in 0..500 {
            let plans = plans(seed);
            assert!(!plans[0].is_sound(), "{seed}");
            assert!(plans[MOST_FAULTY as usize..].iter().all(Plan::is_sound));
        }
    }

    #[test]
    fn a_hundred_seeds_have_every_kind_of_fault_in_both_directions() {
        let all: Vec<Plan> = (0..100).flat_map(plans).collect();
        let has = |fault: fn(&Fault) -> bool| {
            let among = |course: &Course| course.faults.iter().any(|(_, one)| fault(one));
            all.iter().any(|plan| among(&plan.up)) && all.iter().any(|plan| among(&plan.down))
        };
        assert!(has(|fault| *fault == Fault::Cut));
        assert!(has(|fault| *fault == Fault::Deaf));
        assert!(has(|fault| *fault == Fault::Clogged));
        assert!(has(|fault| matches!(fault, Fault::Pause(_))));
        assert!(all.iter().any(|plan| plan.lifetime.is_some()));
    }
}
