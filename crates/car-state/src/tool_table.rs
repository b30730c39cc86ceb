//! The tools that a session offers.
//!
//! Owns their definitions, their compiled JSON Schemas and their rate limits. It knows nothing of how a tool is run.

mod rate;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use car_protocol::rpc::tools::ToolDefinition;
use jsonschema::{PatternOptions, Validator};
use parking_lot::Mutex;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::store::measure;
pub use rate::{RateBucket, Reservation};

/// Bytes of a tool's name.
pub const NAME_BYTES: usize = 128;
/// Tools of one session.
pub const TOOLS: usize = 1_000;
/// Bytes of one schema as JSON text.
pub const SCHEMA_BYTES: usize = 256 << 10;
/// Bytes of a description.
pub const DESCRIPTION_BYTES: usize = 64 << 10;

/// More calls at the same time than any engine runs: a tool that asks for more has no bound of its own.
const PLACES: usize = 1 << 16;

/// How many findings of a validation are told, and how many bytes they may take.
const TOLD: usize = 5;
const TOLD_BYTES: usize = 1024;

/// Why tools were not registered. None of the call was.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("tool {index}, `{name}`: {problem}")]
pub struct ToolTableError {
    /// Its place in the call, from 0.
    pub index: usize,
    /// Its name, cut to 128 bytes.
    pub name: String,
    /// What is wrong with it.
    pub problem: ToolProblem,
}

impl ToolTableError {
    /// The path of the member that is wrong, as in `[2].parameters/properties/x`.
    #[must_use]
    pub fn field(&self) -> String {
        let member = match &self.problem {
            ToolProblem::Name { .. } => ".name".to_owned(),
            ToolProblem::Description { .. } => ".description".to_owned(),
            ToolProblem::RateLimit => ".rate_limit".to_owned(),
            ToolProblem::Concurrency => ".max_concurrency".to_owned(),
            ToolProblem::SchemaSize { member, .. } => format!(".{member}"),
            ToolProblem::Schema { member, path, .. } => format!(".{member}{path}"),
            ToolProblem::TooMany { .. } => String::new(),
        };
        format!("[{}]{member}", self.index)
    }

    /// The bound that was reached, if it was one.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        match self.problem {
            ToolProblem::Name { limit }
            | ToolProblem::Description { limit }
            | ToolProblem::TooMany { limit }
            | ToolProblem::SchemaSize { limit, .. } => Some(limit),
            ToolProblem::Schema { .. } | ToolProblem::RateLimit | ToolProblem::Concurrency => None,
        }
    }
}

/// What is wrong with a tool.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ToolProblem {
    /// The name is empty or too long.
    #[error("a name has 1 to {limit} bytes")]
    Name {
        /// Bytes of a name.
        limit: usize,
    },
    /// The description is too long.
    #[error("a description has at most {limit} bytes")]
    Description {
        /// Bytes of a description.
        limit: usize,
    },
    /// The session has too many tools.
    #[error("a session has at most {limit} tools")]
    TooMany {
        /// How many it may have.
        limit: usize,
    },
    /// A schema is too big.
    #[error("`{member}` has at most {limit} bytes as JSON")]
    SchemaSize {
        /// `parameters` or `returns`.
        member: &'static str,
        /// Bytes of a schema.
        limit: usize,
    },
    /// A schema is none, or refers to something outside itself.
    #[error("`{member}{path}` is no usable JSON Schema: {reason}")]
    Schema {
        /// `parameters` or `returns`.
        member: &'static str,
        /// Where in the schema, as a JSON pointer.
        path: String,
        /// Why.
        reason: String,
    },
    /// The rate limit allows nothing, or is no number.
    #[error("a rate limit has at least 1 call and more than 0 seconds")]
    RateLimit,
    /// No call could ever run.
    #[error("`max_concurrency` is at least 1")]
    Concurrency,
}

/// One tool, ready to be used.
#[derive(Debug)]
pub struct Tool {
    definition: ToolDefinition,
    generation: u64,
    parameters: Option<Validator>,
    returns: Option<Validator>,
    rate: Option<Arc<RateBucket>>,
    places: Option<Arc<Semaphore>>,
}

impl Tool {
    /// As it was registered.
    #[must_use]
    pub fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    /// Differs from that of every tool registered before, so that nothing remembered of an older tool of the same
    /// name is taken for this one's.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// How often it may be called.
    #[must_use]
    pub fn rate(&self) -> Option<&Arc<RateBucket>> {
        self.rate.as_ref()
    }

    /// The places for calls at the same time, if they are few.
    #[must_use]
    pub fn places(&self) -> Option<&Arc<Semaphore>> {
        self.places.as_ref()
    }

    /// Holds parameters against the schema.
    ///
    /// # Errors
    /// What does not fit and where, without the values themselves.
    pub fn check_parameters(&self, parameters: &Value) -> Result<(), String> {
        check(self.parameters.as_ref(), "parameters", parameters)
    }

    /// Holds parameters that a person put in the place of others against the schema.
    ///
    /// # Errors
    /// As for [`check_parameters`](Self::check_parameters), for whoever made the call.
    pub fn check_edits(&self, parameters: &Value) -> Result<(), String> {
        let fits = self.check_parameters(parameters);
        fits.map_err(|why| format!("what a person put in its place does not fit: {why}"))
    }

