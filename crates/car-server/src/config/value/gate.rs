//! Names of methods that a person must approve.

use std::fmt;

use car_protocol::method::{Access, Method as _};
use car_protocol::rpc::approvals::Decide;
use car_protocol::rpc::host::ResolveApproval;

use super::super::error::{closest, did_you_mean};
use super::{OptionValue, Raw, Reading, expected};

/// The name of a method that exists and can wait for a person, never an alias.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct MethodName(&'static str);

impl MethodName {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for MethodName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl OptionValue for MethodName {
    const KIND: &'static str = "the name of a method, such as `state.clear`";

    fn read(raw: &Raw, _: &Reading) -> Result<Self, String> {
        let Raw::Text(said) = raw else {
            return expected::<Self, _>();
        };
        let means = |name: &str| name == said;
        let mut methods = car_protocol::rpc::methods();
        match methods.find(|spec| means(spec.name) || spec.aliases.iter().any(|a| means(a))) {
            Some(spec) if spec.access == Access::Open => Err(format!(
                "`{said}` is there before anybody is known: it cannot wait for a person"
            )),
            Some(spec) if [ResolveApproval::NAME, Decide::NAME].contains(&spec.name) => Err(
                format!("`{said}` is how a person decides: it cannot wait for one"),
            ),
            Some(spec) => Ok(Self(spec.name)),
            None => {
                let names = car_protocol::rpc::methods().map(|spec| spec.name);
                let suggestion = did_you_mean(closest(said, names));
                Err(format!("there is no method `{said}`{suggestion}"))
            }
        }
    }

    fn raw(&self) -> Raw {
        Raw::Text(self.0.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<MethodName, String> {
        MethodName::read(&Raw::Text(text.to_owned()), &Reading::default())
    }

    #[test]
    fn what_cannot_wait_for_a_person_is_not_gated() {
        for name in [
            "session.auth",
            "server.handshake",
            "host.resolve_approval",
            "approvals.decide",
        ] {
            assert!(read(name).unwrap_err().contains("cannot wait"), "{name}");
        }
    }

    #[test]
    fn an_unknown_method_is_refused_with_a_suggestion() {
        assert_eq!(read("state.set").unwrap().as_str(), "state.set");
        assert_eq!(
            read("state.sett").unwrap_err(),
            "there is no method `state.sett`; did you mean `state.set`?"
        );
        assert_eq!(
            read("frobnicate").unwrap_err(),
            "there is no method `frobnicate`"
        );
    }
}
