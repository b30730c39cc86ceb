//! The mask on what a client sends (RFC 6455, section 5.3).

/// Applies a mask, which is also how it is taken off. `offset` is the place of `data` in its frame.
pub(super) fn apply(data: &mut [u8], mut mask: [u8; 4], offset: usize) {
    mask.rotate_left(offset % 4);
    let word = u32::from_ne_bytes(mask);
    let word = (u64::from(word) << 32) | u64::from(word);
    let mut chunks = data.chunks_exact_mut(8);
    for chunk in &mut chunks {
        if let Ok(bytes) = <[u8; 8]>::try_from(&*chunk) {
            chunk.copy_from_slice(&(u64::from_ne_bytes(bytes) ^ word).to_ne_bytes());
        }
    }
    for (byte, key) in chunks.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

/// Masks that nobody can guess, taken from the operating system a pool at a time.
#[derive(Debug)]
pub(super) struct Masks {
    pool: [u8; Self::POOL],
    used: usize,
}

impl Masks {
    const POOL: usize = 128;

    pub(super) const fn new() -> Self {
        Self {
            pool: [0; Self::POOL],
            used: Self::POOL,
        }
    }

    /// A fresh mask.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub(super) fn next(&mut self) -> Result<[u8; 4], getrandom::Error> {
        if self.used + 4 > Self::POOL {
            getrandom::fill(&mut self.pool)?;
            self.used = 0;
        }
        let mut mask = [0; 4];
        mask.copy_from_slice(&self.pool[self.used..self.used + 4]);
        self.used += 4;
        Ok(mask)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_mask_is_applied_byte_by_byte_wherever_the_data_is_cut(
            data in proptest::collection::vec(any::<u8>(), 0..200),
            mask in any::<[u8; 4]>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let expected: Vec<u8> =
                data.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
            let cut = cut.index(data.len() + 1);
            let mut masked = data;
            let (head, tail) = masked.split_at_mut(cut);
            apply(head, mask, 0);
            apply(tail, mask, cut);
            prop_assert_eq!(masked, expected);
        }
    }

    #[test]
    fn masks_differ() {
        let mut masks = Masks::new();
        let first = masks.next().unwrap();
        let others: Vec<_> = (0..100).map(|_| masks.next().unwrap()).collect();
        assert!(others.iter().any(|mask| *mask != first));
    }
}
