use std::collections::BTreeSet;
use std::time::Duration;

use car_protocol::method::Risk;
use car_protocol::rpc;

use super::Terms;

/// Which methods and tools need a person, and for how long to wait.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApprovalGate {
    enabled: bool,
    methods: BTreeSet<String>,
    tools: BTreeSet<String>,
    timeout: Duration,
    reach: Duration,
}

impl ApprovalGate {
    /// How long a person has for a decision, unless told otherwise.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);
    /// How long a call waits until somebody who can decide is connected, unless told otherwise.
    pub const DEFAULT_REACH: Duration = Duration::from_secs(60);

    /// The methods that the method table marks as needing approval.
    #[must_use]
    pub fn from_table() -> Self {
        let methods = rpc::methods().filter(|spec| spec.risk == Risk::NeedsApproval);
        Self {
            enabled: true,
            methods: methods.map(|spec| spec.name.to_owned()).collect(),
            tools: BTreeSet::new(),
            timeout: Self::DEFAULT_TIMEOUT,
            reach: Self::DEFAULT_REACH,
        }
    }

    /// A gate that asks nobody.
    #[must_use]
    pub fn disabled() -> Self {
        Self {
            enabled: false,
            methods: BTreeSet::new(),
            tools: BTreeSet::new(),
            timeout: Self::DEFAULT_TIMEOUT,
            reach: Self::DEFAULT_REACH,
        }
    }

    /// Gates one more method. One that is open to strangers never waits, whatever stands here.
    #[must_use]
    pub fn with_method(mut self, method: impl Into<String>) -> Self {
        self.methods.insert(method.into());
        self
    }

    /// Gates a tool: every call of it by a proposal waits for a person.
    #[must_use]
    pub fn with_tool(mut self, tool: impl Into<String>) -> Self {
        self.tools.insert(tool.into());
        self
    }

    /// Sets how long a person has, from when somebody who can decide was reached.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long a call waits until somebody who can decide is connected, before the routes to others are tried.
    #[must_use]
    pub fn with_reach(mut self, reach: Duration) -> Self {
        self.reach = reach;
        self
    }

    /// What a call is asked about under, where no rule says otherwise.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms {
            timeout: Some(self.timeout),
            reach: self.reach,
            ..Terms::default()
        }
    }

    /// Whether this method needs a person. Names match exactly.
    #[must_use]
    pub fn requires_approval(&self, method: &str) -> bool {
        self.enabled && self.methods.contains(method)
    }

    /// Whether a call of this tool needs a person.
    #[must_use]
    pub fn tool_requires_approval(&self, tool: &str) -> bool {
        self.enabled && self.tools.contains(tool)
    }

    /// Whether anybody is asked at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// The gated methods, sorted.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.methods.iter().map(String::as_str)
    }

    /// How long a person has for a decision.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }
}

impl Default for ApprovalGate {
    fn default() -> Self {
        Self::from_table()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_set_comes_from_the_method_table() {
        let gate = ApprovalGate::default();
        let original = [
            "automation.run_applescript",
            "automation.shortcuts.run",
            "mail.send",
            "messages.send",
            "vision.ocr",
        ];
        assert!(original.iter().all(|method| gate.requires_approval(method)));
        assert!(gate.requires_approval("state.clear"));
        assert!(!gate.requires_approval("state.get"));
        assert_eq!(gate.timeout(), Duration::from_secs(60));
    }

    #[test]
    fn a_disabled_gate_asks_nobody() {
        let gate = ApprovalGate::disabled()
            .with_method("state.get")
            .with_tool("rm");
        assert!(!gate.requires_approval("state.get") && !gate.tool_requires_approval("rm"));
    }
}
