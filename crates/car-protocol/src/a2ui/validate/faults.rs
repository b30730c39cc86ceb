//! From the errors of a validator to the faults of a message.
//!
//! The schemas are trees of `oneOf`, and a validator says of each only that no branch fits. What its author wants to
//! know is what is wrong with the branch that was meant: here it is chosen, and its own errors are told.

use std::borrow::Cow;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;

use crate::a2ui::violation::{Rule, Violation};

/// How many faults of one message are told.
const FAULTS: usize = 16;

/// The members that say which branch is meant.
const DISCRIMINATORS: &[&str] = &["component", "call", "code"];

/// The faults behind the errors of a validator, each once.
pub(super) fn faults<'a>(errors: impl Iterator<Item = ValidationError<'a>>) -> Vec<Violation> {
    let mut faults = Vec::new();
    for error in errors {
        if faults.len() >= FAULTS {
            break;
        }
        collect(&error, &mut faults);
    }
    faults
}

fn collect(error: &ValidationError<'_>, faults: &mut Vec<Violation>) {
    let branches = branches(error);
    let named: Vec<_> = branches
        .iter()
        .filter(|branch| !mismatch(branch, error))
        .collect();
    // Where some branches are for other names, what is left was meant. Otherwise it was the one that got furthest; and
    // where every branch fails at the value itself, none was: the value is something else.
    let told_apart = named.len() < branches.len();
    let meant = named
        .into_iter()
        .max_by_key(|branch| fitness(branch, error))
        .filter(|branch| told_apart || fitness(branch, error) > (0, false));
    let Some(branch) = meant else {
        return push(error, &branches, faults);
    };
    let noise = branch.iter().all(is_noise);
    for inner in branch.iter().filter(|inner| noise || !is_noise(inner)) {
        collect(inner, faults);
    }
}

fn branches<'a>(error: &'a ValidationError<'_>) -> Vec<&'a [ValidationError<'static>]> {
    match error.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            context.iter().map(Vec::as_slice).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether the branch is for something with another name.
fn mismatch(branch: &[ValidationError<'static>], choice: &ValidationError<'_>) -> bool {
    branch
        .iter()
        .any(|error| discriminator(error, choice).is_some())
}

/// The member that tells the branch from the others, if this error is about it.
fn discriminator<'a>(
    error: &ValidationError<'static>,
    choice: &ValidationError<'_>,
) -> Option<&'a str> {
    let names = matches!(
        error.kind(),
        Kind::Constant { .. } | Kind::Enum { .. } | Kind::Not { .. }
    );
    let path = error.instance_path().to_string();
    let member = path
        .strip_prefix(&choice.instance_path().to_string())?
        .strip_prefix('/')?;
    DISCRIMINATORS
        .iter()
        .copied()
        .find(|name| names && *name == member)
}

/// How far into the value the branch got, and whether it has the members that the branch requires.
fn fitness(branch: &[ValidationError<'static>], choice: &ValidationError<'_>) -> (usize, bool) {
    let depth = |error: &ValidationError<'_>| error.instance_path().iter().count();
    let here = depth(choice);
    let deepest = branch.iter().map(reach).max().unwrap_or(here);
    let lacking = branch.iter().any(|error| {
        let told = matches!(error.kind(), Kind::Required { .. } | Kind::Type { .. });
        told && depth(error) == here
    });
    (deepest.saturating_sub(here), !lacking)
}

/// How deep the deepest error behind this one is.
fn reach(error: &ValidationError<'static>) -> usize {
    let own = error.instance_path().iter().count();
    let inner = branches(error)
        .into_iter()
        .filter(|branch| !mismatch(branch, error));
    inner.flatten().map(reach).max().unwrap_or(own).max(own)
}

/// Errors that follow from others: where a part of a schema fails, it has not looked at what it would have allowed.
fn is_noise(error: &ValidationError<'static>) -> bool {
    matches!(
        error.kind(),
        Kind::UnevaluatedProperties { .. } | Kind::UnevaluatedItems { .. }
    )
}

fn push(
    error: &ValidationError<'_>,
    branches: &[&[ValidationError<'static>]],
    faults: &mut Vec<Violation>,
) {
    let mut path = error.instance_path().to_string();
    let mut rule = keyword(error.kind());
    let mut message = error.masked_with("the value").to_string();
    // No branch has the name: it is the name that is wrong.
    let mut named = branches
        .iter()
        .flat_map(|branch| branch.iter().find_map(|inner| discriminator(inner, error)));
    if let Some(member) = named.next() {
        path.push('/');
        path.push_str(member);
        rule = Cow::Borrowed("enum");
        "the catalog has none of this name".clone_into(&mut message);
    } else if !branches.is_empty() {
        "the value has none of the shapes that it may have here".clone_into(&mut message);
    }
    let fault = Violation::new(Rule::Schema(rule), path, message);
    if faults.len() < FAULTS && !faults.contains(&fault) {
        faults.push(fault);
    }
}

/// The keyword of the schema that the error is about.
fn keyword(kind: &Kind) -> Cow<'static, str> {
    Cow::Owned(kind.keyword().to_owned())
}
