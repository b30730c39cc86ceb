use std::fmt;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::log::{Frames, LogError, Page};

/// What a writer reads from storage for one of its feeds, which is behind what memory holds. It reads for one at a time,
/// so that a connection never holds more than a page.
#[derive(Debug)]
pub(super) struct ColdRead {
    /// Whose it is.
    pub(super) feed: u64,
    pub(super) state: Cold,
}

pub(super) enum Cold {
    /// It is under way.
    Fetching(BoxFuture<'static, Result<Fetched, LogError>>),
    /// It is there.
    Fetched(Result<Fetched, LogError>),
}

/// What was read.
#[derive(Debug)]
pub(super) enum Fetched {
    /// For a feed that passes on all.
    Frames(Frames),
    /// For one that chooses.
    Page(Page),
}

impl ColdRead {
    /// Whether it is there.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if let Cold::Fetching(fetching) = &mut self.state {
            match fetching.poll_unpin(cx) {
                Poll::Ready(fetched) => self.state = Cold::Fetched(fetched),
                Poll::Pending => return false,
            }
        }
        true
    }

    /// The bytes of what is there.
    pub(super) fn bytes(&self) -> usize {
        match &self.state {
            Cold::Fetched(Ok(Fetched::Frames(read))) => {
                read.frames.iter().map(|frame| frame.len()).sum()
            }
            Cold::Fetched(Ok(Fetched::Page(read))) => {
                read.entries.iter().map(|entry| entry.frame.len()).sum()
            }
            _ => 0,
        }
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
