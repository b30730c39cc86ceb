//! Rules in the policy language Cedar, from files that a person writes.
//!
//! Every file is held to a schema that is made from the method table, so that a rule which could never match, or would
//! fail on every call, is refused with its line. While a file is broken, all rules stay as they were. What depends on
//! the values of a call can fail nevertheless: Cedar leaves such a policy out, here it counts as a refusal.

mod arguments;
mod files;
mod hours;
mod rule;
mod schema;
mod set;
mod text;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use car_protocol::rpc::rules::{RuleProblem, RuleSet as Report};
use jiff::tz::TimeZone;
use parking_lot::{Mutex, RwLock};
use thiserror::Error;

use self::files::{Glance, Source, problem};
use self::rule::Rule;
use self::schema::Vocabulary;
use self::set::RuleSet;
use super::{Reach, Rules, Ruling, Subject};
use crate::clock::Clock;

pub use self::files::{MAX_FILE_BYTES, MAX_FILES};
pub use self::schema::SchemaFault;

/// How many rules there may be.
pub const MAX_RULES: usize = 1_000;
/// The stack of who reads, in bytes. What is not used of it takes no memory.
const READING_STACK: usize = 64 << 20;
/// How many problems are told at once.
const MAX_PROBLEMS: usize = 64;

/// Why there are no rules to begin with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RulesError {
    /// The schema cannot be made.
    #[error(transparent)]
    Schema(#[from] SchemaFault),
    /// A file is broken. There is no earlier set that could stay.
    #[error("{}", tell(.0))]
    Broken(Vec<RuleProblem>),
}

/// What looking at the files led to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refreshed {
    /// They are as they were.
    Unchanged,
    /// There are new rules, of this revision.
    Loaded(Arc<str>),
    /// They are broken, and the rules stay as they were.
    Refused(Vec<RuleProblem>),
}

/// The rules in the files of one folder.
pub struct CedarRules {
    folder: PathBuf,
    zone: TimeZone,
    clock: Arc<dyn Clock>,
    vocabulary: Vocabulary,
    reach: Reach,
    set: RwLock<Arc<RuleSet>>,
    files: Mutex<Files>,
}

/// The files as they were when they were last looked at.
#[derive(Debug, Default)]
struct Files {
    glance: Option<Glance>,
    problems: Vec<RuleProblem>,
}

