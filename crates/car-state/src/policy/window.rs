//! How many calls there were in a window of time.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Into how many parts a window is cut. Calls of the same part are remembered together, as if all had come with the last
/// of them: what is kept does not grow with their number, and there are never more in a window than there may be.
const PARTS: u32 = 64;

/// The longest window.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// So many calls in any window of this length.
#[derive(Debug)]
pub(super) struct CallWindow {
    most: u32,
    length: Duration,
    groups: Mutex<Groups>,
}

#[derive(Debug, Default)]
struct Groups {
    /// Oldest first.
    groups: VecDeque<Group>,
    calls: u32,
}

#[derive(Debug)]
struct Group {
    first: Instant,
    last: Instant,
    calls: u32,
}

impl CallWindow {
    pub(super) fn new(most: u32, length: Duration) -> Self {
        Self {
            most,
            length,
            groups: Mutex::default(),
        }
    }

    pub(super) fn most(&self) -> u32 {
        self.most
    }

    pub(super) fn length(&self) -> Duration {
        self.length
    }

    /// How many calls there is room for.
    ///
    /// # Errors
    /// For none; the duration tells when there is room again.
    pub(super) fn room(&self) -> Result<u32, Duration> {
        self.groups.lock().room(self, Instant::now())
    }

    /// Counts a call. Answers by what it can be taken back.
    ///
    /// # Errors
    /// As for [`room`](Self::room); nothing is counted then.
    pub(super) fn take(&self) -> Result<Instant, Duration> {
        let now = Instant::now();
        let mut groups = self.groups.lock();
        groups.room(self, now)?;
        groups.calls += 1;
        if let Some(newest) = groups.groups.back_mut()
            && now.saturating_duration_since(newest.first) < self.length / PARTS
        {
            newest.last = now;
            newest.calls += 1;
            return Ok(newest.first);
        }
        groups.groups.push_back(Group {
            first: now,
            last: now,
            calls: 1,
        });
        Ok(now)
    }

    /// Takes a call back that was counted, unless it is forgotten already.
    pub(super) fn give_back(&self, counted: Instant) {
        let mut groups = self.groups.lock();
        let Groups { groups, calls } = &mut *groups;
        if let Some(group) = groups.iter_mut().rev().find(|group| group.first == counted)
            && group.calls > 0
        {
            group.calls -= 1;
            *calls -= 1;
        }
    }
}

impl Groups {
    fn room(&mut self, window: &CallWindow, now: Instant) -> Result<u32, Duration> {
        while let Some(oldest) = self.groups.front() {
            let over = now.saturating_duration_since(oldest.last) >= window.length;
            if !over && oldest.calls > 0 {
                break;
            }
            self.calls -= oldest.calls;
            self.groups.pop_front();
        }
        match window.most.saturating_sub(self.calls) {
            0 => Err(self.groups.front().map_or(window.length, |oldest| {
                window
                    .length
                    .saturating_sub(now.saturating_duration_since(oldest.last))
            })),
            room => Ok(room),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn there_is_room_again_when_the_oldest_call_leaves_the_window() {
        let window = CallWindow::new(2, MINUTE);
        assert_eq!(window.room(), Ok(2));
        window.take().unwrap();
        tokio::time::advance(MINUTE / 2).await;
        window.take().unwrap();
        assert_eq!(window.take(), Err(MINUTE / 2));
        tokio::time::advance(MINUTE / 2).await;
        assert_eq!(window.room(), Ok(1));
        window.take().unwrap();
        assert_eq!(window.room(), Err(MINUTE / 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_not_made_leaves_its_room() {
        let window = CallWindow::new(1, MINUTE);
        let counted = window.take().unwrap();
        assert!(window.room().is_err());
        window.give_back(counted);
        window.give_back(counted);
        assert_eq!(window.room(), Ok(1));
        window.take().unwrap();
        assert_eq!(window.room(), Err(MINUTE));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_passes_where_nothing_may() {
        assert_eq!(CallWindow::new(0, MINUTE).take(), Err(MINUTE));
    }

    #[tokio::test(start_paused = true)]
    async fn many_calls_are_remembered_in_few_places() {
        let window = CallWindow::new(u32::MAX, MINUTE);
        for _ in 0..100_000 {
            window.take().unwrap();
            tokio::time::advance(Duration::from_millis(3)).await;
        }
        assert!(window.groups.lock().groups.len() <= PARTS as usize + 1);
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_it_may(most in 1..8_u32, waits in prop::collection::vec(0..4_000_u64, 1..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let (start, length) = (Instant::now(), Duration::from_secs(10));
                let window = CallWindow::new(most, length);
                let mut taken: Vec<Duration> = Vec::new();
                for wait in waits {
                    tokio::time::advance(Duration::from_millis(wait)).await;
                    let now = start.elapsed();
                    let recent = taken.iter().filter(|at| now - **at < length).count();
                    match window.take() {
                        Ok(_) => {
                            prop_assert!(recent < most as usize);
                            taken.push(now);
                        }
                        // It may be stricter, by no more than a part of the window.
                        Err(wait) => {
                            prop_assert!(wait <= length);
                            let near = taken.iter().filter(|at| now - **at < length + length / PARTS).count();
                            prop_assert!(near >= most as usize);
                        }
                    }
                }
                Ok(())
            })?;
        }
    }
}
