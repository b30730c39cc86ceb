//! One thing that was looked at.

use std::fmt;

use serde::Serialize;

/// How it is. The number is the exit code of the worst.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub(super) enum Verdict {
    /// As it should be.
    Ok = 0,
    /// Odd, but the daemon works.
    Warn = 1,
    /// The daemon does not work, or not safely.
    Fail = 2,
}

impl Verdict {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What was looked at, how it is, and what to do.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) verdict: Verdict,
    /// A sentence without a full stop.
    pub(super) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

impl Check {
    fn new(name: &'static str, verdict: Verdict, message: impl fmt::Display) -> Self {
        Self {
            name,
            verdict,
            message: message.to_string(),
            remedy: None,
        }
    }

    /// As it should be.
    pub(super) fn ok(name: &'static str, message: impl fmt::Display) -> Self {
        Self::new(name, Verdict::Ok, message)
    }

    /// Odd.
    pub(super) fn warn(name: &'static str, message: impl fmt::Display) -> Self {
        Self::new(name, Verdict::Warn, message)
    }

    /// Wrong.
    pub(super) fn fail(name: &'static str, message: impl fmt::Display) -> Self {
        Self::new(name, Verdict::Fail, message)
    }

    /// The same, with what to do.
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}
