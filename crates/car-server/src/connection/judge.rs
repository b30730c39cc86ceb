//! What the gate's set and the rules say about a call, before anybody is asked.

use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::kind;
use car_state::approval::EditCheck;
use car_state::approval::rules::{Arguments, Asking, Called, Judgement, Ruling, Speaking, Subject};
use car_state::identity::IdentityCell;
use serde_json::value::{RawValue, to_raw_value};

use super::Reader;
use crate::core::Core;
use crate::cx::Cx;
use crate::failure::approval_refused;
use crate::router::{Prepared, Route};

impl Reader {
    /// Whether anybody could have something to say about calls of this method. This is all that a call costs about which
    /// nobody has.
    #[inline]
    pub(super) fn is_judged(&self, route: &Route) -> bool {
        route.gated || self.core.state.rules().reach().has(route.index)
    }

    /// How a person is to be asked about a call; `None` where it runs without.
    ///
    /// # Errors
    /// A rule refuses the call.
    pub(super) fn judge(
        &self,
        route: &Route,
        params: Option<&RawValue>,
    ) -> Result<Option<Asking>, RpcError> {
        judge(&self.core, self.session().identity(), route, params)
    }
}

/// The same for who is not the reader.
pub(super) fn judge(
    core: &Core,
    identity: &IdentityCell,
    route: &Route,
    params: Option<&RawValue>,
) -> Result<Option<Asking>, RpcError> {
    let state = &core.state;
    let ruling = match state.rules().reach().has(route.index) {
        true => {
            let identity = identity.get();
            state.rules().judge(&Subject {
                called: Called::Method(route.spec.name),
                arguments: Arguments::Raw(params),
                identity: &identity,
                speaking: &|| Speaking::of(state.host(), &identity),
                at: state.clock().now(),
            })
        }
        false => None,
    };
    match Judgement::of(state.gate(), route.gated, ruling) {
        Judgement::Run => Ok(None),
        Judgement::Ask(asking) => Ok(Some(asking)),
        Judgement::Deny(ruling) => Err(denied(route.spec.name, &ruling)),
    }
}

/// A call with params that a person put in the place of its own: they are read and judged like any.
///
/// # Errors
/// They are refused.
pub(super) fn taken(
    core: &Core,
    cx: &Cx,
    route: &Route,
    params: &RawValue,
) -> Result<Prepared, RpcError> {
    judge(core, cx.session().identity(), route, Some(params))?;
    (route.prepare)(cx, Some(params))
}

/// Tells whoever decides about a call whether params could take the place of its own.
pub(super) fn editable(core: &Arc<Core>, cx: &Cx, route: &Arc<Route>) -> EditCheck {
    let (core, cx, route) = (Arc::clone(core), cx.clone(), Arc::clone(route));
    EditCheck::new(move |edits| {
        let params = to_raw_value(edits).map_err(|error| error.to_string())?;
        let taken = taken(&core, &cx, &route, &params);
        taken.map(drop).map_err(|error| error.message)
    })
}

/// The refusal of a call by a rule.
fn denied(method: &str, ruling: &Ruling) -> RpcError {
    let message = format!("{method} is refused by a rule: {}", ruling.because);
    approval_refused(kind::RULE_DENIED, message)
        .with("rule", ruling.rule.as_str())
        .with("revision", ruling.revision.as_ref())
}
