use std::collections::HashMap;
use std::sync::Arc;

use car_protocol::rpc::proposal::{Action, ActionType};
use serde_json::{Map, Value};
use thiserror::Error;

use super::{Index, StructureError, StructureProblem, error, shown};
use crate::store::measure;

/// What a text in parameters means.
#[derive(Debug, Eq, PartialEq)]
enum Meaning<'a> {
    /// Itself.
    Literal,
    /// The rest of itself: `$$a.output` is the way to say `$a.output` and mean just that.
    Escaped(&'a str),
    /// The output of an action, or the part of it at a path of member names and array places.
    Output { on: Index, path: &'a str },
    /// The output of an action that is not there.
    Unknown(&'a str),
}

const OUTPUT: &str = ".output";

fn meaning<'a>(text: &'a str, names: &HashMap<Arc<str>, Index>) -> Meaning<'a> {
    let Some(rest) = text.strip_prefix('$') else {
        return Meaning::Literal;
    };
    if let Some(inner) = rest.strip_prefix('$') {
        return match split(inner).next() {
            Some(_) => Meaning::Escaped(rest),
            None => Meaning::Literal,
        };
    }
    let mut first = None;
    // An id may itself hold `.output`: the first reading that names an action is the one that is meant.
    for (id, path) in split(rest) {
        if let Some(on) = names.get(id) {
            return Meaning::Output { on: *on, path };
        }
        first = first.or(Some(id));
    }
    first.map_or(Meaning::Literal, Meaning::Unknown)
}

/// All ways to read `id.output.path`, shortest id first. An id with white space is none that would be written so.
fn split(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices(OUTPUT).filter_map(move |(at, _)| {
        let (id, path) = (&text[..at], &text[at + OUTPUT.len()..]);
        let fits = !id.is_empty()
            && !id.contains(char::is_whitespace)
            && (path.is_empty() || path.starts_with('.'));
        fits.then_some((id, path.strip_prefix('.').unwrap_or(path)))
    })
}

/// Whether any text of an action's parameters begins like a reference.
pub(crate) fn holds_references(action: &Action) -> bool {
    resolvable(action).any(|value| any_text(value, &mut |text| text.starts_with('$')))
}

/// Whether a value holds a text that may stand for the output of an action: `$id.output`, or one with a path behind it.
#[must_use]
pub fn refers_to_output(value: &Value) -> bool {
    any_text(value, &mut |text| {
        let rest = text.strip_prefix('$').filter(|rest| !rest.starts_with('$'));
        rest.is_some_and(|rest| split(rest).next().is_some())
    })
}

/// The parameters in which references are looked for: all but the key of a state action.
fn resolvable(action: &Action) -> impl Iterator<Item = &Value> {
    let literal_key = action.kind != ActionType::ToolCall;
    let members = action.parameters.iter();
    members
        .filter(move |(name, _)| !(literal_key && *name == "key"))
        .map(|(_, value)| value)
}

