//! Who pays when memory is short: a pure function of who holds how much.

/// A connection that holds no more than this is never closed for memory: that would free nothing to speak of.
pub(super) const SPARED: usize = 64 << 10;

/// What one connection holds and has not been asked for yet, in bytes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Holding {
    /// Events that were read from storage for it and that its socket has not taken: they can be read again.
    pub(crate) bulk: usize,
    /// Answers and other frames of the fast lane, which are nowhere else.
    pub(crate) fast: usize,
}

/// What the streams hold in memory, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Rings {
    /// What storage has, too; more than there is where it is not known.
    pub(crate) stored: usize,
    /// The largest of those that are in memory alone.
    pub(crate) largest: usize,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// This connection gives its events back to the log.
    GiveBack(usize),
    /// Streams let go of what storage has.
    LetGo,
    /// The largest streams that are in memory alone drop their oldest events.
    Evict,
    /// This connection is closed.
    Close(usize),
    /// Nothing: there is room, or nobody has anything that is worth it.
    Done,
}

/// The next step while there are `over` bytes too many.
///
/// What costs nobody anything goes first, of connections that of the one that holds most. Then whoever holds most of
/// what is nowhere else: a connection loses its place, or a stream its past.
pub(crate) fn next(over: usize, connections: &[Holding], rings: Rings) -> Step {
    if over == 0 {
        return Step::Done;
    }
    let worst = |of: fn(&Holding) -> usize, weigh: fn(&Holding) -> usize| {
        let all = connections.iter().enumerate();
        let some = all.filter(|(_, holding)| of(holding) > 0);
        some.max_by_key(|(_, holding)| weigh(holding))
            .map(|(index, _)| index)
    };
    if let Some(index) = worst(
        |holding| holding.bulk,
        |holding| holding.bulk + holding.fast,
    ) {
        return Step::GiveBack(index);
    }
    if rings.stored > 0 {
        return Step::LetGo;
    }
    let index = worst(|holding| holding.fast, |holding| holding.fast);
    let fast = index.and_then(|index| connections.get(index));
    match (index, fast) {
        (Some(index), Some(holding)) if holding.fast > rings.largest.max(SPARED) => {
            Step::Close(index)
        }
        _ if rings.largest > 0 => Step::Evict,
        _ => Step::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1 << 10;

    /// Takes every step; the model of a stream is its size.
    fn settle(
        mut over: usize,
        connections: &mut [Holding],
        mut stored: usize,
        rings: &mut [usize],
    ) -> (Vec<Step>, usize) {
        let mut steps = Vec::new();
        loop {
            let largest = rings.iter().copied().max().unwrap_or_default();
            let step = next(over, connections, Rings { stored, largest });
            match step {
                Step::GiveBack(index) => {
                    over = over.saturating_sub(std::mem::take(&mut connections[index].bulk));
                }
                Step::LetGo => over = over.saturating_sub(std::mem::take(&mut stored)),
                Step::Evict => {
                    let ring = rings.iter_mut().max().unwrap();
                    over = over.saturating_sub(std::mem::take(ring));
                }
                Step::Close(index) => {
                    over = over.saturating_sub(std::mem::take(&mut connections[index].fast));
                }
                Step::Done => return (steps, over),
            }
            steps.push(step);
        }
    }

    /// Every state of three connections and two streams with a few sizes each.
    fn every_state(mut look: impl FnMut(usize, Vec<Holding>, usize, Vec<usize>)) {
        let sizes = [0, 50 * KIB, 100 * KIB, 300 * KIB];
        let holdings = sizes
            .iter()
            .flat_map(|bulk| sizes.map(|fast| Holding { bulk: *bulk, fast }));
        let holdings: Vec<_> = holdings.collect();
        for over in [0, 1, 120 * KIB, 10_000 * KIB] {
            for (a, b) in holdings
                .iter()
                .flat_map(|a| holdings.iter().map(move |b| (a, b)))
            {
                for c in [
                    Holding::default(),
                    Holding {
                        bulk: 100 * KIB,
                        fast: 100 * KIB,
                    },
                ] {
                    for stored in [0, 200 * KIB] {
                        for ring in sizes {
                            look(over, vec![*a, *b, c], stored, vec![ring, 90 * KIB]);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn whoever_can_pay_pays_until_there_is_room() {
        every_state(|over, mut connections, stored, mut rings| {
            let (_, left) = settle(over, &mut connections, stored, &mut rings);
            let anything = connections.iter().any(|holding| holding.fast > SPARED)
                || connections.iter().any(|holding| holding.bulk > 0)
                || rings.iter().any(|ring| *ring > 0);
            assert!(left == 0 || !anything, "{left} are left over");
        });
    }

    #[test]
    fn nothing_is_lost_while_something_can_be_given_back() {
        every_state(|over, mut connections, stored, mut rings| {
            let spare: usize = stored + connections.iter().map(|one| one.bulk).sum::<usize>();
            let (steps, _) = settle(over, &mut connections, stored, &mut rings);
            let lost = |step: &Step| matches!(step, Step::Close(_) | Step::Evict);
            let first = steps.iter().position(lost).unwrap_or(steps.len());
            assert!(steps[first..].iter().all(lost));
            assert!(spare < over || first == steps.len());
        });
    }

    #[test]
    fn the_worst_pays_first_and_the_small_never() {
        every_state(|over, connections, stored, rings| {
            let mut now = connections.clone();
            let (steps, _) = settle(over, &mut now, stored, &mut rings.clone());
            let mut now = connections;
            for step in steps {
                match step {
                    Step::GiveBack(index) => {
                        let weigh = |one: &Holding| one.bulk + one.fast;
                        let others = now.iter().filter(|one| one.bulk > 0);
                        assert!(others.map(weigh).all(|other| other <= weigh(&now[index])));
                        now[index].bulk = 0;
                    }
                    Step::Close(index) => {
                        assert!(now.iter().all(|one| one.fast <= now[index].fast));
                        assert!(now[index].fast > SPARED);
                        now[index].fast = 0;
                    }
                    _ => {}
                }
            }
        });
    }

    #[test]
    fn a_stream_that_holds_more_than_every_connection_pays_before_them() {
        every_state(|over, connections, _, rings| {
            let largest = rings.iter().copied().max().unwrap_or_default();
            let connections: Vec<_> = connections
                .iter()
                .map(|one| Holding { bulk: 0, ..*one })
                .collect();
            let step = next(over, &connections, Rings { stored: 0, largest });
            let worst = connections.iter().map(|one| one.fast).max().unwrap();
            let expected = match () {
                () if over == 0 => "nothing",
                () if worst > largest.max(SPARED) => "close",
                () => "evict",
            };
            let got = match step {
                Step::Close(_) => "close",
                Step::Evict => "evict",
                _ => "nothing",
            };
            assert_eq!(got, expected);
        });
    }
}
