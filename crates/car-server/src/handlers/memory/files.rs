//! Memories in files: below one folder, and nowhere else.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use car_protocol::rpc::memory::{FileParams, Imported, Stored};
use car_protocol::{RpcError, kind};
use car_state::memgine::{Details, FactFilter, MemgineError, NewFact};
use car_state::private_file;
use serde::{Deserialize, Serialize};

use super::{Memory, source};
use crate::cx::Cx;
use crate::failure::Failure;

/// Bytes of a path at most.
const LONGEST_PATH: usize = 1_024;
/// Bytes of a file that is read at most.
const LARGEST: u64 = 256 << 20;
/// Facts that are looked at at once.
const STEP: usize = 500;

/// A fact as `memory.persist` writes it.
#[derive(Debug, Deserialize, Serialize)]
struct Line {
    subject: String,
    body: String,
    #[serde(default = "pattern")]
    kind: String,
    #[serde(default = "half")]
    confidence: f64,
    #[serde(default = "text")]
    content_type: Option<String>,
}

fn pattern() -> String {
    "pattern".to_owned()
}

fn half() -> f64 {
    Details::default().confidence
}

#[expect(clippy::unnecessary_wraps, reason = "files may say that there is none")]
fn text() -> Option<String> {
    Some("text".to_owned())
}

/// Where files of memories may be.
#[derive(Clone, Debug)]
pub(super) struct Folder(Arc<Path>);

impl Folder {
    pub(super) fn below(root: &Path) -> Self {
        Self(root.join("memory").into())
    }

    /// Where a file is. Its folder is there and, behind all links, in this one.
    fn place(&self, path: &str) -> Result<PathBuf, Failure> {
        let asked = Path::new(path);
        let inner = if asked.is_absolute() {
            let outside = || refused("it is not below the folder of memories");
            asked.strip_prefix(&self.0).map_err(|_| outside())?
        } else {
            asked
        };
        if path.len() > LONGEST_PATH || path.contains('\0') {
            return Err(refused("it is too long, or no name of a file"));
        }
        let mut names = Vec::new();
        for part in inner.components() {
            match part {
                Component::Normal(name) => names.push(name),
                Component::CurDir => {}
                _ => return Err(refused("it leads out of the folder of memories")),
            }
        }
        let Some(name) = names.pop() else {
            return Err(refused("it names no file"));
        };
        private_file::create_folder(&self.0).map_err(Failure::internal)?;
        let root = fs::canonicalize(&self.0).map_err(Failure::internal)?;
        let mut folder = root.clone();
        for part in names {
            folder.push(part);
            // Each step is looked at before the next is made, so that nothing is made outside.
            if !folder.exists() {
                private_file::create_folder(&folder).map_err(Failure::internal)?;
            }
            let real = fs::canonicalize(&folder).map_err(Failure::internal)?;
            if !real.starts_with(&root) || !real.is_dir() {
                return Err(refused("it leads out of the folder of memories"));
            }
        }
        let file = folder.join(name);
        match fs::symlink_metadata(&file) {
            Ok(found) if !found.is_file() => Err(refused("it is a link or a folder")),
            _ => Ok(file),
        }
    }

    async fn write(&self, path: String, content: String) -> Result<(), Failure> {
        let folder = self.clone();
        aside(move || {
            let file = folder.place(&path)?;
            private_file::replace(&file, content.as_bytes()).map_err(Failure::internal)
        })
        .await
    }

    async fn read(&self, path: String) -> Result<String, Failure> {
        let folder = self.clone();
        aside(move || {
            let file = folder.place(&path)?;
            let size = fs::metadata(&file).map_err(unreadable)?.len();
            if size > LARGEST {
                let message = format!("path: a file of a memory has {LARGEST} bytes at most");
                let error = RpcError::domain(kind::LIMIT_EXCEEDED, message);
                return Err(error.with_limit(LARGEST).into());
            }
            fs::read_to_string(&file).map_err(unreadable)
        })
        .await
    }
}

/// Does something with files on a thread for such things.
async fn aside<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(act)
        .await
        .map_err(Failure::internal)?
}

fn refused(why: &str) -> Failure {
    RpcError::invalid_params(Some("path"), format!("path: {why}")).into()
}

fn unreadable(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => {
            RpcError::domain(kind::NOT_FOUND, "path: there is no such file").into()
        }
        io::ErrorKind::InvalidData => refused("the file is not text"),
        _ => Failure::internal(error),
    }
}

/// A file that does not hold what it should.
fn damaged(error: MemgineError) -> Failure {
    match error {
        MemgineError::Invalid(why) | MemgineError::Field { why, .. } => refused(&why),
        other => other.into(),
    }
}

pub(super) async fn persist(memory: Memory, _: Cx, params: FileParams) -> Result<u64, Failure> {
    let engine = memory.engine().await?;
    let mut filter = FactFilter {
        limit: STEP,
        ..FactFilter::default()
    };
    let mut lines: Vec<Line> = Vec::new();
    loop {
        let facts = engine.list(&filter).await?;
        filter.after = facts.last().map(|fact| fact.id.clone());
        let last = facts.len() < STEP;
        lines.extend(facts.into_iter().map(|fact| Line {
            subject: fact.subject,
            body: fact.body,
            kind: fact.kind,
            confidence: fact.confidence,
            content_type: text(),
        }));
        if last {
            break;
        }
    }
    let content = serde_json::to_string(&lines).map_err(Failure::internal)?;
    memory.folder.write(params.path, content).await?;
    Ok(lines.len() as u64)
}

pub(super) async fn load(memory: Memory, cx: Cx, params: FileParams) -> Result<u64, Failure> {
    let engine = memory.engine().await?;
    let content = memory.folder.read(params.path).await?;
    let lines: Vec<Line> = serde_json::from_str(&content)
        .map_err(|error| refused(&format!("the file is not what was written: {error}")))?;
    let (at, source) = (memory.clock.now(), source(&cx));
    let facts = lines.into_iter().map(|line| {
        let fact = NewFact {
            subject: line.subject,
            body: line.body,
            kind: line.kind,
            at,
            source: source.clone(),
        };
        let details = Details {
            confidence: line.confidence,
            ..Details::default()
        };
        (fact, details)
    });
    engine.replace(facts.collect()).await.map_err(damaged)
}

pub(super) async fn export(memory: Memory, _: Cx, params: FileParams) -> Result<Stored, Failure> {
    let content = memory.engine().await?.export().await?;
    // A line says what it is, and each other one is a fact or what was forgotten.
    let facts = content
        .lines()
        .filter(|line| line.starts_with("{\"id\""))
        .count() as u64;
    let bytes = content.len() as u64;
    memory.folder.write(params.path, content).await?;
    Ok(Stored { facts, bytes })
}

pub(super) async fn import(memory: Memory, _: Cx, params: FileParams) -> Result<Imported, Failure> {
    let engine = memory.engine().await?;
    let content = memory.folder.read(params.path).await?;
    engine.import(&content).await.map_err(damaged)
}