fn any_text<'a>(value: &'a Value, found: &mut impl FnMut(&'a str) -> bool) -> bool {
    match value {
        Value::String(text) => found(text),
        Value::Array(items) => items.iter().any(|item| any_text(item, found)),
        Value::Object(map) => map.values().any(|item| any_text(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Pairs of an action and one whose output its parameters refer to.
pub(super) fn of(
    ids: &[Arc<str>],
    actions: &[Action],
    names: &HashMap<Arc<str>, Index>,
) -> Result<Vec<(Index, Index)>, StructureError> {
    let mut pairs = Vec::new();
    for (place, action) in (0..).zip(actions) {
        let mut problem = None;
        for value in resolvable(action) {
            any_text(value, &mut |text| {
                match meaning(text, names) {
                    Meaning::Output { on, .. } if on == place => {
                        problem = Some(StructureProblem::RefersToItself);
                    }
                    Meaning::Output { on, .. } => pairs.push((place, on)),
                    Meaning::Unknown(on) => {
                        problem = Some(StructureProblem::UnknownReference { on: shown(on) });
                    }
                    Meaning::Literal | Meaning::Escaped(_) => {}
                }
                problem.is_some()
            });
            if let Some(problem) = problem {
                return Err(error(ids, place, problem));
            }
        }
        if let Some(on) = unknown_in_compensation(action, names) {
            let problem = StructureProblem::CompensationReference { on: shown(on) };
            return Err(error(ids, place, problem));
        }
    }
    Ok(pairs)
}

/// An action that is not there, to whose output a compensation refers. Whatever is there may be referred to, whether it
/// comes before or after: a compensation runs when all is over.
fn unknown_in_compensation<'a>(
    action: &'a Action,
    names: &HashMap<Arc<str>, Index>,
) -> Option<&'a str> {
    let mut unknown = None;
    for value in action
        .compensation
        .iter()
        .flat_map(|it| it.parameters.values())
    {
        any_text(value, &mut |text| {
            if let Meaning::Unknown(on) = meaning(text, names) {
                unknown = Some(on);
            }
            unknown.is_some()
        });
    }
    unknown
}

/// Why a reference has no value.
#[derive(Debug, Eq, Error, PartialEq)]
pub(crate) enum ResolveError {
    /// The action gave no output.
    #[error("the parameters refer to the output of `{on}`, which did not succeed")]
    NoOutput {
        /// Its id.
        on: String,
    },
    /// The output has nothing there.
    #[error("the output of `{on}` has nothing at `{path}`")]
    NoSuchPath {
        /// Its id.
        on: String,
        /// The path that leads nowhere.
        path: String,
    },
    /// The whole would be too big.
    #[error("the parameters have more than {limit} bytes once references are resolved")]
    TooBig {
        /// Bytes of parameters.
        limit: usize,
    },
}

/// Puts outputs into parameters, types kept. `output` tells what an action gave.
pub(crate) fn resolve<'o>(
    kind: ActionType,
    parameters: &mut Map<String, Value>,
    names: &HashMap<Arc<str>, Index>,
    ids: &[Arc<str>],
    limit: usize,
    output: impl Fn(Index) -> Option<&'o Value>,
) -> Result<(), ResolveError> {
    let mut resolver = Resolver {
        names,
        ids,
        output,
        limit,
        left: limit,
    };
    for (name, value) in parameters.iter_mut() {
        if kind == ActionType::ToolCall || name != "key" {
            resolver.walk(value)?;
        }
    }
    Ok(())
}

struct Resolver<'n, F> {
    names: &'n HashMap<Arc<str>, Index>,
    ids: &'n [Arc<str>],
    output: F,
    limit: usize,
    left: usize,
}

