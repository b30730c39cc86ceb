use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::LogError;

/// Ready when an event is published: visible to readers, and as durable as its family promises.
///
/// [`LogError::StorageFull`] says that it is not yet: it keeps waiting for storage and is published when that takes it.
#[derive(Debug)]
#[must_use = "what it stands for is not durable before it is ready"]
pub struct Settled(State);

#[derive(Debug)]
enum State {
    Now(Result<(), LogError>),
    Later(oneshot::Receiver<Result<(), LogError>>),
}

impl Settled {
    /// It is so already, or never will be.
    pub fn now(outcome: Result<(), LogError>) -> Self {
        Self(State::Now(outcome))
    }

    /// Somebody will tell; who is dropped without telling has been closed.
    pub fn later(told: oneshot::Receiver<Result<(), LogError>>) -> Self {
        Self(State::Later(told))
    }

    /// The outcome, where it is known without waiting.
    #[must_use]
    pub fn outcome(&self) -> Option<&Result<(), LogError>> {
        match &self.0 {
            State::Now(outcome) => Some(outcome),
            State::Later(_) => None,
        }
    }
}

impl Future for Settled {
    type Output = Result<(), LogError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Now(outcome) => Poll::Ready(outcome.clone()),
            State::Later(told) => Pin::new(told)
                .poll(cx)
                .map(|told| told.unwrap_or(Err(LogError::Closed))),
        }
    }
}