    /// Holds a result against the schema.
    ///
    /// # Errors
    /// What does not fit and where, without the values themselves.
    pub fn check_returns(&self, result: &Value) -> Result<(), String> {
        check(self.returns.as_ref(), "result", result)
    }
}

fn check(schema: Option<&Validator>, root: &str, value: &Value) -> Result<(), String> {
    let Some(schema) = schema else { return Ok(()) };
    if schema.is_valid(value) {
        return Ok(());
    }
    let mut told = String::new();
    for error in schema.iter_errors(value).take(TOLD) {
        if !told.is_empty() {
            told.push_str("; ");
        }
        let place = error.instance_path();
        let _ = write!(told, "{root}{place}: {}", error.masked_with("the value"));
        if told.len() > TOLD_BYTES {
            break;
        }
    }
    Err(cut(told, TOLD_BYTES))
}

fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
        text.push('…');
    }
    text
}

#[derive(Debug, Default)]
struct Tools {
    by_name: BTreeMap<Box<str>, Arc<Tool>>,
    generation: u64,
}

/// The tools of one session, by name. An empty table allocates nothing.
#[derive(Debug, Default)]
pub struct ToolTable {
    tools: Mutex<Tools>,
}

impl ToolTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers tools, replacing those with the same names. Answers how many definitions there were.
    ///
    /// # Errors
    /// One of them cannot be registered; then none is.
    pub fn register(&self, definitions: Vec<ToolDefinition>) -> Result<u64, ToolTableError> {
        let count = definitions.len() as u64;
        let mut compiled = Vec::with_capacity(definitions.len().min(TOOLS));
        for (index, definition) in definitions.into_iter().enumerate() {
            let name = cut(definition.name.clone(), NAME_BYTES);
            let at = |problem| ToolTableError {
                index,
                name,
                problem,
            };
            if index >= TOOLS {
                return Err(at(ToolProblem::TooMany { limit: TOOLS }));
            }
            compiled.push(compile(definition).map_err(at)?);
        }
        let mut tools = self.tools.lock();
        let mut total = tools.by_name.len();
        let mut fresh = std::collections::BTreeSet::new();
        for (index, tool) in compiled.iter().enumerate() {
            let name = tool.definition.name.as_str();
            total += usize::from(!tools.by_name.contains_key(name) && fresh.insert(name));
            if total > TOOLS {
                return Err(ToolTableError {
                    index,
                    name: name.to_owned(),
                    problem: ToolProblem::TooMany { limit: TOOLS },
                });
            }
        }
        for mut tool in compiled {
            tools.generation += 1;
            tool.generation = tools.generation;
            let name = tool.definition.name.as_str().into();
            tools.by_name.insert(name, Arc::new(tool));
        }
        Ok(count)
    }

    /// All tools, by name.
    #[must_use]
    pub fn list(&self) -> Vec<ToolDefinition> {
        let tools: Vec<_> = self.tools.lock().by_name.values().cloned().collect();
        tools.iter().map(|tool| tool.definition.clone()).collect()
    }

    /// Removes a tool. Answers whether it was there; calls under way go on.
    pub fn unregister(&self, name: &str) -> bool {
        self.tools.lock().by_name.remove(name).is_some()
    }

    /// One tool.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Tool>> {
        self.tools.lock().by_name.get(name).cloned()
    }

    /// How many tools there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tools.lock().by_name.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn compile(definition: ToolDefinition) -> Result<Tool, ToolProblem> {
    if definition.name.is_empty() || definition.name.len() > NAME_BYTES {
        return Err(ToolProblem::Name { limit: NAME_BYTES });
    }
    if definition.description.len() > DESCRIPTION_BYTES {
        return Err(ToolProblem::Description {
            limit: DESCRIPTION_BYTES,
        });
    }
    let rate = match &definition.rate_limit {
        Some(limit) => Some(Arc::new(
            RateBucket::new(limit).ok_or(ToolProblem::RateLimit)?,
        )),
        None => None,
    };
    let places = match definition.max_concurrency {
        Some(0) => return Err(ToolProblem::Concurrency),
        Some(most) => Some(Arc::new(Semaphore::new((most as usize).min(PLACES)))),
        None => None,
    };
    let returns = definition.returns.as_ref();
    Ok(Tool {
        parameters: schema("parameters", Some(&definition.parameters))?,
        returns: schema("returns", returns)?,
        rate,
        places,
        generation: 0,
        definition,
    })
}

fn schema(member: &'static str, schema: Option<&Value>) -> Result<Option<Validator>, ToolProblem> {
    let Some(schema) = schema.filter(|schema| !takes_anything(schema)) else {
        return Ok(None);
    };
    if measure(schema).text > SCHEMA_BYTES {
        return Err(ToolProblem::SchemaSize {
            member,
            limit: SCHEMA_BYTES,
        });
    }
    // A pattern may look around, as JSON Schema allows, but not run away: its steps and its size are bounded.
    let patterns = PatternOptions::fancy_regex()
        .backtrack_limit(100_000)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20);
    let built = jsonschema::options()
        .offline()
        .with_pattern_options(patterns)
        .build(schema);
    built.map(Some).map_err(|error| ToolProblem::Schema {
        member,
        path: error.instance_path().to_string(),
        reason: cut(error.masked_with("the value").to_string(), TOLD_BYTES),
    })
}

fn takes_anything(schema: &Value) -> bool {
    match schema {
        Value::Null | Value::Bool(true) => true,
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
