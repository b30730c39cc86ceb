//! Messages held against the official JSON Schemas of A2UI. Feature `validate`.
//!
//! The schemas are part of the crate, and nothing is ever fetched. Each version is compiled once, at its first use.
//! [`Validator::basic`] knows the basic catalog, [`Validator::open`] takes any component, and
//! [`Validator::with_catalog`] knows one that a renderer brought along.
//!
//! ```
//! use car_protocol::a2ui::{Direction, Version, validate::Validator};
//! use serde_json::json;
//!
//! let message = json!({ "version": "v0.9.1", "updateComponents": {
//!     "surfaceId": "s1",
//!     "components": [{ "id": "root", "component": "Text", "text": 5 }]
//! } });
//! let faults = Validator::basic(Version::V0_9_1).payload(&message, Direction::ToRenderer).unwrap_err();
//! assert_eq!(faults[0].path, "/updateComponents/components/0/text");
//!
//! let answer = faults[0].to_error(Version::V0_9_1).unwrap();
//! assert_eq!(serde_json::to_value(answer)?["error"]["path"], "/components/0/text");
//! # Ok::<(), serde_json::Error>(())
//! ```

mod faults;
mod schemas;

use std::fmt;
use std::sync::LazyLock;

use jsonschema::{PatternOptions, Registry};
use serde_json::{Value, json};

use super::limits::{self, Limit};
use super::message::Direction;
use super::version::Version;
use super::violation::{Violation, bounded};
use faults::faults;
use schemas::Catalog;

/// The schemas of one version with one catalog, compiled.
#[derive(Debug)]
pub struct Validator {
    version: Version,
    to_renderer: jsonschema::Validator,
    to_agent: jsonschema::Validator,
    patch_components: jsonschema::Validator,
    renderer_capabilities: jsonschema::Validator,
    agent_capabilities: jsonschema::Validator,
    data_model: jsonschema::Validator,
}

/// A catalog is no catalog: it is too large, or one of its schemas is none or refers to what is not there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CatalogError(String);

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a catalog: {}", self.0)
    }
}

impl std::error::Error for CatalogError {}

/// Compiles schemas that are part of the crate, at their first use.
macro_rules! built_in {
    ($version:ident, $catalog:ident) => {{
        static VALIDATOR: LazyLock<Validator> =
            LazyLock::new(|| built_in(Version::$version, Catalog::$catalog));
        &VALIDATOR
    }};
}

#[expect(
    clippy::expect_used,
    reason = "the schemas are part of the crate, and a test compiles each"
)]
fn built_in(version: Version, catalog: Catalog<'_>) -> Validator {
    Validator::build(version, catalog).expect("the schemas compile")
}

