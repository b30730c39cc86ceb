//! A subscription as the writer of its connection holds it: a cursor in the log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytestring::ByteString;
use car_protocol::jsonrpc::encode_notification;
use car_protocol::method::ServerNotification;
use car_protocol::rpc::events::{Cursor, Delivery, Ended, EndedParams, Lagged, LaggedParams};
use futures_util::FutureExt as _;

use super::coalesce::{Coalescing, Gap, Run};
use super::cold::{Cold, ColdRead, Fetched};
use super::merge::merged;
use crate::channel::{Progress, WsChannel};
use crate::frame::{Burst, Frame};
use crate::log::{EventLog, Frames, LogError, Page, StreamName, Upcoming, Watch, key};
use crate::sink::FrameQueue;
use crate::traffic::Traffic;

/// Events that are read from the log at once.
pub(super) const PAGE: usize = 64;
/// Events that are read from storage at once.
pub(super) const COLD_PAGE: usize = 512;
/// Events among which the latest of each key are chosen.
const STRETCH: usize = 2_048;

/// A stream that is fed to a connection.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(super) id: u64,
    stream: StreamName,
    cursor: Cursor,
    watch: Watch,
    /// Where only the latest of each key is wanted.
    coalescing: Option<Coalescing>,
    /// Whether memory does not hold what comes next.
    pub(super) is_cold: bool,
    progress: Arc<Progress>,
}

/// What was read of one feed and is written next.
#[derive(Debug, Default)]
pub(super) struct Hand {
    said: Option<Said>,
    pub(super) frames: VecDeque<ByteString>,
    /// Comes before them.
    burst: Option<Arc<Burst>>,
    /// Their numbers, where they do not follow each other.
    seqs: VecDeque<u64>,
    /// Whether they are here alone, because they came from storage.
    pub(super) is_stored: bool,
}

/// What is told before the frames.
#[derive(Debug)]
enum Said {
    /// Events do not come. Reading goes on after `place`.
    Gap {
        gap: Gap,
        place: u64,
        run: Option<Run>,
    },
    /// Nothing comes any more.
    Ended,
}

impl Hand {
    pub(super) fn is_empty(&self) -> bool {
        self.said.is_none() && self.burst.is_none() && self.frames.is_empty()
    }

    /// Drops everything. It is read again, since the cursor of the feed stands before it.
    pub(super) fn give_back(&mut self) {
        self.said = None;
        self.burst = None;
        self.frames.clear();
        self.seqs.clear();
        self.is_stored = false;
    }

    /// The bytes that are here alone.
    pub(super) fn stored_bytes(&self) -> usize {
        if self.is_stored {
            self.frames.iter().map(|frame| frame.len()).sum()
        } else {
            0
        }
    }
}

