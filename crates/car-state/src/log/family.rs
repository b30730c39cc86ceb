use std::sync::Arc;
use std::time::Duration;

use super::{LogError, StreamName};

/// A kind of stream: how it is pushed, how long it is kept, and who may read it.
#[derive(Debug, Eq, PartialEq)]
pub struct Family {
    /// The first part of its streams' names.
    pub name: &'static str,
    /// The notification that carries its events; `None` for a family that is only read.
    pub notification: Option<&'static str>,
    /// What its events survive.
    pub durability: Durability,
    /// How much is kept.
    pub retention: Retention,
    /// Who may read it.
    pub reader: Reader,
    /// Which of its events replace each other for subscribers that want the latest only. Of kinds that no rule names,
    /// those of the same kind do.
    pub keys: &'static [KeyRule],
    /// Whether a subscriber that begins now is told first how things are. Whoever has the family's state says so, see
    /// [`Snapshots`](super::Snapshots).
    pub snapshot: bool,
}

/// Events of some kinds replace each other where they are about the same.
#[derive(Debug, Eq, PartialEq)]
pub struct KeyRule {
    /// How the kinds begin. Of several rules the first counts.
    pub kinds: &'static str,
    /// The members that tell what an event is about, each as the path to it.
    pub about: &'static [&'static [&'static str]],
}

/// What something survives once it is visible or acknowledged. A higher one includes the lower.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Durability {
    /// Nothing: it is gone with the process, and the next one begins a new epoch.
    Memory,
    /// The end of the process, however it comes; not a loss of power.
    Os,
    /// A loss of power.
    Fsync,
}

impl Family {
    /// Appends what stands before the params of its notification; nothing where it has none.
    pub(super) fn push_opening(&self, text: &mut String) {
        if let Some(method) = self.notification {
            text.push_str(r#"{"jsonrpc":"2.0","method":""#);
            text.push_str(method);
            text.push_str(r#"","params":"#);
        }
    }
}

impl Durability {
    /// The word for it on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Os => "os",
            Self::Fsync => "fsync",
        }
    }
}

/// How much of a stream is kept; what exceeds any of the three goes, oldest first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Retention {
    /// Events.
    pub count: usize,
    /// Bytes.
    pub bytes: usize,
    /// Age.
    pub age: Duration,
}

/// Who may read a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reader {
    /// Every authenticated session.
    Everybody,
    /// The session that the stream belongs to, and hosts.
    Owner,
    /// Clients and hosts, but no agent.
    Clients,
}

impl Reader {
    /// The word for it on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Everybody => "everybody",
            Self::Owner => "owner",
            Self::Clients => "clients",
        }
    }
}

/// What happened on the host plane: agents, approvals, and what clients tell.
pub static HOST: Family = Family {
    name: "host",
    notification: Some("host.event"),
    durability: Durability::Os,
    retention: Retention {
        count: 500,
        bytes: 4 << 20,
        age: Duration::from_secs(7 * 24 * 3600),
    },
    reader: Reader::Everybody,
    keys: &[
        KeyRule {
            kinds: "agent.",
            about: &[&["agent_id"]],
        },
        KeyRule {
            kinds: "approval.resolve_requested",
            about: &[&["payload", "approval_id"]],
        },
        KeyRule {
            kinds: "approval.",
            about: &[&["payload", "id"]],
        },
    ],
    snapshot: true,
};

/// What happened in one session: its proposals and their actions. Six events a proposal, on its way: they are not worth
/// a write each.
pub static SESSION: Family = Family {
    name: "session",
    notification: Some("session.event"),
    durability: Durability::Memory,
    retention: Retention {
        count: 10_000,
        bytes: 4 << 20,
        age: Duration::from_secs(24 * 3600),
    },
    reader: Reader::Owner,
    keys: &[
        KeyRule {
            kinds: "action_",
            about: &[&["proposal_id"], &["action_id"]],
        },
        KeyRule {
            kinds: "proposal_",
            about: &[&["proposal_id"]],
        },
        // What was written is told nowhere else, so each stands for itself.
        KeyRule {
            kinds: "state_",
            about: &[&["seq"]],
        },
        KeyRule {
            kinds: "policy_violation",
            about: &[&["proposal_id"], &["action_id"]],
        },
    ],
    snapshot: false,
};

/// The steps of one proposal, made only while somebody listens. What became of the proposal is in its result, and in the
/// stream of its session: nothing here is worth a write, and it ends with the session. Streams are named by session and
/// proposal, since a proposal's id is its client's choice.
pub static RUN: Family = Family {
    name: "run",
    notification: Some("execution.event"),
    durability: Durability::Memory,
    retention: Retention {
        count: 5_000,
        bytes: 512 << 10,
        age: Duration::from_secs(3600),
    },
    reader: Reader::Owner,
    // Of an action the latest step, and of its progress the latest.
    keys: &[
        KeyRule {
            kinds: "progress",
            about: &[&["action_id"]],
        },
        KeyRule {
            kinds: "",
            about: &[&["action_id"]],
        },
    ],
    snapshot: false,
};

