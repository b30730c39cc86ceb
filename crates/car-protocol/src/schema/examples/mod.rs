//! One filled and one minimal example of every message, a file per namespace.
//!
//! A filled example shows every member once, a minimal one only those that must be there. The snapshots of the
//! messages, the order of members in all generated documents, the examples of the reference and the seeds for
//! fuzzing come from here.

mod agents;
mod agents_chat;
mod agents_external;
mod approvals;
mod audit;
mod diagnostics;
mod events;
mod grants;
mod host;
mod meeting;
mod memory;
mod notifications;
mod policy;
mod proposal;
mod provided;
mod providers;
mod registry;
mod request;
mod results;
mod rules;
mod server;
mod session;
mod skills;
mod state;
mod tools;
mod verify;
mod voice;

use serde_json::{Value, json};

/// A message in two sizes.
#[derive(Clone, Debug)]
pub struct Shown {
    /// With every member.
    pub filled: Value,
    /// With the required members only.
    pub minimal: Value,
}

/// What one method, callback or notification carries.
#[derive(Clone, Debug)]
pub struct Example {
    /// The name on the wire.
    pub name: &'static str,
    /// The params.
    pub params: Shown,
    /// The result, `None` for a notification.
    pub result: Option<Shown>,
}

impl Example {
    /// An exchange without params.
    fn call(name: &'static str) -> Self {
        Self::of(name, json!({}), json!({}))
    }

    /// An exchange with these params.
    fn of(name: &'static str, filled: Value, minimal: Value) -> Self {
        Self {
            name,
            params: Shown { filled, minimal },
            result: None,
        }
    }

    /// The answer.
    fn gives(mut self, filled: Value, minimal: Value) -> Self {
        self.result = Some(Shown { filled, minimal });
        self
    }
}

/// All examples, in the order of the namespaces.
#[must_use]
pub fn examples() -> Vec<Example> {
    [
        session::examples,
        server::examples,
        diagnostics::examples,
        tools::examples,
        proposal::examples,
        results::examples,
        policy::examples,
        verify::examples,
        state::examples,
        events::examples,
        host::examples,
        approvals::examples,
        grants::examples,
        audit::examples,
        agents::examples,
        registry::examples,
        request::examples,
        provided::examples,
        providers::examples,
        rules::examples,
        notifications::examples,
        memory::examples,
        skills::examples,
        agents_chat::examples,
        agents_external::examples,
        voice::examples,
        meeting::examples,
    ]
    .into_iter()
    .flat_map(|examples| examples())
    .collect()
}

/// Examples of messages that stand inside others: the name of the definition, and the message.
#[must_use]
pub(super) fn parts() -> Vec<(&'static str, Value)> {
    vec![
        ("RpcError", error()),
        ("HostResolveRequested", host::resolve_requested()),
    ]
}

fn error() -> Value {
    json!({
        "code": -32602,
        "message": "proposal.actions[2].id: invalid type: integer `5`, expected a string",
        "data": {
            "kind": "invalid_params",
            "retryable": false,
            "field": "proposal.actions[2].id",
            "limit": 64,
            "retry_after_ms": 1500,
        },
    })
}
