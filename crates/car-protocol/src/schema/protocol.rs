//! The whole protocol in one value: the lines of the three tables, described, with their examples.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::definitions::{Collector, Definitions, View};
use super::node::Node;
use super::order::Order;
use super::{Example, SchemaError, Types, examples, markdown};
use crate::RpcError;
use crate::method::{CallbackSpec, MethodSpec, NotificationSpec};
use crate::rpc::{self, host};

/// Which table a line is from.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Method(&'static MethodSpec),
    Callback(&'static CallbackSpec),
    Notification(&'static NotificationSpec),
}

impl Kind {
    fn types(self) -> Types {
        match self {
            Self::Method(spec) => spec.types,
            Self::Callback(spec) => spec.types,
            Self::Notification(spec) => spec.types,
        }
    }

    fn rank(self) -> usize {
        match self {
            Self::Method(_) => 0,
            Self::Callback(_) => 1,
            Self::Notification(_) => 2,
        }
    }

    /// Who makes the params and who the result.
    fn views(self) -> (View, View) {
        match self {
            Self::Method(_) => (View::Read, View::Written),
            Self::Callback(_) | Self::Notification(_) => (View::Written, View::Read),
        }
    }
}

/// One line of a table.
pub(super) struct Line {
    pub(super) name: &'static str,
    /// What it does, in paragraphs.
    pub(super) doc: String,
    pub(super) kind: Kind,
    /// Schema of the params.
    pub(super) params: Node,
    /// Schema of the result; a notification has none.
    pub(super) result: Option<Node>,
    /// A filled example of the params, as their type writes them.
    pub(super) params_shown: Node,
    /// A filled example of the result.
    pub(super) result_shown: Option<Node>,
}

impl Line {
    /// What stands before the dot of the name.
    pub(super) fn namespace(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }

    fn read(
        collector: &mut Collector,
        (name, doc, kind): (&'static str, &str, Kind),
        examples: &BTreeMap<&str, Example>,
    ) -> Result<Self, SchemaError> {
        let example = examples
            .get(name)
            .ok_or_else(|| SchemaError::NoExample(name.to_owned()))?;
        let (types, (from, to)) = (kind.types(), kind.views());
        let notifies = matches!(kind, Kind::Notification(_));
        let result = (!notifies).then(|| collector.describe(to, types.result));
        let result_shown = example.result.as_ref().map(|shown| {
            let again = (types.result_again)(&shown.filled.to_string());
            written(name, again.map_err(|error| error.to_string()))
        });
        Ok(Self {
            name,
            doc: markdown::plain(doc),
            kind,
            params: collector.describe(from, types.params),
            result,
            params_shown: params_again(name, types, &example.params.filled)?,
            result_shown: result_shown.transpose()?,
        })
    }
}

/// All lines and all definitions.
pub(super) struct Protocol {
    /// Methods, then callbacks, then notifications.
    pub(super) lines: Vec<Line>,
    pub(super) definitions: Definitions,
}

impl Protocol {
    /// Reads the tables.
    pub(super) fn collect() -> Result<Self, SchemaError> {
        let examples: BTreeMap<_, _> = examples()
            .into_iter()
            .map(|example| (example.name, example))
            .collect();
        let mut collector = Collector::new();
        let methods = rpc::methods().map(|spec| (spec.name, spec.doc, Kind::Method(spec)));
        let callbacks = rpc::callbacks().map(|spec| (spec.name, spec.doc, Kind::Callback(spec)));
        let notifications =
            rpc::notifications().map(|spec| (spec.name, spec.doc, Kind::Notification(spec)));
        let mut lines = methods
            .chain(callbacks)
            .chain(notifications)
            .map(|line| Line::read(&mut collector, line, &examples))
            .collect::<Result<Vec<_>, _>>()?;
        // A namespace may be spread over files; people look for it in one place.
        let namespaces: Vec<_> = lines.iter().map(Line::namespace).collect();
        let first = |line: &Line| namespaces.iter().position(|name| *name == line.namespace());
        lines.sort_by_key(|line| (line.kind.rank(), first(line)));
        let parts = parts(&mut collector)?;
        let (mut definitions, renames) = collector.finish()?;

        let mut order = Order::default();
        for line in &mut lines {
            let (from, to) = line.kind.views();
            if from == View::Written {
                renames.apply(&mut line.params);
            }
            if let (View::Written, Some(result)) = (to, &mut line.result) {
                renames.apply(result);
            }
            order.learn(&definitions, &line.params, &line.params_shown);
            if let (Some(result), Some(shown)) = (&line.result, &line.result_shown) {
                order.learn(&definitions, result, shown);
            }
        }
        for (schema, shown) in &parts {
            order.learn(&definitions, schema, shown);
        }
        order.apply(&mut definitions)?;
        Ok(Self { lines, definitions })
    }

    /// The schema itself, or the definition that it refers to.
    pub(super) fn resolve<'a>(&'a self, schema: &'a Node) -> &'a Node {
        let target = schema.target().and_then(|name| self.definitions.get(name));
        target.unwrap_or(schema)
    }

    /// Whether params of this schema may be left out.
    pub(super) fn may_be_left_out(&self, params: &Node) -> bool {
        let schema = self.resolve(params);
        schema.text_of("type") == Some("object") && schema.get("required").is_none()
    }
}

/// Describes messages that stand inside others without being part of their type.
fn parts(collector: &mut Collector) -> Result<Vec<(Node, Node)>, SchemaError> {
    let types = [
        Types::of::<RpcError, ()>(),
        Types::of::<host::ResolveRequested, ()>(),
    ];
    types
        .into_iter()
        .zip(examples::parts())
        .map(|(types, (name, shown))| {
            let schema = collector.describe(View::Written, types.params);
            Ok((schema, params_again(name, types, &shown)?))
        })
        .collect()
}

fn params_again(name: &str, types: Types, shown: &Value) -> Result<Node, SchemaError> {
    let raw = RawValue::from_string(shown.to_string());
    let again = raw
        .map_err(|error| error.to_string())
        .and_then(|raw| (types.params_again)(Some(&raw)).map_err(|error| error.message));
    written(name, again)
}

fn written(name: &str, again: Result<String, String>) -> Result<Node, SchemaError> {
    again
        .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
        .map_err(|reason| SchemaError::WrongExample {
            name: name.to_owned(),
            reason,
        })
}
