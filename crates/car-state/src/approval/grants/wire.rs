use car_protocol::rpc::grants;

use super::grant::Grant;
use crate::approval::OperationKind;

/// A grant as the wire has it.
impl From<&Grant> for grants::Grant {
    fn from(grant: &Grant) -> Self {
        let (method, tool) = match grant.operation.kind() {
            OperationKind::Method => (Some(grant.operation.name()), None),
            OperationKind::Tool => (None, Some(grant.operation.name())),
        };
        let version = grant.operation.version();
        Self {
            id: grant.id.to_string(),
            method: method.map(str::to_owned),
            tool: tool.map(str::to_owned),
            tool_version: version.map(|version| version.as_str().to_owned()),
            owner: grant.owner.to_string(),
            session_id: grant.ends_with().map(ToString::to_string),
            arguments: grant
                .narrowing
                .arguments
                .iter()
                .map(|(pointer, pattern)| (pointer.clone(), pattern.as_str().to_owned()))
                .collect(),
            digest: grant.narrowing.digest.map(|digest| digest.to_string()),
            agent_id: grant.narrowing.agent.clone(),
            created_by: grant.created_by.clone(),
            created_at: grant.created_at,
            approval_id: grant.approval_id.clone(),
            policy_revision: grant
                .revision
                .as_ref()
                .map(|revision| revision.as_str().to_owned()),
            expires_at: grant.expires_at(),
            remaining: grant.remaining,
            uses: grant.uses,
            last_used_at: grant.last_used_at,
        }
    }
}
