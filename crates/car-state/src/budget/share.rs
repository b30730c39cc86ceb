/// What a holder is counted for grows and shrinks in such steps, in bytes.
const STEP: usize = 2 << 10;
/// So much more than it holds a holder may be counted for before that is corrected. It keeps one whose queue fills and
/// empties all the time from telling everybody.
const SLACK: usize = 2 * STEP;

/// What one holder is counted for: never less than what it holds, and changed in steps, so that few of its changes
/// touch what all share.
#[derive(Debug, Default)]
pub(crate) struct Share(usize);

impl Share {
    /// The change that counts `now` bytes.
    pub(crate) fn settle(&mut self, now: usize) -> isize {
        let wanted = now.next_multiple_of(STEP);
        if now <= self.0 && self.0 - wanted < SLACK {
            return 0;
        }
        let change = wanted.cast_signed() - self.0.cast_signed();
        self.0 = wanted;
        change
    }

    /// The change that counts nothing any more.
    pub(crate) fn give_up(&mut self) -> isize {
        -std::mem::take(&mut self.0).cast_signed()
    }

    /// The bytes that it is counted for.
    pub(crate) fn counted(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_held_is_counted_and_little_more(held in prop::collection::vec(0_usize..40_000, 1..50)) {
            let (mut share, mut together) = (Share::default(), 0_isize);
            for now in held {
                together += share.settle(now);
                prop_assert_eq!(together, share.counted().cast_signed());
                prop_assert!((now..now + STEP + SLACK).contains(&share.counted()));
            }
            prop_assert_eq!(together + share.give_up(), 0);
        }
    }

    #[test]
    fn a_queue_that_fills_and_empties_changes_nothing_after_the_first_time() {
        let mut share = Share::default();
        assert_eq!(share.settle(300), 2_048);
        for now in [0, 300, 2_000, 0, 1] {
            assert_eq!(share.settle(now), 0);
        }
        assert_eq!(share.settle(9_000), 8_192);
        assert_eq!(share.settle(0), -10_240);
    }
}