impl<'o, F: Fn(Index) -> Option<&'o Value>> Resolver<'_, F> {
    fn walk(&mut self, value: &mut Value) -> Result<(), ResolveError> {
        match value {
            Value::String(text) => {
                if let Some(found) = self.text(text)? {
                    *value = found;
                }
                Ok(())
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.walk(item)),
            Value::Object(map) => map.values_mut().try_for_each(|item| self.walk(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }

    fn text(&mut self, text: &str) -> Result<Option<Value>, ResolveError> {
        let (on, path) = match meaning(text, self.names) {
            Meaning::Literal | Meaning::Unknown(_) => return Ok(None),
            Meaning::Escaped(rest) => return Ok(Some(rest.into())),
            Meaning::Output { on, path } => (on, path),
        };
        let id = || shown(&self.ids[on as usize]);
        let whole = (self.output)(on).ok_or_else(|| ResolveError::NoOutput { on: id() })?;
        let found = at(whole, path).ok_or_else(|| ResolveError::NoSuchPath {
            on: id(),
            path: shown(path),
        })?;
        // Measured before it is copied: a proposal could otherwise double a value with every action.
        let size = measure(found).text;
        self.left = self
            .left
            .checked_sub(size)
            .ok_or(ResolveError::TooBig { limit: self.limit })?;
        Ok(Some(found.clone()))
    }
}

/// The part of a value at a path of member names and array places. A member whose name holds dots cannot be named.
fn at<'v>(whole: &'v Value, path: &str) -> Option<&'v Value> {
    if path.is_empty() {
        return Some(whole);
    }
    path.split('.').try_fold(whole, |value, step| match value {
        Value::Object(map) => map.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names() -> HashMap<Arc<str>, Index> {
        [("a", 0), ("b.output", 1), ("c.d", 2)]
            .map(|(id, index)| (id.into(), index))
            .into()
    }

    fn ids() -> [Arc<str>; 3] {
        ["a", "b.output", "c.d"].map(Into::into)
    }

    #[test]
    fn only_a_whole_text_of_the_right_shape_is_a_reference() {
        let names = names();
        for literal in [
            "a.output",
            "$HOME",
            "$",
            "cost: $a.output",
            "$a.outputs",
            "$$5",
            "$ a.output",
        ] {
            assert_eq!(meaning(literal, &names), Meaning::Literal, "{literal}");
        }
        assert_eq!(
            meaning("$a.output", &names),
            Meaning::Output { on: 0, path: "" }
        );
        assert_eq!(
            meaning("$a.output.x.0", &names),
            Meaning::Output { on: 0, path: "x.0" }
        );
        assert_eq!(
            meaning("$b.output.output", &names),
            Meaning::Output { on: 1, path: "" }
        );
        assert_eq!(
            meaning("$c.d.output.y", &names),
            Meaning::Output { on: 2, path: "y" }
        );
        assert_eq!(meaning("$x.output", &names), Meaning::Unknown("x"));
        assert_eq!(meaning("$$a.output", &names), Meaning::Escaped("$a.output"));
    }

    #[test]
    fn an_output_keeps_its_type() {
        let given = json!({"n": 7, "list": [null, {"k": true}]});
        let Value::Object(mut parameters) = json!({
            "all": "$a.output", "n": "$a.output.n", "deep": ["$a.output.list.1.k"], "text": "$$a.output", "key": "$a.output.n",
        }) else {
            unreachable!()
        };
        resolve(
            ActionType::ToolCall,
            &mut parameters,
            &names(),
            &ids(),
            1000,
            |_| Some(&given),
        )
        .unwrap();
        assert_eq!(
            Value::Object(parameters),
            json!({"all": given, "n": 7, "deep": [true], "text": "$a.output", "key": 7})
        );
    }

    #[test]
    fn the_key_of_a_state_action_is_literal() {
        let mut parameters = Map::from_iter([("key".to_owned(), json!("$a.output"))]);
        resolve(
            ActionType::StateWrite,
            &mut parameters,
            &names(),
            &ids(),
            10,
            |_| None,
        )
        .unwrap();
        assert_eq!(parameters["key"], "$a.output");
    }

    #[test]
    fn what_has_no_value_is_told() {
        let given = json!("x".repeat(40));
        let resolve = |text: &str, output: Option<&'static Value>| {
            let mut parameters = Map::from_iter([("p".to_owned(), json!([text, text, text]))]);
            let kind = ActionType::ToolCall;
            resolve(kind, &mut parameters, &names(), &ids(), 100, |_| output)
        };
        let given: &'static Value = Box::leak(Box::new(given));
        let on = "a".to_owned();
        assert_eq!(
            resolve("$a.output", None),
            Err(ResolveError::NoOutput { on: on.clone() })
        );
        let path = "x.y".to_owned();
        assert_eq!(
            resolve("$a.output.x.y", Some(given)),
            Err(ResolveError::NoSuchPath { on, path })
        );
        assert_eq!(
            resolve("$a.output", Some(given)),
            Err(ResolveError::TooBig { limit: 100 })
        );
    }
}
