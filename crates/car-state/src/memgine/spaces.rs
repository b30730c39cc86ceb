//! Which memory a session uses.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::OnceCell;

use super::{Memgine, MemgineError};
use crate::identity::IdentityCell;

/// How many memories are in use at once.
const OPEN: usize = 256;
/// How long the name of one may be, in bytes.
const LONGEST_NAME: usize = 128;

/// One memory of a daemon.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub enum Space {
    /// The one that all sessions share which have no other.
    #[default]
    Shared,
    /// That of an agent.
    Agent(Arc<str>),
    /// One that clients named.
    Named(Arc<str>),
}

impl Space {
    /// The memory that clients named so.
    ///
    /// # Errors
    /// [`MemgineError::Field`] where the name is empty or longer than 128 bytes.
    pub fn named(name: &str) -> Result<Self, MemgineError> {
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(MemgineError::Field {
                field: "memory_namespace",
                why: format!("the name of a memory has 1 to {LONGEST_NAME} bytes"),
            });
        }
        Ok(Self::Named(name.into()))
    }
}

impl Space {
    /// The memory of this text, as [`Display`](fmt::Display) writes it.
    ///
    /// # Errors
    /// [`MemgineError::Invalid`].
    pub fn parse(text: &str) -> Result<Self, MemgineError> {
        match text.split_once('/') {
            None if text == "shared" => Ok(Self::Shared),
            Some(("agent", id)) if !id.is_empty() => Ok(Self::Agent(id.into())),
            Some(("namespace", name)) => Self::named(name),
            _ => Err(MemgineError::Invalid("there is no such memory".to_owned())),
        }
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared => f.write_str("shared"),
            Self::Agent(id) => write!(f, "agent/{id}"),
            Self::Named(name) => write!(f, "namespace/{name}"),
        }
    }
}

/// Makes the engines of a daemon.
pub trait MemgineSource: fmt::Debug + Send + Sync + 'static {
    /// The engine of a memory, with what an earlier daemon kept. Blocks while that is read.
    ///
    /// # Errors
    /// It cannot be read.
    fn open(&self, space: &Space) -> Result<Arc<dyn Memgine>, MemgineError>;

    /// Whether what an engine has is kept when nobody uses it any more.
    fn keeps(&self) -> bool {
        true
    }
}

type Opening = Arc<OnceCell<Arc<dyn Memgine>>>;

/// The memories of a daemon. A memory is opened when it is used first.
#[derive(Debug, Default)]
pub struct Memories {
    /// The embedder's, which is everybody's.
    only: Option<Arc<dyn Memgine>>,
    source: Option<Arc<dyn MemgineSource>>,
    open: Mutex<HashMap<Space, Opening>>,
}

impl Memories {
    /// One engine for all sessions, whatever they are bound to.
    #[must_use]
    pub fn one(engine: Arc<dyn Memgine>) -> Self {
        Self {
            only: Some(engine),
            ..Self::default()
        }
    }

    /// Engines from there.
    #[must_use]
    pub fn from(source: Arc<dyn MemgineSource>) -> Self {
        Self {
            source: Some(source),
            ..Self::default()
        }
    }

    /// The engine of a memory. One that fails to open is tried again by whoever asks next.
    ///
    /// # Errors
    /// [`MemgineError::None`] where there are none; [`MemgineError::Full`] when 256 are in use; it cannot be read.
    pub async fn of(&self, space: &Space) -> Result<Arc<dyn Memgine>, MemgineError> {
        if let Some(only) = &self.only {
            return Ok(Arc::clone(only));
        }
        let source = self.source.as_ref().ok_or(MemgineError::None)?;
        let opening = self.opening(space, source.keeps())?;
        let engine = opening.get_or_try_init(|| {
            let (source, space) = (Arc::clone(source), space.clone());
            let opened = tokio::task::spawn_blocking(move || source.open(&space));
            async move {
                let failed = |error| MemgineError::Storage(Box::new(error));
                opened.await.map_err(failed)?
            }
        });
        Ok(Arc::clone(engine.await?))
    }

    fn opening(&self, space: &Space, keeps: bool) -> Result<Opening, MemgineError> {
        let mut open = self.open.lock();
        if let Some(opening) = open.get(space) {
            return Ok(Arc::clone(opening));
        }
        if open.len() >= OPEN && keeps {
            // What nobody uses at the moment can be opened again.
            open.retain(|_, opening| {
                let used = opening.get().map(Arc::strong_count);
                Arc::strong_count(opening) > 1 || used.is_none_or(|count| count > 1)
            });
        }
        if open.len() >= OPEN {
            return Err(MemgineError::Full {
                what: "spaces in use",
                limit: OPEN as u64,
            });
        }
        let opening = Opening::default();
        open.insert(space.clone(), Arc::clone(&opening));
        Ok(opening)
    }
}

/// The memory of a session: the one place that says which it is.
#[derive(Debug)]
pub struct SessionMemory {
    memories: Arc<Memories>,
    identity: Arc<IdentityCell>,
    /// What the client asked for.
    named: RwLock<Option<Space>>,
}

impl SessionMemory {
    pub(crate) fn new(memories: Arc<Memories>, identity: Arc<IdentityCell>) -> Self {
        Self {
            memories,
            identity,
            named: RwLock::default(),
        }
    }

    /// Uses this memory from now on.
    pub fn bind(&self, space: Space) {
        *self.named.write() = Some(space);
    }

    /// Which memory it is: the one that was asked for, else that of the agent which the session speaks for, else the one
    /// that all share.
    #[must_use]
    pub fn space(&self) -> Space {
        if let Some(named) = &*self.named.read() {
            return named.clone();
        }
        match self.identity.get().agent() {
            Some(agent) => Space::Agent(agent.to_string().into()),
            None => Space::Shared,
        }
    }

    /// Its engine.
    ///
    /// # Errors
    /// As for [`Memories::of`].
    pub async fn engine(&self) -> Result<Arc<dyn Memgine>, MemgineError> {
        let space = self.space();
        self.memories.of(&space).await
    }
}
