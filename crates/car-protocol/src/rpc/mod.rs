//! Every method, callback and notification, a file per namespace.

pub mod agents;
pub mod agents_chat;
pub mod agents_external;
pub mod approvals;
pub mod audit;
pub mod diagnostics;
pub mod events;
pub mod grants;
pub mod host;
pub mod meeting;
pub mod memory;
pub mod notifications;
pub mod policy;
pub mod proposal;
pub mod provided;
pub mod providers;
pub mod registry;
pub mod request;
pub mod results;
pub mod rules;
pub mod server;
pub mod session;
pub mod skills;
pub mod state;
pub mod tools;
pub mod verify;
pub mod voice;

use serde::{Deserialize, Serialize};

use crate::method::{CallbackSpec, MethodSpec, NotificationSpec};

/// The params of a method that takes none. Members are ignored.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "NoParams"))]
pub struct Empty {}

/// A confirmation without further content.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Confirmation"))]
pub struct Ok {
    /// Always `true`.
    pub ok: bool,
}

impl Ok {
    /// The confirmation.
    pub const YES: Self = Self { ok: true };
}

/// All method tables, by namespace.
pub const METHODS: &[&[&MethodSpec]] = &[
    session::METHODS,
    server::METHODS,
    diagnostics::METHODS,
    tools::METHODS,
    proposal::METHODS,
    results::METHODS,
    policy::METHODS,
    verify::METHODS,
    state::METHODS,
    events::METHODS,
    host::METHODS,
    approvals::METHODS,
    grants::METHODS,
    audit::METHODS,
    agents::METHODS,
    registry::METHODS,
    request::METHODS,
    provided::METHODS,
    providers::METHODS,
    rules::METHODS,
    notifications::METHODS,
    agents_chat::METHODS,
    agents_external::METHODS,
    voice::METHODS,
    meeting::METHODS,
    memory::METHODS,
    skills::METHODS,
];

/// All callback tables, by namespace.
pub const CALLBACKS: &[&[&CallbackSpec]] = &[
    tools::CALLBACKS,
    providers::CALLBACKS,
    agents::CALLBACKS,
    agents_chat::CALLBACKS,
];

/// All notification tables, by namespace.
pub const NOTIFICATIONS: &[&[&NotificationSpec]] = &[
    session::NOTIFICATIONS,
    tools::NOTIFICATIONS,
    proposal::NOTIFICATIONS,
    events::NOTIFICATIONS,
    host::NOTIFICATIONS,
    providers::NOTIFICATIONS,
    agents::NOTIFICATIONS,
    agents_chat::NOTIFICATIONS,
    voice::NOTIFICATIONS,
];

/// Every line of the method table.
pub fn methods() -> impl Iterator<Item = &'static MethodSpec> {
    METHODS.iter().flat_map(|table| table.iter().copied())
}

/// Every line of the callback table.
pub fn callbacks() -> impl Iterator<Item = &'static CallbackSpec> {
    CALLBACKS.iter().flat_map(|table| table.iter().copied())
}

/// Every line of the notification table.
pub fn notifications() -> impl Iterator<Item = &'static NotificationSpec> {
    NOTIFICATIONS.iter().flat_map(|table| table.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_stands_twice() {
        let mut seen = BTreeSet::new();
        for spec in methods() {
            for name in spec.aliases.iter().chain([&spec.name]) {
                assert!(seen.insert(*name), "{name} is declared twice");
            }
        }
        for name in callbacks()
            .map(|spec| spec.name)
            .chain(notifications().map(|spec| spec.name))
        {
            assert!(seen.insert(name), "{name} is declared twice");
        }
    }

    #[test]
    fn every_line_is_documented() {
        let docs = methods()
            .map(|s| (s.name, s.doc))
            .chain(callbacks().map(|s| (s.name, s.doc)));
        for (name, doc) in docs.chain(notifications().map(|s| (s.name, s.doc))) {
            assert!(doc.trim().ends_with('.'), "{name} wants a sentence");
        }
    }
}