impl CedarRules {
    /// Reads the files of `folder` whose names end in `.cedar`; none when it is not there. Blocks on the file system.
    /// Times of day are those of the machine.
    ///
    /// # Errors
    /// [`RulesError::Broken`] has every broken file with line and reason.
    pub fn open(folder: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Result<Self, RulesError> {
        Self::open_in(folder, clock, TimeZone::system())
    }

    fn open_in(
        folder: impl Into<PathBuf>,
        clock: Arc<dyn Clock>,
        zone: TimeZone,
    ) -> Result<Self, RulesError> {
        let vocabulary = Vocabulary::new()?;
        let nothing = RuleSet::new(
            Vec::new(),
            super::NO_REVISION.into(),
            clock.now(),
            &vocabulary,
        )
        .map_err(SchemaFault::new)?;
        let rules = Self {
            folder: folder.into(),
            zone,
            clock,
            vocabulary,
            reach: Reach::default(),
            set: RwLock::new(Arc::new(nothing)),
            files: Mutex::default(),
        };
        match rules.reload() {
            Refreshed::Refused(problems) => Err(RulesError::Broken(problems)),
            _ => Ok(rules),
        }
    }

    /// Looks at the files, and reads them when they changed. Blocks on the file system.
    pub fn refresh(&self) -> Refreshed {
        self.look(false)
    }

    /// Reads the files, changed or not. Blocks on the file system.
    pub fn reload(&self) -> Refreshed {
        self.look(true)
    }

    /// What is wrong with the files now.
    #[must_use]
    pub fn problems(&self) -> Vec<RuleProblem> {
        self.files.lock().problems.clone()
    }

    fn look(&self, anyway: bool) -> Refreshed {
        // Held all the while: two who look at once must not put an older set in the place of a newer one.
        let mut files = self.files.lock();
        let glance = match files::glance(&self.folder) {
            Ok(glance) => glance,
            Err(problem) => {
                let again = files.problems.as_slice() == std::slice::from_ref(&problem);
                files.glance = None;
                files.problems = vec![problem];
                return match again && !anyway {
                    true => Refreshed::Unchanged,
                    false => Refreshed::Refused(files.problems.clone()),
                };
            }
        };
        if !anyway && files.glance.as_ref() == Some(&glance) {
            return Refreshed::Unchanged;
        }
        let read = files::read(&self.folder, &glance).map_err(|problem| vec![problem]);
        files.glance = Some(glance);
        let loaded = read.and_then(|sources| self.load(&sources));
        match loaded {
            Ok(set) => {
                files.problems.clear();
                let revision = Arc::clone(&set.revision);
                let lines = set.lines.clone();
                let before = std::mem::replace(&mut *self.set.write(), Arc::new(set));
                self.reach.set(lines);
                match before.revision == revision {
                    true => Refreshed::Unchanged,
                    false => Refreshed::Loaded(revision),
                }
            }
            Err(problems) => {
                files.problems.clone_from(&problems);
                Refreshed::Refused(problems)
            }
        }
    }

    /// Makes rules of files.
    fn load(&self, sources: &[Source]) -> Result<RuleSet, Vec<RuleProblem>> {
        let mut rules = Vec::new();
        let mut problems = Vec::new();
        for source in sources {
            let (found, wrong) =
                apart(|| read_rules(source, &self.vocabulary)).unwrap_or_else(|reason| {
                    (Vec::new(), vec![problem(Some(&source.name), None, reason)])
                });
            rules.extend(found);
            problems.extend(wrong);
        }
        problems.extend(twice(&rules));
        if rules.len() > MAX_RULES {
            let reason = format!("there are more than {MAX_RULES} rules");
            problems.push(problem(None, None, reason));
        }
        if !problems.is_empty() {
            problems.truncate(MAX_PROBLEMS);
            return Err(problems);
        }
        let revision = match sources {
            [] => super::NO_REVISION.to_owned(),
            sources => files::revision(sources),
        };
        RuleSet::new(rules, revision.into(), self.clock.now(), &self.vocabulary)
            .map_err(|error| vec![problem(None, None, error)])
    }

    fn current(&self) -> Arc<RuleSet> {
        Arc::clone(&self.set.read())
    }
}

/// The folder of the rules of a root.
#[must_use]
pub fn folder(home: &Path) -> PathBuf {
    home.join("policies")
}

/// Whether the files of a folder are all right, for whoever looks without a daemon.
///
/// # Errors
/// [`RulesError`].
pub fn check(folder: &Path, clock: Arc<dyn Clock>) -> Result<Report, RulesError> {
    Ok(CedarRules::open(folder, clock)?.report())
}

/// Runs `read` on a thread of its own, whose stack is deep enough for any text within the bounds. A fault of the library is
/// one of the file that it met.
fn apart<T: Send>(read: impl FnOnce() -> T + Send) -> Result<T, String> {
    thread::scope(|scope| {
        thread::Builder::new()
            .name("rules".to_owned())
            .stack_size(READING_STACK)
            .spawn_scoped(scope, read)
            .map_err(|error| format!("there is no thread to read it: {error}"))?
            .join()
            .map_err(|_| "it is beyond what can be read".to_owned())
    })
}

/// All rules of a file, and everything that is wrong with it.
fn read_rules(source: &Source, vocabulary: &Vocabulary) -> (Vec<Rule>, Vec<RuleProblem>) {
    let mut rules = Vec::new();
    let mut problems = Vec::new();
    let statements = text::statements(&source.text);
    for (number, statement) in statements.iter().enumerate().take(MAX_RULES + 1) {
        match Rule::read(statement, &source.name, number + 1, vocabulary) {
            Ok(rule) => rules.push(rule),
            Err(fault) => {
                problems.push(problem(Some(&source.name), Some(fault.line), fault.reason));
                if problems.len() == MAX_PROBLEMS {
                    break;
                }
            }
        }
    }
    (rules, problems)
}

/// A name stands for one rule, or nobody could tell which one decided.
fn twice(rules: &[Rule]) -> Vec<RuleProblem> {
    let mut named: HashMap<&str, &Rule> = HashMap::new();
    let mut problems = Vec::new();
    for rule in rules {
        if let Some(first) = named.insert(&rule.name, rule) {
            let reason = format!(
                "the rule {:?} is there already: {}:{}",
                rule.name, first.file, first.line
            );
            problems.push(problem(Some(&rule.file), Some(rule.line), reason));
        }
    }
    problems
}

/// Problems, one a line.
fn tell(problems: &[RuleProblem]) -> String {
    let told = problems.iter().map(|problem| {
        let file = problem.file.as_deref().unwrap_or("policies");
        match problem.line {
            Some(line) => format!("{file}:{line}: {}", problem.reason),
            None => format!("{file}: {}", problem.reason),
        }
    });
    told.collect::<Vec<_>>().join("\n")
}

impl Rules for CedarRules {
    fn reach(&self) -> &Reach {
        &self.reach
    }

    fn reaches_tool(&self, tool: &str) -> bool {
        self.set.read().reaches_tool(tool)
    }

    fn judge(&self, subject: &Subject<'_>) -> Option<Ruling> {
        self.current().judge(subject, &self.vocabulary, &self.zone)
    }

    fn revision(&self) -> Arc<str> {
        Arc::clone(&self.set.read().revision)
    }

    fn report(&self) -> Report {
        let set = self.current();
        Report {
            revision: set.revision.as_ref().to_owned(),
            loaded_at: set.loaded_at,
            rules: set.rules.iter().map(Rule::info).collect(),
            problems: self.problems(),
            folder: Some(self.folder.display().to_string()),
        }
    }
}

impl std::fmt::Debug for CedarRules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CedarRules")
            .field("folder", &self.folder)
            .field("revision", &self.revision())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
