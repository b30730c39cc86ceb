//! How many events are worth waiting for before they are committed.

use std::time::Duration;

use tokio::time::Instant;

/// How long a group waits at most.
pub(super) const LINGER: Duration = Duration::from_millis(1);
/// What comes so long after the last group does not belong to a flow, and does not wait.
const FLOW: Duration = Duration::from_millis(5);
/// After an attempt to make groups larger that was in vain, so many groups go by before the next.
const RESTS: u32 = 64;

/// Finds out how large groups become when they are waited for.
///
/// Each group costs every subscriber a wake and a write, so that many small ones cost more than a short wait. Publishers
/// often wait for what they published before they go on; then a group never becomes larger than what they have out at
/// once, and that is what is to be found: as soon as so many are there, the group is complete.
#[derive(Debug, Default)]
pub(super) struct Grouping {
    /// How many events the last group had.
    last: usize,
    /// When it was committed.
    at: Option<Instant>,
    /// Groups until the next attempt.
    rests: u32,
}

impl Grouping {
    /// How many events to wait for, for [`LINGER`] at most; none where there is no flow: who publishes one event at a
    /// time, or now and then, does not wait.
    pub(super) fn goal(&self, now: Instant) -> Option<usize> {
        let flows = self.at.is_some_and(|at| now.duration_since(at) < FLOW);
        let more = if self.rests == 0 { self.last / 2 } else { 0 };
        (flows && self.last > 1).then_some(self.last + more)
    }

    /// A group was committed that waited for so many.
    pub(super) fn committed(&mut self, goal: Option<usize>, events: usize, now: Instant) {
        self.rests = match goal {
            Some(goal) if events < goal => RESTS,
            _ => self.rests.saturating_sub(1),
        };
        (self.last, self.at) = (events, Some(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups of a flow in which at most so many events are out at once.
    fn settle(grouping: &mut Grouping, out: usize, groups: usize) -> (usize, usize) {
        let now = Instant::now();
        let (mut size, mut in_vain) = (1, 0);
        for _ in 0..groups {
            let goal = grouping.goal(now);
            // Without a wait a part comes together, with one all that are out.
            size = goal.map_or(out / 2, |_| out).max(1);
            in_vain += usize::from(goal.is_some_and(|goal| goal > size));
            grouping.committed(goal, size, now);
        }
        (size, in_vain)
    }

    #[test]
    fn groups_become_as_large_as_what_is_out_at_once_and_seldom_wait_in_vain() {
        let mut grouping = Grouping::default();
        let (size, in_vain) = settle(&mut grouping, 16, 650);
        assert_eq!(size, 16);
        assert!(in_vain <= 11, "{in_vain}");
        // Fewer publishers are found out, too.
        let (size, in_vain) = settle(&mut grouping, 4, 65);
        assert_eq!(size, 4);
        assert!(in_vain <= 2, "{in_vain}");
    }

    #[test]
    fn who_publishes_one_event_at_a_time_or_now_and_then_does_not_wait() {
        let mut grouping = Grouping::default();
        let now = Instant::now();
        assert_eq!(grouping.goal(now), None);
        grouping.committed(None, 1, now);
        assert_eq!(grouping.goal(now), None);
        grouping.committed(None, 8, now);
        assert_eq!(grouping.goal(now), Some(12));
        assert_eq!(grouping.goal(now + FLOW), None);
    }
}