impl Feed {
    pub(crate) fn new(
        id: u64,
        stream: StreamName,
        cursor: Cursor,
        watch: Watch,
        delivery: Delivery,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            id,
            stream,
            cursor,
            watch,
            coalescing: (delivery == Delivery::Coalesce).then(Coalescing::default),
            is_cold: false,
            progress,
        }
    }

    /// Whether there is something to read, from memory or from storage.
    pub(super) fn has_more(&self) -> bool {
        self.watch.head() > self.cursor.seq || (self.watch.tail().ended() && !self.is_over())
    }

    /// Whether the stream has ended and that was told.
    pub(super) fn is_over(&self) -> bool {
        self.progress.over.load(Ordering::Relaxed)
    }

    /// Tells who wants to know that it is over.
    pub(super) fn tell_over(&self) {
        self.progress.tell_over();
    }

    /// Notes for others how far it has come.
    pub(super) fn note(&self) {
        let seq = self.cursor.seq;
        self.progress.written.store(seq, Ordering::Relaxed);
    }

    /// Fills the empty hand with about `share` bytes of what comes next, with a notice first where events do not come.
    /// It stays empty when that has to come from storage.
    pub(super) fn fill(
        &mut self,
        hand: &mut Hand,
        cold: &mut Option<ColdRead>,
        share: usize,
        log: &dyn EventLog,
    ) {
        let mine = |read: &mut ColdRead| read.feed == self.id;
        let fetched = match cold.take_if(mine).map(|read| read.state) {
            Some(Cold::Fetched(fetched)) => Some(fetched),
            _ => None,
        };
        let is_stored = fetched.is_some();
        if self.watch.head() == self.cursor.seq {
            hand.said = Some(Said::Ended);
            return;
        }
        let read = if self.coalescing.is_some() {
            self.choose(fetched, hand, share, log)
        } else {
            self.pass_on(fetched, hand)
        };
        match read {
            Ok(()) => {
                self.is_cold = false;
                hand.is_stored = is_stored;
            }
            Err(LogError::Cold { .. }) => {
                self.is_cold = true;
                if cold.is_none() {
                    *cold = Some(self.fetch(log));
                }
            }
            Err(error) => {
                // A place of another epoch, and a feed lives in one; or the rest went with its stream.
                tracing::warn!(stream = %self.stream, %error, "a subscription cannot be read");
                self.is_cold = false;
                let missed = self.watch.head() - self.cursor.seq;
                self.tell_missed(hand, missed);
            }
        }
    }

    /// Takes every event.
    fn pass_on(
        &self,
        fetched: Option<Result<Fetched, LogError>>,
        hand: &mut Hand,
    ) -> Result<(), LogError> {
        let missed = match fetched.transpose()? {
            Some(Fetched::Frames(read)) => {
                hand.frames = read.frames;
                read.missed
            }
            _ => {
                let tail = self.watch.tail();
                match tail.upcoming(self.cursor, PAGE, &mut hand.frames)? {
                    Upcoming::Frames { missed } => missed,
                    Upcoming::Burst(burst) => {
                        hand.burst = Some(burst);
                        0
                    }
                }
            }
        };
        self.tell_missed(hand, missed);
        Ok(())
    }

    fn tell_missed(&self, hand: &mut Hand, missed: u64) {
        let to = self.cursor.seq + missed;
        if missed > 0 {
            let gap = Gap {
                from: self.cursor.seq + 1,
                to,
                skipped: missed,
                coalesced: 0,
            };
            hand.said = Some(Said::Gap {
                gap,
                place: to,
                run: None,
            });
        }
    }

    /// Takes the latest event of each key.
    fn choose(
        &mut self,
        fetched: Option<Result<Fetched, LogError>>,
        hand: &mut Hand,
        share: usize,
        log: &dyn EventLog,
    ) -> Result<(), LogError> {
        let page = match fetched.transpose()? {
            Some(Fetched::Page(page)) => page,
            _ => log.read(&self.stream, Some(self.cursor), STRETCH)?,
        };
        let Page {
            entries, missed, ..
        } = page;
        let Some(coalescing) = &self.coalescing else {
            return Ok(());
        };
        let events: Vec<_> = entries
            .iter()
            .map(|entry| (entry.seq, entry.frame.len()))
            .collect();
        let family = self.stream.family();
        let key = |index: usize| {
            let entry = entries.get(index);
            entry.map_or_else(String::new, |entry| key(family, entry))
        };
        let run = coalescing.run(self.cursor.seq, missed, &events, key, share);
        let place = self.cursor.seq + missed;
        let kept = run.kept.iter().filter_map(|index| entries.get(*index));
        for (seq, frame) in merged(family, kept) {
            hand.frames.push_back(frame);
            hand.seqs.push_back(seq);
        }
        match run.gap {
            Some(gap) => {
                hand.said = Some(Said::Gap {
                    gap,
                    place,
                    run: Some(run),
                });
            }
            None => self.cursor.seq = place,
        }
        Ok(())
    }

    /// Begins to read from storage.
    fn fetch(&self, log: &dyn EventLog) -> ColdRead {
        let fetching = if self.coalescing.is_some() {
            let page = log.fetch(&self.stream, Some(self.cursor), COLD_PAGE);
            page.map(|page| page.map(Fetched::Page)).boxed()
        } else {
            let frames = self.watch.tail().fetch(self.cursor, COLD_PAGE);
            frames.map(|frames| frames.map(Fetched::Frames)).boxed()
        };
        ColdRead {
            feed: self.id,
            state: Cold::Fetching(fetching),
        }
    }

    /// What came from storage and was not written, for the next turn; a feed that chooses chooses anew.
    pub(super) fn keep(&self, hand: &mut Hand) -> Option<ColdRead> {
        let keeps = hand.is_stored && self.coalescing.is_none() && !hand.frames.is_empty();
        let frames = Frames {
            frames: std::mem::take(&mut hand.frames),
            missed: 0,
        };
        keeps.then(|| ColdRead {
            feed: self.id,
            state: Cold::Fetched(Ok(Fetched::Frames(frames))),
        })
    }

    /// The text of what is told, which counts as told from now on.
    fn say(&mut self, said: Said, traffic: &Traffic) -> Option<ByteString> {
        let stream = self.stream.to_string();
        let epoch = self.cursor.epoch;
        let text = match said {
            Said::Gap { gap, place, run } => {
                traffic.events_skipped(gap.skipped);
                traffic.events_coalesced(gap.coalesced);
                self.cursor.seq = self.cursor.seq.max(place);
                if let (Some(coalescing), Some(run)) = (&mut self.coalescing, run) {
                    coalescing.said(&run);
                }
                let params = LaggedParams {
                    stream,
                    epoch,
                    from_seq: gap.from,
                    to_seq: gap.to,
                    skipped: gap.skipped,
                    coalesced: gap.coalesced,
                };
                encode_notification(Lagged::NAME, &params)
            }
            Said::Ended => {
                self.progress.over.store(true, Ordering::Release);
                let params = EndedParams {
                    stream,
                    epoch,
                    seq: self.cursor.seq,
                };
                encode_notification(Ended::NAME, &params)
            }
        };
        text.ok().map(ByteString::from)
    }
}

/// What was read of one feed, as far as the share of this turn goes.
pub(super) struct BulkLane<'a> {
    pub(super) feed: &'a mut Feed,
    pub(super) hand: &'a mut Hand,
    pub(super) bytes: &'a mut usize,
    pub(super) channel: &'a WsChannel,
}

impl FrameQueue for BulkLane<'_> {
    fn is_empty(&self) -> bool {
        *self.bytes == 0 || self.hand.is_empty()
    }

    fn pop(&mut self) -> Option<Frame> {
        let text = match self.hand.said.take() {
            Some(said) => self.feed.say(said, self.channel.traffic())?,
            None => {
                if let Some(burst) = self.hand.burst.take() {
                    self.hand.frames.extend(burst.texts().iter().cloned());
                }
                let frame = self.hand.frames.pop_front()?;
                let cursor = &mut self.feed.cursor;
                cursor.seq = self.hand.seqs.pop_front().unwrap_or(cursor.seq + 1);
                frame
            }
        };
        *self.bytes = self.bytes.saturating_sub(text.len());
        Some(Frame::Text(text))
    }

    fn pop_burst(&mut self) -> Option<Arc<Burst>> {
        let burst = self.hand.burst.take_if(|_| self.hand.said.is_none())?;
        self.feed.cursor.seq += burst.texts().len() as u64;
        *self.bytes = self.bytes.saturating_sub(burst.bytes());
        Some(burst)
    }
}
