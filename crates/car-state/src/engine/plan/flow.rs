use std::collections::HashMap;

use car_protocol::rpc::proposal::{Action, ActionType};

use super::Index;

/// Who used a key last, while walking the actions in order.
#[derive(Default)]
struct Use {
    writer: Option<Index>,
    readers: Vec<Index>,
}

/// Adds the edges that the state demands: a reader follows the nearest earlier writer of its key, a writer follows
/// the readers since the last writer, and that writer.
///
/// Every use of a key costs at most two edges, so that the whole is linear in the number of uses.
pub(super) fn add(actions: &[Action], order: &[Index], edges: &mut Vec<(Index, Index)>) {
    let mut uses: HashMap<&str, Use> = HashMap::new();
    for &place in order {
        let action = &actions[place as usize];
        for key in reads(action) {
            let found = uses.entry(key).or_default();
            if found.readers.last() == Some(&place) {
                continue;
            }
            edges.extend(found.writer.map(|writer| (writer, place)));
            found.readers.push(place);
        }
        for key in writes(action) {
            let found = uses.entry(key).or_default();
            let readers = found.readers.drain(..).filter(|reader| *reader != place);
            let before = edges.len();
            edges.extend(readers.map(|reader| (reader, place)));
            // Readers follow the last writer themselves; only without any is there a need to say so.
            if edges.len() == before {
                let writer = found.writer.filter(|writer| *writer != place);
                edges.extend(writer.map(|writer| (writer, place)));
            }
            found.writer = Some(place);
        }
    }
}

/// The keys that an action declares to read.
pub(crate) fn reads(action: &Action) -> impl Iterator<Item = &str> {
    let own = match action.kind {
        ActionType::StateRead | ActionType::Assertion => own_key(action),
        ActionType::ToolCall | ActionType::StateWrite => None,
    };
    let conditions = action
        .preconditions
        .iter()
        .map(|condition| condition.key.as_str());
    own.into_iter()
        .chain(conditions)
        .chain(action.state_dependencies.iter().map(String::as_str))
}

/// The keys that an action declares to write.
pub(crate) fn writes(action: &Action) -> impl Iterator<Item = &str> {
    let own = match action.kind {
        ActionType::StateWrite => own_key(action),
        ActionType::ToolCall | ActionType::StateRead | ActionType::Assertion => None,
    };
    own.into_iter()
        .chain(action.expected_effects.keys().map(String::as_str))
}

/// The key that a state action names. It is literal: a reference in it is not resolved, since the order of actions
/// depends on it.
fn own_key(action: &Action) -> Option<&str> {
    action.parameters.get("key")?.as_str()
}
