//! What a connection is woken for.

use std::cell::Cell;

thread_local! {
    static FEEDS: Cell<bool> = const { Cell::new(false) };
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
