use thiserror::Error;

/// Why a policy, or a scope, was not taken.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum PolicyError {
    /// The name is empty or too long.
    #[error("a policy has a name of 1 to {limit} bytes")]
    Name {
        /// Bytes of a name.
        limit: usize,
    },
    /// No such rule.
    #[error("unknown policy rule `{rule}`")]
    UnknownRule {
        /// What was asked for.
        rule: String,
    },
    /// The rule lacks a member.
    #[error("the rule `{rule}` needs `{member}`")]
    Incomplete {
        /// The rule.
        rule: String,
        /// What it lacks.
        member: &'static str,
    },
    /// The pattern is no usable regular expression.
    #[error("the pattern is no usable regular expression: {reason}")]
    Pattern {
        /// Why.
        reason: String,
    },
    /// The window is none.
    #[error("`window_ms` is 1 to {longest_ms}")]
    Window {
        /// The longest, in milliseconds.
        longest_ms: u64,
    },
    /// A policy of this name comes from the configuration.
    #[error("the policy `{name}` comes from the daemon's configuration and is changed there")]
    Fixed {
        /// Its name.
        name: String,
    },
    /// No such scope, or no longer.
    #[error("unknown policy scope `{scope}`")]
    UnknownScope {
        /// Its id.
        scope: String,
    },
    /// The definition is too big.
    #[error("a policy has at most {limit} bytes")]
    TooBig {
        /// Bytes of a definition.
        limit: usize,
    },
    /// There are too many policies.
    #[error("a session, and the daemon, have at most {limit} policies")]
    TooMany {
        /// How many.
        limit: usize,
    },
    /// There are too many scopes.
    #[error("a session has at most {limit} policy scopes")]
    TooManyScopes {
        /// How many.
        limit: usize,
    },
}

impl PolicyError {
    /// The bound that was reached, if it was one.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        match self {
            Self::Name { limit }
            | Self::TooBig { limit }
            | Self::TooMany { limit }
            | Self::TooManyScopes { limit } => Some(*limit),
            Self::UnknownRule { .. }
            | Self::Incomplete { .. }
            | Self::Pattern { .. }
            | Self::Window { .. }
            | Self::Fixed { .. }
            | Self::UnknownScope { .. } => None,
        }
    }

    /// The member of the definition that is wrong, if one is.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Name { .. } => Some("name"),
            Self::UnknownRule { .. } => Some("rule"),
            Self::Incomplete { member, .. } => Some(member),
            Self::Pattern { .. } => Some("pattern"),
            Self::Window { .. } => Some("window_ms"),
            Self::UnknownScope { .. } => Some("session_id"),
            Self::Fixed { .. }
            | Self::TooBig { .. }
            | Self::TooMany { .. }
            | Self::TooManyScopes { .. } => None,
        }
    }
}
