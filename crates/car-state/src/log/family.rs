use std::time::Duration;

/// A kind of stream: how it is pushed, how long it is kept, and who may read it.
#[derive(Debug, Eq, PartialEq)]
pub struct Family {
    /// The first part of its streams' names.
    pub name: &'static str,
    /// The notification that carries its events; `None` for a family that is only read.
    pub notification: Option<&'static str>,
    /// How much is kept.
    pub retention: Retention,
    /// Who may read it.
    pub reader: Reader,
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
}

/// What happened on the host plane: agents, approvals, and what clients tell.
pub static HOST: Family = Family {
    name: "host",
    notification: Some("host.event"),
    retention: Retention {
        count: 500,
        bytes: 4 << 20,
        age: Duration::from_secs(7 * 24 * 3600),
    },
    reader: Reader::Everybody,
};

/// What happened in one session: its proposals and their actions.
pub static SESSION: Family = Family {
    name: "session",
    notification: None,
    retention: Retention {
        count: 10_000,
        bytes: 4 << 20,
        age: Duration::from_secs(24 * 3600),
    },
    reader: Reader::Owner,
};

/// Every family there is.
pub static FAMILIES: &[&Family] = &[&HOST, &SESSION];
