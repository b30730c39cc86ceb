//! The chain itself: how records are linked, and how that is checked. Knows no file.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use car_protocol::Timestamp;
use serde::Deserialize;
#[cfg(feature = "sqlite")]
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::record::{AuditKind, Record, commitment};

/// The digest before the first record.
const NOTHING: [u8; 32] = [0; 32];

/// The last record of a chain. As text `SEQ:HASH`, with the digest in hex. Kept elsewhere, it shows later that nothing
/// before it was changed or removed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Head {
    /// Its number; 0 where there is none.
    pub seq: u64,
    /// Its SHA-256.
    pub hash: [u8; 32],
}

impl Head {
    /// The head of an empty chain.
    pub const EMPTY: Self = Self {
        seq: 0,
        hash: NOTHING,
    };
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex(&self.hash))
    }
}

/// The text is not `SEQ:HASH`.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("a head is a number, a colon and 64 hex digits")]
pub struct NotAHead;

impl FromStr for Head {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let (seq, hash) = text.split_once(':').ok_or(NotAHead)?;
        Ok(Self {
            seq: seq.parse().map_err(|_| NotAHead)?,
            hash: unhex(hash).ok_or(NotAHead)?,
        })
    }
}

/// A record in its place, as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    /// Its number.
    pub seq: u64,
    /// Its canonical text.
    pub body: String,
    /// SHA-256 of that.
    pub hash: Vec<u8>,
    /// The salt of its text's digest.
    pub salt: Option<Vec<u8>>,
    /// What can be redacted.
    pub text: Option<String>,
}

impl Link {
    /// The record behind `head`.
    #[must_use]
    pub fn after(head: &Head, record: &Record) -> Self {
        let seq = head.seq.saturating_add(1);
        let body = record.body(seq, &hex(&head.hash));
        Self {
            seq,
            hash: Sha256::digest(body.as_bytes()).to_vec(),
            body,
            salt: record.salt().map(<[u8]>::to_vec),
            text: record.text().map(str::to_owned),
        }
    }

    /// When it happened, where that can be read.
    #[must_use]
    pub fn at(&self) -> Option<Timestamp> {
        at_of(self.body.as_bytes())
    }

    /// Whether there was a text with it that is gone.
    #[must_use]
    pub fn is_redacted(&self) -> bool {
        let body = serde_json::from_str::<Body>(&self.body).ok();
        self.text.is_none() && body.is_some_and(|body| body.text_sha256.is_some())
    }

    /// What it makes the head.
    #[must_use]
    pub fn head(&self) -> Head {
        Head {
            seq: self.seq,
            hash: self.hash.as_slice().try_into().unwrap_or(NOTHING),
        }
    }
}

/// When the record with this body happened.
pub(super) fn at_of(body: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Dated {
        at: Timestamp,
    }
    let dated: Dated = serde_json::from_slice(body).ok()?;
    Some(dated.at)
}

/// What a record says, as far as checking it needs to know.
#[derive(Deserialize)]
struct Body {
    v: u32,
    seq: u64,
    previous: String,
    kind: String,
    #[serde(default)]
    text_sha256: Option<String>,
    #[serde(default)]
    facts: Facts,
}

#[derive(Default, Deserialize)]
struct Facts {
    first: Option<u64>,
    last: Option<u64>,
    through: Option<String>,
}

/// Where a chain is broken first.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("record {seq}: {what}")]
pub struct Break {
    /// The record.
    pub seq: u64,
    /// What is wrong with it.
    pub what: BreakKind,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum BreakKind {
    /// There is another one in its place.
    #[error("it is missing, or another one is in its place")]
    Missing,
    /// Its text is not that of its digest.
    #[error("what it says is not what was hashed")]
    Hash,
    /// It does not follow the one before it.
    #[error("it does not follow the record before it")]
    Previous,
    /// It says that it has another place, or nothing readable.
    #[error("it is no record of this place")]
    Body,
    /// What was written with it is not what was hashed.
    #[error("what was written with it is not what was hashed")]
    Text,
    /// What was written with it is gone, and no record says that it was redacted.
    #[error("what was written with it is gone without having been redacted")]
    TextGone,
    /// The chain does not begin where a checkpoint says.
    #[error("the records before it are gone, and no checkpoint says so")]
    Beginning,
    /// Records after it are gone.
    #[error("records after it are gone")]
    End,
    /// It is not the one that the head, which was kept elsewhere, names.
    #[error("it is not the record that the given head names")]
    Head,
}

impl BreakKind {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Hash => "hash",
            Self::Previous => "previous",
            Self::Body => "body",
            Self::Text => "text",
            Self::TextGone => "text_gone",
            Self::Beginning => "beginning",
            Self::End => "end",
            Self::Head => "head",
        }
    }
}

/// Where a chain begins that has lost its oldest records to retention: behind this head.
pub type Anchor = Head;

/// A chain that is whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Summary {
    /// How many records there are.
    pub records: u64,
    /// The number of the first; 0 where there is none.
    pub first: u64,
    /// The last record.
    pub head: Head,
    /// Records whose text was redacted.
    pub redacted: u64,
}

