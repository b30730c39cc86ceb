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

struct Stay {
    serving: Pin<Box<dyn Future<Output = ()> + Send>>,
    place: Place,
    moves: Moves,
    relayed: Option<Relayed>,
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
        self.serving.as_mut().poll(&mut relayed.context())
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
