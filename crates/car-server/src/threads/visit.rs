//! A connection's time on one thread.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use car_transport::roaming::Moves;
use tokio::runtime::Handle;

use super::Place;
use super::relay::Relayed;

/// A connection that is served on one thread, and on another when it is told to go there.
///
/// Ready with nothing when the connection is over, and with itself when it has left: whoever owns its task starts it
/// on the runtime of its new place.
pub(crate) struct Visit {
    stay: Option<Stay>,
}

/// How many turns in a row a connection that is fed lets others go first, who are in a hurry.
const LETS_GO: u32 = 2;

struct Stay {
    serving: Pin<Box<dyn Future<Output = ()> + Send>>,
    place: Place,
    moves: Moves,
    relayed: Option<Relayed>,
    /// How many turns in a row it let others go first.
    let_go: u32,
}

impl Stay {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let task = cx.waker();
        let relayed = match self.relayed.take().filter(|relayed| relayed.wakes(task)) {
            Some(relayed) => relayed,
            None => match self.place.relay() {
                Some(relay) => Relayed::new(task, relay),
                None => return Poll::Ready(()),
            },
        };
        let relayed = self.relayed.insert(relayed);
        if relayed.lets_go_first() && self.let_go < LETS_GO {
            self.let_go += 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.let_go = 0;
        let polled = relayed.turn(|cx| self.serving.as_mut().poll(cx));
        self.place.give_way();
        polled
    }
}

impl Visit {
    /// `serving` serves the connection, whose stream follows `moves`.
    pub(crate) fn new<F>(serving: F, place: Place, moves: Moves) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // It was registered by whoever accepted it.
        moves.moved();
        let serving = Box::pin(serving);
        Self {
            stay: Some(Stay {
                serving,
                place,
                moves,
                relayed: None,
                let_go: 0,
            }),
        }
    }

    /// Where to run it.
    pub(crate) fn runtime(&self) -> Option<&Handle> {
        self.stay.as_ref().and_then(|stay| stay.place.runtime())
    }
}

impl Future for Visit {
    type Output = Option<Self>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self>> {
        let Some(stay) = &mut self.stay else {
            return Poll::Ready(None);
        };
        if stay.place.leaves() {
            stay.moves.moved();
            // Its place wakes it in its own way.
            stay.relayed = None;
            let stay = self.stay.take();
            return Poll::Ready(Some(Self { stay }));
        }
        stay.poll(cx).map(|()| None)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Waker;

    use super::super::Threads;
    use super::*;

    #[test]
    fn who_is_fed_lets_others_go_first_for_two_turns_and_no_longer() {
        let threads = Threads::start_so_many(1).unwrap();
        let place = threads.place().unwrap();
        let other = Relayed::new(Waker::noop(), place.relay().unwrap());
        let turns = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&turns);
        let serving = poll_fn(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Poll::Pending
        });
        let mut visit = Visit::new(serving, place, Moves::default());
        let mut had = |hurried: bool| {
            if hurried {
                other.wake();
            }
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut visit).poll(&mut cx).is_pending());
            turns.load(Ordering::Relaxed)
        };
        assert_eq!([had(false), had(true), had(true)], [1, 1, 1]);
        assert_eq!([had(true), had(true), had(true), had(true)], [2, 2, 2, 3]);
    }
}
