//! Which events of a stretch are left out because newer ones stand for them: pure bookkeeping of numbers.

use std::collections::HashMap;

/// What a subscriber that wants the latest of each key has been told, so that each event that does not come is counted
/// exactly once, however often the stretch after its place is looked at.
#[derive(Debug, Default)]
pub(crate) struct Coalescing {
    /// Up to this number it was said how many do not come.
    told: u64,
    /// Those of them that were said to come and have not been written, in order.
    promised: Vec<u64>,
}

/// Events that do not come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Gap {
    /// The first.
    pub(crate) from: u64,
    /// The last.
    pub(crate) to: u64,
    /// How many are no longer kept.
    pub(crate) skipped: u64,
    /// How many are left out, because newer ones with the same key follow.
    pub(crate) coalesced: u64,
}

/// What is written of a stretch.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Run {
    /// The positions of the events that are written.
    pub(crate) kept: Vec<usize>,
    /// What is said before them.
    pub(crate) gap: Option<Gap>,
    /// Up to which number this tells of every event.
    to: u64,
    /// The numbers of the events that are written.
    seqs: Vec<u64>,
}

impl Coalescing {
    /// What is written of the events after a place: of `missed` that are no longer kept, and of `events`, each with its
    /// number and size, which follow those. No more than about `share` bytes, but at least one event.
    pub(crate) fn run(
        &self,
        after: u64,
        missed: u64,
        events: &[(u64, usize)],
        key: impl Fn(usize) -> String,
        mut share: usize,
    ) -> Run {
        let mut latest = HashMap::new();
        // One alone has nothing to stand for it, and need not be looked at.
        if events.len() > 1 {
            latest.extend((0..events.len()).map(|index| (key(index), index)));
        } else {
            latest.extend((0..events.len()).map(|index| (String::new(), index)));
        }
        let mut kept: Vec<usize> = latest.into_values().collect();
        kept.sort_unstable();
        let fits = |index: &usize| {
            let fits = share > 0;
            share = share.saturating_sub(events.get(*index).map_or(0, |(_, size)| *size));
            fits
        };
        let kept: Vec<usize> = kept.into_iter().take_while(fits).collect();
        let seq = |index: &usize| events.get(*index).map(|(seq, _)| *seq);
        let seqs: Vec<u64> = kept.iter().filter_map(seq).collect();
        let to = seqs.last().copied().unwrap_or(after + missed);

        let gone = (after + 1..=after + missed).filter(|seq| self.is_news(*seq));
        let (skipped, first, last) = counted(gone);
        let out = events.iter().map(|(seq, _)| *seq);
        let out = out.take_while(|seq| *seq <= to);
        let out = out.filter(|seq| seqs.binary_search(seq).is_err() && self.is_news(*seq));
        let (coalesced, first_out, last_out) = counted(out);
        let ends = first.or(first_out).zip(last_out.or(last));
        let gap = ends.map(|(from, to)| Gap {
            from,
            to,
            skipped,
            coalesced,
        });
        Run {
            kept,
            gap,
            to,
            seqs,
        }
    }

    /// Whether it was not said before that this event does not come.
    fn is_news(&self, seq: u64) -> bool {
        seq > self.told || self.promised.binary_search(&seq).is_ok()
    }

    /// What was said before a run has been written.
    pub(crate) fn said(&mut self, run: &Run) {
        self.promised.retain(|seq| *seq > run.to);
        self.promised.splice(0..0, run.seqs.iter().copied());
        self.told = self.told.max(run.to);
    }
}

