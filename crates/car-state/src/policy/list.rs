//! The policies of one place: a session, one of its scopes, or the daemon.

use std::sync::Arc;

use car_protocol::rpc::policy::PolicyDefinition;

use super::rule::{PolicyCheck, Rule};
use super::{DEFINITION_BYTES, NAME_BYTES, PolicyError};
use crate::store::measure;

/// One policy, ready to be asked.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) definition: PolicyDefinition,
    pub(super) rule: Rule,
    /// Whether nobody may change it while the daemon runs.
    pub(super) fixed: bool,
}

impl Policy {
    pub(super) fn of(definition: PolicyDefinition) -> Result<Self, PolicyError> {
        let texts = [
            Some(&definition.rule),
            definition.target.as_ref(),
            definition.key.as_ref(),
            definition.pattern.as_ref(),
            definition.agent.as_ref(),
        ];
        let texts = texts.into_iter().flatten();
        let texts = texts.chain(definition.tools.iter().flatten());
        let bytes: usize = texts.map(|text| text.len() + size_of::<String>()).sum();
        let value = definition.value.as_ref();
        if bytes + value.map_or(0, |value| measure(value).text) > DEFINITION_BYTES {
            return Err(PolicyError::TooBig {
                limit: DEFINITION_BYTES,
            });
        }
        let rule = Rule::of(&definition)?;
        Self::named(definition, rule)
    }

    pub(super) fn custom(name: &str, check: Arc<dyn PolicyCheck>) -> Result<Self, PolicyError> {
        let definition = PolicyDefinition {
            name: name.to_owned(),
            rule: "custom".to_owned(),
            ..PolicyDefinition::default()
        };
        Self::named(definition, Rule::Custom(check))
    }

    fn named(definition: PolicyDefinition, rule: Rule) -> Result<Self, PolicyError> {
        let name = definition.name.as_str();
        if name.is_empty() || name.len() > NAME_BYTES {
            return Err(PolicyError::Name { limit: NAME_BYTES });
        }
        Ok(Self {
            definition,
            rule,
            fixed: false,
        })
    }
}

/// Policies in the order of registration. Shared while they are asked, and copied, pointer by pointer, when they change
/// meanwhile.
#[derive(Clone, Debug, Default)]
pub(super) struct PolicyList(Arc<Vec<Arc<Policy>>>);

impl PolicyList {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.0.iter()
    }

    pub(super) fn definitions(&self) -> Vec<PolicyDefinition> {
        let definitions = self.iter().map(|policy| policy.definition.clone());
        definitions.collect()
    }

    /// Puts a policy in, in the place of the one with its name; a further one only if there is `room`.
    pub(super) fn put(
        &mut self,
        policy: Policy,
        room: bool,
        limit: usize,
    ) -> Result<(), PolicyError> {
        let same = self.place(&policy.definition.name)?;
        if same.is_none() && !room {
            return Err(PolicyError::TooMany { limit });
        }
        let list = Arc::make_mut(&mut self.0);
        match same {
            Some(place) => list[place] = Arc::new(policy),
            None => list.push(Arc::new(policy)),
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) -> Result<bool, PolicyError> {
        let Some(place) = self.place(name)? else {
            return Ok(false);
        };
        Arc::make_mut(&mut self.0).remove(place);
        Ok(true)
    }

    /// Where the policy of this name is, if it may be changed.
    fn place(&self, name: &str) -> Result<Option<usize>, PolicyError> {
        let Some(place) = self
            .iter()
            .position(|policy| policy.definition.name == name)
        else {
            return Ok(None);
        };
        if self.0[place].fixed {
            let name = name.to_owned();
            return Err(PolicyError::Fixed { name });
        }
        Ok(Some(place))
    }
}
