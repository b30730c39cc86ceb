//! What a connection is woken for.

use std::cell::Cell;

thread_local! {
    static FEEDS: Cell<bool> = const { Cell::new(false) };
    static ONLY_FED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the wake that runs on this thread is for a connection to be fed: a stream that it reads has something new, about
/// which many others may be told as well. Whoever schedules connections can let those go first that are woken for anything
/// else, such as a frame of their own or the answer to a call.
#[must_use]
pub fn wakes_to_feed() -> bool {
    FEEDS.get()
}

/// Runs a wake as one to be fed.
pub fn to_feed(wake: impl FnOnce()) {
    FEEDS.set(true);
    wake();
    FEEDS.set(false);
}

/// Gives a connection a turn in which it is only fed: whoever polls its task knows that it was woken [`to_feed`] and for
/// nothing else since its last turn. Its reader has nothing to look at then, and is passed over.
pub fn only_fed<T>(turn: impl FnOnce() -> T) -> T {
    ONLY_FED.set(true);
    let had = turn();
    ONLY_FED.set(false);
    had
}

/// Whether the turn that runs on this thread is one of those.
#[must_use]
pub fn is_only_fed() -> bool {
    ONLY_FED.get()
}