/// Checks a chain, a record at a time.
#[derive(Debug)]
pub struct Verifier {
    anchor: Anchor,
    head: Head,
    records: u64,
    redacted: u64,
    /// Records whose text is gone and that no later record accounts for, as ranges.
    gone: Vec<(u64, u64)>,
    /// What the newest checkpoint says was dropped.
    dropped: Option<String>,
    /// What was to be found.
    expected: Option<Head>,
    /// Whether it was.
    met: bool,
}

impl Verifier {
    /// Of a chain that begins behind `anchor`, which [`Head::EMPTY`] is where nothing was dropped. `expected` is a head
    /// that was kept elsewhere.
    #[must_use]
    pub fn new(anchor: Anchor, expected: Option<Head>) -> Self {
        Self {
            anchor,
            head: anchor,
            records: 0,
            redacted: 0,
            gone: Vec::new(),
            dropped: None,
            // What was dropped since cannot be compared any more, except with the anchor itself.
            met: expected.is_none_or(|expected| expected.seq < anchor.seq || expected == anchor),
            expected,
        }
    }

    /// The next record.
    ///
    /// # Errors
    /// [`Break`]; what comes behind it says nothing any more.
    pub fn next(&mut self, link: &Link) -> Result<(), Break> {
        let seq = self.head.seq.saturating_add(1);
        let broken = |what| Err(Break { seq, what });
        if link.seq != seq {
            return broken(BreakKind::Missing);
        }
        if Sha256::digest(link.body.as_bytes()).as_slice() != link.hash {
            return broken(BreakKind::Hash);
        }
        let Ok(body) = serde_json::from_str::<Body>(&link.body) else {
            return broken(BreakKind::Body);
        };
        if body.v != 1 || body.seq != seq {
            return broken(BreakKind::Body);
        }
        if body.previous != hex(&self.head.hash) {
            return broken(BreakKind::Previous);
        }
        self.head = link.head();
        match (&body.text_sha256, &link.salt, &link.text) {
            (None, None, None) => {}
            (Some(wanted), Some(salt), Some(text)) if commitment(salt, text) == *wanted => {}
            (Some(_), None, None) => {
                self.redacted += 1;
                match self.gone.last_mut() {
                    Some((_, last)) if *last + 1 == seq => *last = seq,
                    _ => self.gone.push((seq, seq)),
                }
            }
            _ => return broken(BreakKind::Text),
        }
        if body.kind == AuditKind::Redacted.as_str() {
            if let (Some(first), Some(last)) = (body.facts.first, body.facts.last) {
                self.account(first, last);
            }
        } else if body.kind == AuditKind::Checkpoint.as_str() {
            self.dropped = body.facts.through;
        }
        self.records += 1;
        if let Some(expected) = self.expected.filter(|expected| expected.seq == seq) {
            if expected.hash != self.head.hash {
                return broken(BreakKind::Head);
            }
            self.met = true;
        }
        Ok(())
    }

    /// A record says that the texts of these were redacted.
    fn account(&mut self, first: u64, last: u64) {
        let mut left = Vec::with_capacity(self.gone.len());
        for (from, to) in self.gone.drain(..) {
            if to < first || from > last {
                left.push((from, to));
                continue;
            }
            if from < first {
                left.push((from, first - 1));
            }
            if to > last {
                left.push((last + 1, to));
            }
        }
        self.gone = left;
    }

    /// After the last record. `stored` is the head as the file has it.
    ///
    /// # Errors
    /// [`Break`].
    pub fn finish(self, stored: Option<Head>) -> Result<Summary, Break> {
        let broken = |seq, what| Err(Break { seq, what });
        if self.anchor != Head::EMPTY && self.dropped != Some(self.anchor.to_string()) {
            return broken(self.anchor.seq.saturating_add(1), BreakKind::Beginning);
        }
        if stored.is_some_and(|stored| stored != self.head) || !self.met {
            return broken(self.head.seq, BreakKind::End);
        }
        if let Some((seq, _)) = self.gone.first() {
            return broken(*seq, BreakKind::TextGone);
        }
        Ok(Summary {
            records: self.records,
            first: if self.records == 0 {
                0
            } else {
                self.anchor.seq.saturating_add(1)
            },
            head: self.head,
            redacted: self.redacted,
        })
    }
}

/// One record as a line of JSON, without what ends a line.
#[must_use]
#[cfg(feature = "sqlite")]
pub(super) fn line(link: &Link) -> String {
    let body: Value = serde_json::from_str(&link.body).unwrap_or(Value::Null);
    let text = link.text.as_deref().map(|text| {
        serde_json::from_str::<Value>(text).unwrap_or_else(|_| Value::String(text.to_owned()))
    });
    serde_json::json!({
        "seq": link.seq,
        "hash": hex(&link.hash),
        "body": body,
        "salt": link.salt.as_deref().map(hex),
        "text": text,
    })
    .to_string()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digest: crate::results::Digest = text.parse().ok()?;
    Some(*digest.as_bytes())
}
