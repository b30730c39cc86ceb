use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Context;

use tokio::task::yield_now;

/// Looks for the next frame a few times more before the thread may sleep.
///
/// To put a thread to sleep and wake it costs more than most requests do, so whoever answers at once is waited for
/// awake. A look costs a poll of the operating system and lets every other task go first. Who does not answer at once
/// is waited for less and less often, so that a slow peer costs next to nothing. A thread that serves several peers
/// at a time is awake without that, and the processor is of more use to the peers.
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
    name: u64,
    /// Frames of this peer alone after which the thread counts as its own again.
    company: u32,
}

/// After a frame of another peer on the thread, so many of this one must come without any.
const ALONE: u32 = 16;

thread_local! {
    /// Whose frame the thread saw last.
    static LAST: Cell<u64> = const { Cell::new(0) };
}

/// After so many waits in vain no more than every 2^6th is tried.
const PATIENCE: u32 = 6;

impl Linger {
    pub(super) fn new(looks: u32) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self {
            name: NEXT.fetch_add(1, Ordering::Relaxed),
            company: 0,
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
        self.company = if LAST.replace(self.name) == self.name {
            self.company.saturating_sub(1)
        } else {
            ALONE
        };
    }

    /// Nothing is there: whether to look once more, for which the task is going to be woken.
    pub(super) fn looks_again(&mut self, cx: &mut Context<'_>) -> bool {
        if self.armed {
            self.armed = false;
            if self.skip > 0 {
                self.skip -= 1;
            } else if self.company == 0 {
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

    /// One whose peer has the thread for itself.
    fn alone() -> Linger {
        let mut linger = Linger::new(4);
        for _ in 0..=ALONE {
            linger.heard();
        }
        linger
    }

    #[tokio::test]
    async fn who_shares_the_thread_is_not_waited_for() {
        let (mut one, mut other) = (alone(), alone());
        one.heard();
        other.heard();
        one.heard();
        assert_eq!((looks(&mut one), looks(&mut other)), (0, 0));
        for _ in 0..ALONE {
            one.heard();
        }
        assert_eq!(looks(&mut one), 4);
    }

    #[tokio::test]
    async fn who_answers_at_once_is_always_waited_for() {
        let mut linger = alone();
        for _ in 0..100 {
            linger.heard();
            assert!(linger.looks_again(&mut Context::from_waker(Waker::noop())));
        }
    }

    #[tokio::test]
    async fn a_slow_peer_is_waited_for_less_and_less() {
        let mut linger = alone();
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
