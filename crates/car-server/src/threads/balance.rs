//! Which connections change their thread. Pure: it sees loads and says what to do.

/// What a thread did in one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Load {
    /// The part of the round in which it was busy, 0 to 1.
    pub(super) busy: f32,
    /// Connections that had a turn.
    pub(super) active: u32,
}

/// Connections that go from one thread to another: so many of those that have a turn next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) count: u32,
}

/// Decides round by round.
#[derive(Debug)]
pub(super) struct Balance {
    /// Rounds in a row in which two threads could have been one.
    slack: u32,
    /// Rounds of slack that it takes to bring two threads together.
    patience: u32,
    /// Rounds since two threads were brought together.
    together: Option<u32>,
}

/// A thread that is busy for so much of a round has no time left.
const FULL: f32 = 0.9;

/// A thread that is busy for less takes part of the work of a full one.
const FREE: f32 = 0.6;

/// Processors that must be idle for another thread to be of use.
const USEFUL: f32 = 0.4;

/// Two threads that are busy for so much between them are one in any case.
const LITTLE: f32 = 0.6;

/// Two threads that are busy for so much between them are one if the processors are wanted elsewhere: work that is done
/// together takes less, since one look at the sockets finds more.
const SOME: f32 = 1.15;

/// Below this many idle processors they are wanted elsewhere.
const WANTED: f32 = 0.5;

const LEAST_PATIENCE: u32 = 3;
const MOST_PATIENCE: u32 = 1200;

impl Load {
    /// Whether next to nothing was done.
    pub(super) fn is_idle(&self) -> bool {
        self.busy < 0.05
    }
}

impl Default for Balance {
    fn default() -> Self {
        Self {
            slack: 0,
            patience: LEAST_PATIENCE,
            together: None,
        }
    }
}

impl Balance {
    /// What to do after a round with these loads and so many idle processors; where nobody knows, they are taken to be
    /// idle.
    pub(super) fn next(&mut self, loads: &[Load], spare: Option<f32>) -> Option<Shift> {
        let spare = spare.unwrap_or(f32::INFINITY);
        self.together = self.together.map(|rounds| rounds.saturating_add(1));
        if let Some(shift) = spread(loads, spare) {
            // To bring them together was a mistake: the next time it takes longer.
            if self.together.take().is_some_and(|rounds| rounds <= 20) {
                self.patience = (self.patience * 2).min(MOST_PATIENCE);
            }
            self.slack = 0;
            return Some(shift);
        }
        let Some(shift) = gather(loads, spare) else {
            self.slack = 0;
            return None;
        };
        self.slack += 1;
        if self.slack < self.patience {
            return None;
        }
        if self.together.is_some_and(|rounds| rounds > 20) {
            self.patience = LEAST_PATIENCE;
        }
        self.slack = 0;
        self.together = Some(0);
        Some(shift)
    }
}

/// Half of the connections of the thread that has the most to do, if it has no time left and another helps.
fn spread(loads: &[Load], spare: f32) -> Option<Shift> {
    let crowded = loads.iter().enumerate().filter(|(_, load)| load.active > 1);
    let (from, full) = crowded.max_by(|a, b| a.1.busy.total_cmp(&b.1.busy))?;
    let others = loads.iter().enumerate();
    let (to, free) = others.min_by(|a, b| a.1.busy.total_cmp(&b.1.busy))?;
    let helps = full.busy >= FULL && free.busy < FREE && spare >= USEFUL;
    helps.then_some(Shift {
        from,
        to,
        count: full.active / 2,
    })
}

/// All connections of the thread that has the least to do, if the next one could do it as well.
fn gather(loads: &[Load], spare: f32) -> Option<Shift> {
    let mut working: Vec<_> = loads
        .iter()
        .enumerate()
        .filter(|(_, load)| load.active > 0)
        .collect();
    working.sort_by(|a, b| a.1.busy.total_cmp(&b.1.busy));
    let [(from, least), (to, next), ..] = working.as_slice() else {
        return None;
    };
    let both = least.busy + next.busy;
    (both < LITTLE || (both < SOME && spare < WANTED)).then_some(Shift {
        from: *from,
        to: *to,
        count: least.active,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn load(busy: f32, active: u32) -> Load {
        Load { busy, active }
    }

    #[test]
    fn a_full_thread_gives_half_of_its_connections_to_an_idle_one() {
        let shift = Balance::default().next(&[load(1.0, 16), load(0.0, 0)], Some(0.5));
        let half = Shift {
            from: 0,
            to: 1,
            count: 8,
        };
        assert_eq!(shift, Some(half));
    }

    #[test]
    fn a_full_thread_keeps_its_connections_when_no_processor_is_idle() {
        let loads = [load(1.0, 16), load(0.0, 0)];
        assert_eq!(Balance::default().next(&loads, Some(0.1)), None);
    }

    #[test]
    fn one_connection_is_not_divided() {
        let loads = [load(1.0, 1), load(0.0, 0)];
        assert_eq!(Balance::default().next(&loads, Some(1.0)), None);
    }

    #[test]
    fn two_threads_with_little_to_do_come_together_after_some_rounds() {
        let mut balance = Balance::default();
        let loads = [load(0.3, 4), load(0.1, 2)];
        assert_eq!(balance.next(&loads, Some(1.0)), None);
        assert_eq!(balance.next(&loads, Some(1.0)), None);
        let all = Shift {
            from: 1,
            to: 0,
            count: 2,
        };
        assert_eq!(balance.next(&loads, Some(1.0)), Some(all));
    }

    #[test]
    fn two_half_busy_threads_stay_apart_while_a_processor_is_idle() {
        let mut balance = Balance::default();
        for _ in 0..100 {
            assert_eq!(balance.next(&[load(0.5, 4), load(0.5, 4)], Some(0.8)), None);
        }
    }

    #[test]
    fn what_was_brought_together_in_vain_is_left_apart_longer_each_time() {
        let mut balance = Balance::default();
        let mut waits = Vec::new();
        for _ in 0..4 {
            let mut rounds = 0;
            while balance
                .next(&[load(0.5, 8), load(0.5, 8)], Some(0.4))
                .is_none()
            {
                rounds += 1;
            }
            waits.push(rounds);
            let spread = balance.next(&[load(1.0, 16), load(0.0, 0)], Some(1.0));
            assert!(spread.is_some());
        }
        assert_eq!(waits, [2, 5, 11, 23]);
    }
}