impl Validator {
    /// The schemas of a version with its basic catalog.
    #[must_use]
    pub fn basic(version: Version) -> &'static Self {
        match version {
            Version::V0_9 => built_in!(V0_9, Basic),
            Version::V0_9_1 => built_in!(V0_9_1, Basic),
            Version::V1_0 => built_in!(V1_0, Basic),
        }
    }

    /// The schemas of a version, with any components and functions: for surfaces whose catalog is not known here.
    #[must_use]
    pub fn open(version: Version) -> &'static Self {
        match version {
            Version::V0_9 => built_in!(V0_9, Open),
            Version::V0_9_1 => built_in!(V0_9_1, Open),
            Version::V1_0 => built_in!(V1_0, Open),
        }
    }

    /// The schemas of a version with this catalog, as a file has it or an inline one. Compiling takes time, so keep it
    /// as long as the catalog is in use.
    ///
    /// # Errors
    /// [`CatalogError`]: it is longer than [`Limit::DataModelBytes`], or does not compile. What it refers to must be in
    /// itself or in the schemas of the version.
    pub fn with_catalog(version: Version, catalog: &Value) -> Result<Self, CatalogError> {
        limits::hold_value(catalog, Limit::DataModelBytes)
            .map_err(|limit| CatalogError(limit.to_string()))?;
        Self::build(version, Catalog::Custom(catalog))
    }

    fn build(version: Version, catalog: Catalog<'_>) -> Result<Self, CatalogError> {
        let failed = |error: &dyn fmt::Display| CatalogError(bounded(error.to_string()));
        let documents = schemas::documents(version, catalog).map_err(|error| failed(&error))?;
        let registry = Registry::new()
            .extend(documents)
            .and_then(|registry| registry.prepare())
            .map_err(|error| failed(&error))?;
        let compile = |schema: &Value| {
            jsonschema::options()
                .offline()
                .with_registry(&registry)
                .should_validate_formats(true)
                .with_pattern_options(patterns())
                .build(schema)
                .map_err(|error| failed(&error))
        };
        let refer = |address: &str| compile(&json!({ "$ref": address }));
        let names = schemas::names(version);
        let patch = schemas::patch_components().map_err(|error| failed(&error))?;
        Ok(Self {
            version,
            to_renderer: refer(&names.to_renderer)?,
            to_agent: refer(&names.to_agent)?,
            patch_components: compile(&patch)?,
            renderer_capabilities: refer(&names.renderer_capabilities)?,
            agent_capabilities: refer(&names.agent_capabilities)?,
            data_model: refer(&names.data_model)?,
        })
    }

    /// The version whose schemas these are. Those of v0.9.1 take messages that name v0.9 too.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Holds one message against the schema.
    ///
    /// # Errors
    /// What is wrong with it, each fault with its place and rule; at most 16.
    pub fn message(&self, message: &Value, direction: Direction) -> Result<(), Vec<Violation>> {
        let schema = match direction {
            Direction::ToAgent => &self.to_agent,
            Direction::ToRenderer if message.get("patchComponents").is_some() => {
                &self.patch_components
            }
            Direction::ToRenderer => &self.to_renderer,
        };
        check(schema, message)
    }

    /// Holds a payload against the schema: one message, or a list of them.
    ///
    /// # Errors
    /// What is wrong with its messages, each fault with the index of its message, at most 16 for one message; or the one
    /// limit that the payload exceeds.
    pub fn payload(&self, payload: &Value, direction: Direction) -> Result<(), Vec<Violation>> {
        let most = Limit::PayloadBytes.max();
        if limits::length(payload, most).is_none() {
            return Err(vec![Violation::limit(Limit::PayloadBytes, "")]);
        }
        let messages = match payload {
            Value::Array(messages) => messages.as_slice(),
            single => std::slice::from_ref(single),
        };
        if let Err(limit) = Limit::Messages.hold(messages.len()) {
            return Err(vec![Violation::limit(limit, "")]);
        }
        let mut violations = Vec::new();
        for (index, message) in messages.iter().enumerate() {
            let faults = self.message(message, direction).err().unwrap_or_default();
            violations.extend(faults.into_iter().map(|fault| fault.at(index)));
        }
        if violations.is_empty() {
            Ok(())
        } else {
            Err(violations)
        }
    }

    /// Holds what a renderer says it can show against the schema.
    ///
    /// # Errors
    /// As [`message`](Self::message).
    pub fn renderer_capabilities(&self, capabilities: &Value) -> Result<(), Vec<Violation>> {
        check(&self.renderer_capabilities, capabilities)
    }

    /// Holds what an agent says it can write against the schema.
    ///
    /// # Errors
    /// As [`message`](Self::message).
    pub fn agent_capabilities(&self, capabilities: &Value) -> Result<(), Vec<Violation>> {
        check(&self.agent_capabilities, capabilities)
    }

    /// Holds the data models that a renderer sends along against the schema.
    ///
    /// # Errors
    /// As [`message`](Self::message).
    pub fn data_model(&self, model: &Value) -> Result<(), Vec<Violation>> {
        check(&self.data_model, model)
    }
}

fn check(schema: &jsonschema::Validator, value: &Value) -> Result<(), Vec<Violation>> {
    if schema.is_valid(value) {
        return Ok(());
    }
    let faults = faults(schema.iter_errors(value));
    Err(faults.into_iter().map(|fault| fault.of(value)).collect())
}

/// A catalog may be a peer's: its patterns may look around, but not run away.
fn patterns() -> PatternOptions<jsonschema::FancyRegex> {
    PatternOptions::fancy_regex()
        .backtrack_limit(100_000)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20)
}
