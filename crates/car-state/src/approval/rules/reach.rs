use std::sync::atomic::{AtomicU64, Ordering};

use crate::traffic::MethodIndex;

/// For how many methods there is room. The table has fewer, which a test holds.
const METHODS: usize = 512;
const WORDS: usize = METHODS / 64;

/// Which methods any rule could match: a bit for each, so that a frame whose method no rule is about pays for one load.
#[derive(Debug, Default)]
pub struct Reach {
    methods: [AtomicU64; WORDS],
}

impl Reach {
    /// Whether a rule could match this method.
    #[must_use]
    #[inline]
    pub fn has(&self, method: MethodIndex) -> bool {
        let Some(line) = method.line() else {
            return false;
        };
        let word = self.methods.get(line / 64);
        word.is_some_and(|word| word.load(Ordering::Relaxed) & (1 << (line % 64)) != 0)
    }

    /// Whether a rule could match any method.
    #[must_use]
    pub fn any(&self) -> bool {
        self.methods
            .iter()
            .any(|word| word.load(Ordering::Relaxed) != 0)
    }

    /// Reaches these methods from now on, by their lines in the table, and no others.
    pub fn set(&self, lines: impl IntoIterator<Item = usize>) {
        let mut bits = [0_u64; WORDS];
        for line in lines {
            if let Some(word) = bits.get_mut(line / 64) {
                *word |= 1 << (line % 64);
            }
        }
        for (word, bits) in self.methods.iter().zip(bits) {
            word.store(bits, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use car_protocol::rpc;

    use super::*;

    #[test]
    fn there_is_room_for_every_method() {
        assert!(rpc::methods().count() <= METHODS);
    }

    #[test]
    fn what_is_set_is_reached_and_nothing_else() {
        let reach = Reach::default();
        reach.set([0, 3]);
        for (line, spec) in rpc::methods().enumerate() {
            assert_eq!(reach.has(MethodIndex::of(spec)), [0, 3].contains(&line));
        }
        assert!(reach.any() && !reach.has(MethodIndex::UNKNOWN));
        reach.set([]);
        assert!(!reach.any());
    }
}