/// What a supervised agent wrote, and what became of it: `agent/<id>/log`. Its files have more, so nothing here is worth a
/// write. No session has the name of an agent, so only hosts read it.
pub static AGENT: Family = Family {
    name: "agent",
    notification: Some("agent.log"),
    durability: Durability::Memory,
    retention: Retention {
        count: 2_000,
        bytes: 512 << 10,
        age: Duration::from_secs(24 * 3600),
    },
    reader: Reader::Owner,
    // Lines do not replace each other.
    keys: &[KeyRule {
        kinds: "",
        about: &[&["seq"]],
    }],
    snapshot: false,
};

/// What is said in one chat. A token is not worth a write, and must not wait for one: what is to be kept of a chat, its
/// turns and how they ended, is kept beside the log (see [`chat`](crate::chat)) before the last event of a turn is
/// published. So a stream begins anew with the daemon, and what was said before is read with `agents.chat.history`.
///
/// A chat belongs to the person at the clients, so every client may read it; an agent hears what it began itself.
pub static CHAT: Family = Family {
    name: "chat",
    notification: Some("agents.chat.event"),
    durability: Durability::Memory,
    retention: Retention {
        count: 10_000,
        bytes: 4 << 20,
        age: Duration::from_secs(24 * 3600),
    },
    reader: Reader::Clients,
    // No event stands for another one: tokens that follow each other come together, with all of their text.
    keys: &[KeyRule {
        kinds: "",
        about: &[&["seq"]],
    }],
    snapshot: false,
};

/// What was heard in one stream of audio. Streams are named by session and voice stream, since the id of a voice stream is
/// its client's choice. Partials and voice activity are not worth a write: what was said in a meeting is in its transcript.
pub static VOICE: Family = Family {
    name: "voice",
    notification: Some("voice.event"),
    durability: Durability::Memory,
    retention: Retention {
        count: 20_000,
        bytes: 16 << 20,
        age: Duration::from_secs(24 * 3600),
    },
    reader: Reader::Owner,
    // Nothing replaces anything: what was said is heard.
    keys: &[],
    snapshot: false,
};

/// The families of this crate.
pub static FAMILIES: &[&Family] = &[&HOST, &SESSION, &RUN, &AGENT, &CHAT, &VOICE];

/// How long the name of a stream may be, in bytes: a proposal's id has up to 256.
const LONGEST_NAME: usize = 300;

/// The table of the families that a log knows. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Families(Arc<[&'static Family]>);

impl Default for Families {
    fn default() -> Self {
        Self(FAMILIES.into())
    }
}

impl Families {
    /// The same with more of them. Of several with one name the last counts.
    #[must_use]
    pub fn with(self, more: &[&'static Family]) -> Self {
        let kept = |family: &&&'static Family| more.iter().all(|new| new.name != family.name);
        let kept = self.0.iter().filter(kept);
        Self(kept.chain(more).copied().collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &'static Family> {
        self.0.iter().copied()
    }

    /// The family of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'static Family> {
        self.iter().find(|family| family.name == name)
    }

    /// The name of a stream from its text: a family, or a family, `/` and an owner.
    ///
    /// # Errors
    /// [`LogError::UnknownFamily`].
    pub fn parse(&self, name: &str) -> Result<StreamName, LogError> {
        let (family, owner) = match name.split_once('/') {
            Some((family, owner)) => (family, Some(owner)),
            None => (name, None),
        };
        let known = self
            .get(family)
            .filter(|_| name.len() <= LONGEST_NAME && owner != Some(""));
        match (known, owner) {
            (Some(family), Some(owner)) => Ok(StreamName::owned(family, owner)),
            (Some(family), None) => Ok(StreamName::single(family)),
            (None, _) => Err(LogError::UnknownFamily(
                family.chars().take(LONGEST_NAME).collect(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static WIKI: Family = Family {
        name: "wiki",
        notification: None,
        durability: Durability::Fsync,
        retention: HOST.retention,
        reader: Reader::Owner,
        keys: &[],
        snapshot: false,
    };

    #[test]
    fn a_name_is_read_through_the_table() {
        let families = Families::default().with(&[&WIKI]);
        for name in ["host", "session/4f0c", "wiki/a/b"] {
            assert_eq!(families.parse(name).unwrap().as_str(), name);
        }
        assert_eq!(families.parse("wiki/a").unwrap().family(), &WIKI);
        let long = format!("host/{}", "x".repeat(LONGEST_NAME));
        for name in ["", "/", "radio/x", "host/", &long] {
            assert!(matches!(
                families.parse(name),
                Err(LogError::UnknownFamily(_))
            ));
        }
    }

    #[test]
    fn a_family_of_the_same_name_takes_the_place() {
        static OTHER: Family = Family {
            durability: Durability::Fsync,
            name: "host",
            notification: None,
            retention: SESSION.retention,
            reader: Reader::Owner,
            keys: &[],
            snapshot: false,
        };
        let families = Families::default().with(&[&OTHER]);
        assert_eq!(families.get("host"), Some(&OTHER));
        assert_eq!(families.iter().count(), FAMILIES.len());
    }
}