/// How many, the first and the last.
fn counted(seqs: impl Iterator<Item = u64>) -> (u64, Option<u64>, Option<u64>) {
    let mut found = (0, None, None);
    for seq in seqs {
        found.0 += 1;
        found.1 = found.1.or(Some(seq));
        found.2 = Some(seq);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(after: u64, keys: &[&str], share: usize) -> Run {
        let events: Vec<_> = (after + 1..).take(keys.len()).map(|seq| (seq, 1)).collect();
        Coalescing::default().run(after, 0, &events, |index| keys[index].to_owned(), share)
    }

    #[test]
    fn the_latest_of_each_key_is_kept_in_order() {
        let run = run(4, &["a", "b", "a", "c", "b"], 100);
        assert_eq!(run.kept, [2, 3, 4]);
        let gap = Gap {
            from: 5,
            to: 6,
            skipped: 0,
            coalesced: 2,
        };
        assert_eq!(run.gap, Some(gap));
    }

    #[test]
    fn a_share_that_is_used_up_ends_the_run_and_what_it_tells_of() {
        let run = run(0, &["a", "b", "c", "b"], 1);
        assert_eq!((run.kept, run.gap), (vec![0], None));
    }

    /// One thing that happens to a stream and its subscriber.
    #[derive(Clone, Debug)]
    enum Happens {
        /// An event about this.
        Event(u8),
        /// Retention drops the oldest.
        Drops(u8),
        /// The subscriber has its turn: this share, of which the socket takes so many frames.
        Turn { share: usize, takes: usize },
    }

    fn happens() -> impl Strategy<Value = Happens> {
        prop_oneof![
            4 => (0_u8..4).prop_map(Happens::Event),
            1 => (1_u8..4).prop_map(Happens::Drops),
            2 => (1_usize..6, 0_usize..5).prop_map(|(share, takes)| Happens::Turn { share, takes }),
        ]
    }

    #[derive(Default)]
    struct Model {
        /// The key of each event, from number 1 on.
        keys: Vec<u8>,
        /// How many are no longer kept.
        dropped: usize,
        cursor: u64,
        state: Coalescing,
        got: Vec<u64>,
        told: u64,
    }

    impl Model {
        fn turn(&mut self, share: usize, mut takes: usize) {
            let missed = (self.dropped as u64).saturating_sub(self.cursor);
            let from = self.cursor + missed;
            let events: Vec<_> = (from + 1..=self.keys.len() as u64)
                .map(|seq| (seq, 1))
                .collect();
            if events.is_empty() && missed == 0 {
                return;
            }
            let key = |index: usize| self.keys[usize::try_from(events[index].0).unwrap() - 1];
            let run = self.state.run(
                self.cursor,
                missed,
                &events,
                |index| key(index).to_string(),
                share,
            );
            if let Some(gap) = run.gap {
                assert!(gap.from <= gap.to && gap.to <= run.to);
                if takes == 0 {
                    return;
                }
                takes -= 1;
                self.told += gap.skipped + gap.coalesced;
                self.state.said(&run);
                self.cursor = from;
            }
            for index in run.kept.iter().take(takes) {
                self.cursor = events[*index].0;
                self.got.push(self.cursor);
            }
        }
    }

    proptest! {
        #[test]
        fn the_latest_of_each_key_arrives_in_order_and_the_others_are_counted(script in prop::collection::vec(happens(), 0..60)) {
            let mut model = Model::default();
            for happens in script {
                match happens {
                    Happens::Event(key) => model.keys.push(key),
                    Happens::Drops(count) => model.dropped = (model.dropped + usize::from(count)).min(model.keys.len()),
                    Happens::Turn { share, takes } => model.turn(share, takes),
                }
            }
            let end = model.keys.len() as u64;
            for _ in 0..=end + 1 {
                model.turn(3, usize::MAX);
            }
            // In order, each once, and nothing newer was overtaken.
            prop_assert!(model.got.is_sorted_by(|one, next| one < next));
            // The latest of each key that is still kept has come.
            for (index, key) in model.keys.iter().enumerate().skip(model.dropped) {
                if !model.keys[index + 1..].contains(key) {
                    prop_assert!(model.got.contains(&(index as u64 + 1)), "{}", index + 1);
                }
            }
            // Every number came or was told of.
            prop_assert_eq!(model.got.len() as u64 + model.told, end);
        }
    }
}
