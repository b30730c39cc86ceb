use std::pin::pin;
use std::task::Context;

use tokio::task::yield_now;

/// Looks for the next frame a few times more before the thread may sleep.
///
/// To put a thread to sleep and wake it costs more than most requests do, so whoever answers at once is waited for
/// awake. A look costs a poll of the operating system and lets every other task go first. Who does not answer at once
/// is waited for less and less often, so that a slow peer costs next to nothing.
#[derive(Debug)]
pub(super) struct Linger {
    /// Looks per wait.
    looks: u32,
    /// Looks left in this wait.
    left: u32,
    /// Whether a frame came since the last wait.
    armed: bool,
    /// Waits in a row in which nothing came, up to [`PATIENCE`].
    in_vain: u32,
    /// Waits to leave out.
    skip: u32,
}

/// After so many waits in vain no more than every 2^6th is tried.
const PATIENCE: u32 = 6;

impl Linger {
    pub(super) fn new(looks: u32) -> Self {
        Self {
            looks,
            left: 0,
            armed: false,
            in_vain: 0,
            skip: 0,
        }
    }

    /// A frame came.
    pub(super) fn heard(&mut self) {
        if self.left > 0 {
            self.left = 0;
            self.in_vain = 0;
        }
        self.armed = true;
    }

    /// Nothing is there: whether to look once more, for which the task is going to be woken.
    pub(super) fn looks_again(&mut self, cx: &mut Context<'_>) -> bool {
        if self.armed {
            self.armed = false;
            if self.skip > 0 {
                self.skip -= 1;
            } else {
                self.left = self.looks;
            }
        }
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        if self.left == 0 {
            self.in_vain = (self.in_vain + 1).min(PATIENCE);
            self.skip = (1 << self.in_vain) - 1;
        }
        // Unlike a wake, this has the runtime look at its sockets before the task has its turn.
        let _ = pin!(yield_now()).poll(cx);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// How often it looks before it gives up.
    fn looks(linger: &mut Linger) -> u32 {
        let mut cx = Context::from_waker(Waker::noop());
        let mut looks = 0;
        while linger.looks_again(&mut cx) {
            looks += 1;
        }
        looks
    }

    #[tokio::test]
    async fn who_answers_at_once_is_always_waited_for() {
        let mut linger = Linger::new(4);
        for _ in 0..100 {
            linger.heard();
            assert!(linger.looks_again(&mut Context::from_waker(Waker::noop())));
        }
    }

    #[tokio::test]
    async fn a_slow_peer_is_waited_for_less_and_less() {
        let mut linger = Linger::new(4);
        let mut waits = 0;
        for _ in 0..640 {
            linger.heard();
            waits += looks(&mut linger) / 4;
        }
        assert!((8..=16).contains(&waits), "{waits}");
    }

    #[tokio::test]
    async fn without_looks_nobody_is_waited_for() {
        let mut linger = Linger::new(0);
        linger.heard();
        assert_eq!(looks(&mut linger), 0);
    }
}
