use std::fmt;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::log::{Frames, LogError};

/// What is read of a stream from storage, for a feed that is behind what memory holds.
pub(crate) enum Cold {
    /// It is under way.
    Fetching(BoxFuture<'static, Result<Frames, LogError>>),
    /// It is there.
    Fetched(Result<Frames, LogError>),
}

impl Cold {
    /// Whether it is there.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if let Self::Fetching(fetching) = self {
            match fetching.poll_unpin(cx) {
                Poll::Ready(fetched) => *self = Self::Fetched(fetched),
                Poll::Pending => return false,
            }
        }
        true
    }
}

impl fmt::Debug for Cold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fetching(_) => "Fetching",
            Self::Fetched(_) => "Fetched",
        })
    }
}
