//! `grants.*`.

use std::sync::Arc;

use car_protocol::rpc::grants::{Grant, GrantList, List, ListParams, Revoke, RevokeParams};
use car_state::approval::OperationKind;
use car_state::approval::grants::{GrantBook, GrantId};

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

pub(super) fn routes(grants: Arc<GrantBook>) -> Vec<Route> {
    Routes::with(grants)
        .on::<List, _>(list)
        .on::<Revoke, _>(revoke)
        .into_routes()
}

fn list(grants: &Arc<GrantBook>, cx: &Cx, params: ListParams) -> Result<GrantList, Failure> {
    let mut listed = grants.list(&cx.identity());
    for (kind, wanted) in [
        (OperationKind::Method, params.method),
        (OperationKind::Tool, params.tool),
    ] {
        if let Some(name) = wanted {
            listed.retain(|grant| grant.operation.kind() == kind && grant.operation.name() == name);
        }
    }
    Ok(GrantList {
        grants: listed.iter().map(Grant::from).collect(),
    })
}

/// Not plain: it is durable before it is told.
async fn revoke(grants: Arc<GrantBook>, cx: Cx, params: RevokeParams) -> Result<Grant, Failure> {
    let id = GrantId::new(&params.grant_id);
    let revoked = grants.revoke(&id, &cx.identity()).await?;
    Ok(Grant::from(&revoked))
}
