//! Who got what, until when, and what goes first. Without a lock, and without the bytes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use car_protocol::Timestamp;
use tokio::time::Instant;

use super::{BlobId, Digest, ResultLimits};
use crate::identity::{Identity, Principal, Role, SessionId};

/// The bytes of a result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) blob: BlobId,
    pub(super) bytes: u64,
}

/// What bytes are: one of ours, or what somebody says.
pub(super) type MediaType = Cow<'static, str>;

/// What a reader finds.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) stored: Stored,
    pub(super) media_type: MediaType,
    pub(super) expires_at: Timestamp,
}

/// What is kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// How many results, by session.
    pub entries: usize,
    /// Bytes; of a result that several sessions got, once.
    pub bytes: u64,
}

/// A result with all who may read it.
#[derive(Debug)]
struct Row {
    stored: Stored,
    claims: Vec<Claim>,
}

/// One session's right to read a result.
#[derive(Debug)]
struct Claim {
    session: SessionId,
    principal: Principal,
    /// What it got: a text and some JSON may have the same bytes.
    media_type: MediaType,
    age: u64,
    until: Instant,
    expires_at: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    rows: HashMap<Digest, Row>,
    /// Claims from the oldest to the newest. All live equally long, so this is also the order in which they expire.
    ages: BTreeMap<u64, (Digest, SessionId)>,
    next_age: u64,
    bytes: u64,
    by_session: HashMap<SessionId, u64>,
}

impl Index {
    /// Whether the bytes of a result are there already.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        self.rows.contains_key(digest)
    }

    /// Gives a session the right to read a result, whose bytes were put as `stored` unless they were there already.
    /// Answers which bytes have to go.
    pub(super) fn add(
        &mut self,
        digest: Digest,
        stored: Option<Stored>,
        owner: &Identity,
        (media_type, expires_at): (MediaType, Timestamp),
        limits: &ResultLimits,
    ) -> Added {
        let mut gone = Vec::new();
        if let Some(stored) = stored {
            if self.has(&digest) {
                // Somebody else was faster.
                gone.push(stored.blob);
            } else {
                self.bytes += stored.bytes;
                let claims = Vec::new();
                self.rows.insert(digest, Row { stored, claims });
            }
        } else if !self.has(&digest) {
            return Added::Missing;
        }
        let now = Instant::now();
        self.claim(
            digest,
            Claim {
                session: owner.session.clone(),
                principal: owner.principal.clone(),
                media_type,
                age: 0,
                until: now.checked_add(limits.keep).unwrap_or(now),
                expires_at,
            },
        );
        gone.extend(self.expire());
        self.make_room(limits, &owner.session, &mut gone);
        Added::Claimed(gone)
    }

    fn claim(&mut self, digest: Digest, claim: Claim) {
        let Some(row) = self.rows.get_mut(&digest) else {
            return;
        };
        let age = self.next_age;
        self.next_age += 1;
        let session = claim.session.clone();
        let claim = Claim { age, ..claim };
        match row.claims.iter_mut().find(|other| other.session == session) {
            Some(older) => {
                self.ages.remove(&older.age);
                *older = claim;
            }
            None => {
                *self.by_session.entry(session.clone()).or_default() += row.stored.bytes;
                row.claims.push(claim);
            }
        }
        self.ages.insert(age, (digest, session));
    }

    /// Drops what has expired.
    pub(super) fn expire(&mut self) -> Vec<BlobId> {
        let mut gone = Vec::new();
        let now = Instant::now();
        while let Some((age, (digest, session))) = self.ages.first_key_value() {
            let claims = self.rows.get(digest).map(|row| &row.claims);
            let claim =
                claims.and_then(|claims| claims.iter().find(|claim| claim.session == *session));
            if claim.is_some_and(|claim| claim.until > now) {
                break;
            }
            let age = *age;
            self.drop_claim(age, &mut gone);
        }
        gone
    }

    /// Drops the oldest of a session that has too much, then the oldest of all. The newest always fits by itself.
    fn make_room(&mut self, limits: &ResultLimits, session: &SessionId, gone: &mut Vec<BlobId>) {
        while self
            .by_session
            .get(session)
            .is_some_and(|bytes| *bytes > limits.session_bytes)
        {
            let mut ages = self.ages.iter();
            let Some(age) = ages.find_map(|(age, (_, owner))| (owner == session).then_some(*age))
            else {
                break;
            };
            self.drop_claim(age, gone);
        }
        while self.bytes > limits.bytes || self.ages.len() > limits.entries {
            let Some(age) = self.ages.first_key_value().map(|(age, _)| *age) else {
                break;
            };
            self.drop_claim(age, gone);
        }
    }

    fn drop_claim(&mut self, age: u64, gone: &mut Vec<BlobId>) {
        let Some((digest, session)) = self.ages.remove(&age) else {
            return;
        };
        let Some(row) = self.rows.get_mut(&digest) else {
            return;
        };
        row.claims.retain(|claim| claim.session != session);
        let stored = row.stored;
        if let Some(held) = self.by_session.get_mut(&session) {
            *held -= stored.bytes;
            if *held == 0 {
                self.by_session.remove(&session);
            }
        }
        if row.claims.is_empty() {
            self.rows.remove(&digest);
            self.bytes -= stored.bytes;
            gone.push(stored.blob);
        }
    }

    /// What a reader finds under a digest, if it may read it.
    pub(super) fn find(&self, digest: &Digest, reader: &Identity) -> Option<Found> {
        let row = self.rows.get(digest)?;
        let may = |claim: &&Claim| {
            reader.role == Role::Host
                || claim.session == reader.session
                || claim.principal == reader.principal
        };
        // Its own right before that of others, and of those the one that lives longest.
        let claims = row.claims.iter().filter(may);
        let claim = claims.max_by_key(|claim| (claim.session == reader.session, claim.age))?;
        Some(Found {
            stored: row.stored,
            media_type: claim.media_type.clone(),
            expires_at: claim.expires_at,
        })
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            entries: self.ages.len(),
            bytes: self.bytes,
        }
    }
}

/// What became of a claim.
#[derive(Debug)]
pub(super) enum Added {
    /// It is there. The bytes that have to go.
    Claimed(Vec<BlobId>),
    /// The bytes are not there.
    Missing,
}
