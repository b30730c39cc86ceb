//! What becomes of open requests when another session takes the place of the one that they were sent to.

use std::sync::Arc;

use bytestring::ByteString;
use serde_json::{Map, Value};

use super::open::Open;
use super::{Callbacks, Entry, MAX_OPEN, request_id};
use crate::frame::Frame;
use crate::session::Link;

/// Where a request went.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) table: Arc<Callbacks>,
    pub(super) link: Arc<Link>,
    pub(super) number: u64,
}

impl Callbacks {
    /// Has the requests that may be sent twice, and that outlive their connection, answered by another session from now
    /// on. The others fail: whether they were done is not known. Answers how many moved.
    pub(crate) fn hand_over(&self, to: &Arc<Self>, link: &Arc<Link>) -> usize {
        let open = std::mem::take(&mut self.inner.lock().open);
        let mut count = 0;
        for (number, entry) in open {
            let text = entry.text.clone().filter(|_| entry.repeats);
            let Some((moved, frame)) = text.and_then(|text| to.take(entry, &text)) else {
                continue;
            };
            let place = Moved {
                table: Arc::clone(to),
                link: Arc::clone(link),
                number: moved,
            };
            self.inner.lock().moved.insert(number, place);
            count += 1;
            if let Some(channel) = link.channel() {
                // A connection that cannot take it is about to be lost; the request ends with its deadline.
                let _ = channel.send(Frame::Text(frame));
            }
        }
        count
    }

    /// Takes a request that was sent to somebody else. The tool call that it may be is none of this session's.
    fn take(&self, entry: Entry, text: &str) -> Option<(u64, ByteString)> {
        let mut request: Map<String, Value> = serde_json::from_str(text).ok()?;
        let mut inner = self.inner.lock();
        if inner.ended || inner.open.len() >= MAX_OPEN {
            return None;
        }
        inner.last += 1;
        let number = inner.last;
        let delivery = entry.delivery + 1;
        request.insert("id".to_owned(), request_id(number).into());
        if let Some(params) = request.get_mut("params").and_then(Value::as_object_mut) {
            params.insert("delivery".to_owned(), delivery.into());
            if let Some(id) = params.get_mut("request_id") {
                *id = request_id(number).into();
            }
        }
        let text: ByteString = serde_json::to_string(&request).ok()?.into();
        let entry = Entry {
            fence: 0,
            delivery,
            text: Some(text.clone()),
            ..entry
        };
        inner.open.insert(number, entry);
        Some((number, text))
    }
}

impl Open {
    /// Goes where the request went.
    pub(super) fn follow(&mut self) {
        let moved = {
            let mut inner = self.table.inner.lock();
            // Hardly ever is there any, and then nothing is looked for.
            if inner.moved.is_empty() {
                return;
            }
            inner.moved.remove(&self.number)
        };
        if let Some(moved) = moved {
            (self.table, self.link, self.number) = (moved.table, moved.link, moved.number);
        }
    }
}

/// A request as it is sent for the so many-th time.
pub(super) fn again(text: &str, delivery: u32, timeout_ms: u64) -> Option<ByteString> {
    let mut request: Map<String, Value> = serde_json::from_str(text).ok()?;
    let params = request.get_mut("params")?.as_object_mut()?;
    if delivery > 1 {
        params.insert("delivery".to_owned(), delivery.into());
    }
    if let Some(left) = params.get_mut("timeout_ms") {
        *left = timeout_ms.into();
    }
    Some(serde_json::to_string(&request).ok()?.into())
}
