use car_protocol::rpc::approvals::Approval;
use serde_json::Value;

use crate::approval::{
    Act, ActDigest, NotCanonical, Operation, PolicyRevision, Requester, ToolVersion,
};
use crate::identity::{Principal, SessionId};

/// What a consent is about, as far as a grant needs to know.
#[derive(Clone, Debug)]
pub struct Subject {
    pub(super) operation: Operation,
    pub(super) requester: Requester,
    pub(super) digest: ActDigest,
    pub(super) agent: Option<String>,
    pub(super) revision: Option<PolicyRevision>,
    /// Not there where only the row of an approval is: then nobody can say whether patterns cover it.
    pub(super) arguments: Option<Value>,
}

impl Subject {
    /// What the row of an approval tells; none where it is no call's.
    #[must_use]
    pub fn of_approval(approval: &Approval) -> Option<Self> {
        let act = approval.act.as_ref()?;
        let operation = match (&act.method, &act.tool) {
            (Some(method), _) => Operation::Method(method.as_str().into()),
            (_, Some(tool)) => Operation::Tool {
                name: tool.as_str().into(),
                version: act.tool_version.as_deref().map(ToolVersion::named),
            },
            _ => return None,
        };
        Some(Self {
            operation,
            requester: Requester {
                principal: Principal::named(&approval.asker.principal)?,
                session: SessionId::new(&approval.asker.session_id),
            },
            digest: act.digest.parse().ok()?,
            agent: approval.agent_id.clone(),
            revision: act.policy_revision.as_deref().map(PolicyRevision::new),
            arguments: None,
        })
    }

    /// The same with the arguments that a person put in the place of those that were asked about.
    ///
    /// # Errors
    /// [`NotCanonical`].
    pub fn edited(mut self, arguments: &Value) -> Result<Self, NotCanonical> {
        let act = Act::new(self.operation.clone(), arguments, self.requester.clone())?;
        self.digest = act.digest();
        self.arguments = Some(arguments.clone());
        Ok(self)
    }
}

impl From<&Act> for Subject {
    fn from(act: &Act) -> Self {
        Self {
            operation: act.operation().clone(),
            requester: act.requester().clone(),
            digest: act.digest(),
            agent: act.agent().map(str::to_owned),
            revision: act.revision().cloned(),
            arguments: Some(act.arguments_value()),
        }
    }
}
