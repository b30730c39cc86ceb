//! Frames in the order of their numbers: what comes too early waits for what is missing, for a while.

use std::collections::BTreeMap;
use std::mem;

use bytes::Bytes;

/// How many frames wait for one that is missing.
pub const MOST_WAITING: usize = 32;
/// How many bytes of them.
pub const MOST_WAITING_BYTES: usize = 2 << 20;

/// Puts the frames of one stream in order. It has no clock: [`give_up`](Self::give_up) is for whoever has.
#[derive(Debug, Default)]
pub struct Sequence {
    next: u64,
    waiting: BTreeMap<u64, Bytes>,
    waiting_bytes: usize,
    passed_over: u64,
}

/// What comes out, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// The samples of a frame.
    Audio(Bytes),
    /// So many frames are missing, and are waited for no longer.
    Gap(u64),
}

impl Sequence {
    /// Takes a frame; without a number it is the one after all that came. What came before, or came twice, is passed
    /// over.
    pub fn push(&mut self, number: Option<u64>, audio: Bytes, into: &mut Vec<Piece>) {
        let last = self.waiting.last_key_value().map(|(number, _)| *number);
        let number = number.unwrap_or_else(|| last.map_or(self.next, |n| n.saturating_add(1)));
        if number < self.next || self.waiting.contains_key(&number) {
            self.passed_over += 1;
            return;
        }
        if number == self.next {
            self.next = self.next.saturating_add(1);
            into.push(Piece::Audio(audio));
        } else {
            self.waiting_bytes += audio.len();
            self.waiting.insert(number, audio);
        }
        self.release(into);
        while self.waiting.len() > MOST_WAITING || self.waiting_bytes > MOST_WAITING_BYTES {
            self.skip(into);
        }
    }

    /// Waits no longer for the frames that are missing before the first that has come.
    pub fn give_up(&mut self, into: &mut Vec<Piece>) {
        self.skip(into);
    }

    /// The stream has ended: waits for nothing any more.
    pub fn finish(&mut self, into: &mut Vec<Piece>) {
        while self.is_waiting() {
            self.skip(into);
        }
    }

    /// Whether a frame is missing.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// How many frames came too late or twice since this was asked last.
    pub fn take_passed_over(&mut self) -> u64 {
        mem::take(&mut self.passed_over)
    }

    fn skip(&mut self, into: &mut Vec<Piece>) {
        let Some((&first, _)) = self.waiting.first_key_value() else {
            return;
        };
        into.push(Piece::Gap(first - self.next));
        self.next = first;
        self.release(into);
    }

    fn release(&mut self, into: &mut Vec<Piece>) {
        while let Some(audio) = self.waiting.remove(&self.next) {
            self.waiting_bytes -= audio.len();
            self.next = self.next.saturating_add(1);
            into.push(Piece::Audio(audio));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn audio(number: u64) -> Bytes {
        Bytes::copy_from_slice(&number.to_le_bytes())
    }

    fn pushed(numbers: &[u64]) -> Vec<Piece> {
        let mut sequence = Sequence::default();
        let mut pieces = Vec::new();
        for number in numbers {
            sequence.push(Some(*number), audio(*number), &mut pieces);
        }
        sequence.finish(&mut pieces);
        pieces
    }

    #[test]
    fn what_comes_too_early_waits() {
        let piece = |n| Piece::Audio(audio(n));
        assert_eq!(pushed(&[1, 0, 2]), [piece(0), piece(1), piece(2)]);
        assert_eq!(pushed(&[0, 2, 2, 0]), [piece(0), Piece::Gap(1), piece(2)]);
    }

    #[test]
    fn a_missing_frame_is_waited_for_until_too_much_waits() {
        let mut sequence = Sequence::default();
        let mut pieces = Vec::new();
        for number in 1..=MOST_WAITING as u64 {
            sequence.push(Some(number), audio(number), &mut pieces);
        }
        assert_eq!(pieces, []);
        sequence.push(Some(33), audio(33), &mut pieces);
        assert_eq!(pieces.len(), 34);
        assert_eq!(pieces[0], Piece::Gap(1));
        sequence.push(Some(0), audio(0), &mut pieces);
        assert_eq!((pieces.len(), sequence.take_passed_over()), (34, 1));
    }

    #[test]
    fn frames_without_a_number_follow_what_came() {
        let mut sequence = Sequence::default();
        let mut pieces = Vec::new();
        for number in [None, Some(2), None, Some(1)] {
            sequence.push(number, audio(0), &mut pieces);
        }
        assert_eq!(pieces.len(), 4);
        assert!(!sequence.is_waiting());
    }

    proptest! {
        #[test]
        fn everything_comes_out_in_order_or_is_counted(
            numbers in prop::collection::vec(0..200_u64, 0..200),
        ) {
            let mut next = 0;
            for piece in pushed(&numbers) {
                match piece {
                    Piece::Gap(missing) => {
                        prop_assert!(missing > 0);
                        next += missing;
                    }
                    Piece::Audio(bytes) => {
                        prop_assert_eq!(bytes, audio(next));
                        next += 1;
                    }
                }
            }
            prop_assert_eq!(next, numbers.iter().max().map_or(0, |last| last + 1));
        }
    }
}
