use bytestring::ByteString;
use car_protocol::Timestamp;
use car_protocol::rpc::events::Cursor;
use serde::Serialize;

use super::{Family, LogError, Members};

/// Bytes that most events have room in, with all that the stream adds.
const USUAL_BYTES: usize = 448;

/// An event that has no place yet.
#[derive(Debug)]
pub struct Draft {
    pub(super) kind: ByteString,
    pub(super) at: Timestamp,
    /// The opening of the family's notifications, where that is written already, and the members of a JSON object
    /// without its closing brace.
    pub(super) text: String,
    /// Bytes of the opening.
    pub(super) opened: usize,
    pub(super) happened: bool,
}

impl Draft {
    /// An event with the members of `body`, which serialises to a JSON object without `stream`, `epoch` and `seq`.
    ///
    /// # Errors
    /// [`LogError::NotAnObject`], or what serialising says.
    pub fn new<T: Serialize>(kind: &str, at: Timestamp, body: &T) -> Result<Self, LogError> {
        let mut members = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut members, body).map_err(|_| LogError::NotAnObject)?;
        let mut members = String::from_utf8(members).map_err(|_| LogError::NotAnObject)?;
        if members.len() < 2 || !members.starts_with('{') || members.pop() != Some('}') {
            return Err(LogError::NotAnObject);
        }
        Ok(Self {
            kind: kind.into(),
            at,
            text: members,
            opened: 0,
            happened: false,
        })
    }

    /// An event for a stream of this family, of a kind that is known beforehand, whose members `write` writes: none of
    /// them `stream`, `epoch` or `seq`. It is written where it stays, and nothing of it is copied.
    pub fn written(
        family: &'static Family,
        kind: &'static str,
        at: Timestamp,
        write: impl FnOnce(&mut Members<'_>),
    ) -> Self {
        let mut text = String::with_capacity(USUAL_BYTES);
        family.push_opening(&mut text);
        let opened = text.len();
        write(&mut Members::begin(&mut text));
        Self {
            kind: ByteString::from_static(kind),
            at,
            text,
            opened,
            happened: false,
        }
    }

    /// How long it is, without its place, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.text.len() - self.opened
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() < 2
    }

    /// Says that nobody can be refused any more, because it has happened: while storage takes nothing, the event is
    /// kept waiting in memory.
    #[must_use]
    pub fn happened(mut self) -> Self {
        self.happened = true;
        self
    }
}

/// An event in its place. Clones share the text.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the stream.
    pub seq: u64,
    /// When it was appended.
    pub at: Timestamp,
    /// What happened.
    pub kind: ByteString,
    /// The notification, ready to be sent to anybody; for families that are not pushed, the params alone.
    pub frame: ByteString,
    pub(super) params: (u32, u32),
}

impl Entry {
    /// The event as JSON text: the params of the notification.
    #[must_use]
    pub fn params(&self) -> &str {
        self.frame
            .get(self.params.0 as usize..self.params.1 as usize)
            .unwrap_or("{}")
    }

    /// What the entry counts for in memory, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.frame.len() + self.kind.len() + size_of::<Self>()
    }
}

/// A part of a stream, oldest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// The events.
    pub entries: Vec<Entry>,
    /// Where to read on.
    pub next: Cursor,
    /// How many events between the cursor that was given and the first of these are no longer kept.
    pub missed: u64,
    /// Whether there is more after `next`.
    pub more: bool,
}

impl Page {
    /// The page of a stream that does not exist; `nowhere` is its place.
    pub(super) fn of_nothing(nowhere: Cursor, after: Option<Cursor>) -> Result<Self, LogError> {
        match after {
            Some(after) if after != nowhere => Err(LogError::Resync { oldest: nowhere }),
            _ => Ok(Self {
                entries: Vec::new(),
                next: nowhere,
                missed: 0,
                more: false,
            }),
        }
    }
}

/// What a stream holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StreamStats {
    /// Events.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl StreamStats {
    /// What is left when `other` is taken away.
    pub(super) fn without(self, other: Self) -> Self {
        Self {
            events: self.events.saturating_sub(other.events),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}
