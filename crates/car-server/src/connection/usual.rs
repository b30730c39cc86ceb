//! What needs no wait is served where it was read: nearly all there is.

use std::sync::Arc;

use car_protocol::jsonrpc::{Incoming, Message, Request};
use car_protocol::method::Access;
use car_state::responder::Responder;

use super::Reader;
use super::admission::{Call, Decoded, may_have_key};
use crate::router::Route;

/// Whether a frame was served without a wait.
pub(super) enum AtOnce<'a> {
    /// It was.
    Served,
    /// It was, and gave the calls something to do.
    Stirred,
    /// It was not.
    Not(Decoded<'a>),
}

impl Reader {
    /// Serves what is usual without a wait: an answer, and a request of an authenticated client while there is room for
    /// its reply. Gives back everything else.
    pub(super) fn serve_at_once<'a>(&self, decoded: Decoded<'a>, bytes: usize) -> AtOnce<'a> {
        match decoded {
            Ok(Incoming::Single(Message::Request(request))) => self.serve_usual(request, bytes),
            Ok(Incoming::Single(Message::Response(response))) if !self.channel.is_fenced() => {
                self.answered(response);
                AtOnce::Stirred
            }
            other => AtOnce::Not(other),
        }
    }

    fn serve_usual<'a>(&self, request: Request<'a>, bytes: usize) -> AtOnce<'a> {
        let usual = |route: &&Arc<Route>| {
            self.authenticated
                && !self.is_judged(route)
                && route.spec.access != Access::Open
                && !self.account.is_rated()
                && !may_have_key(route, request.params, request.meta)
                && self.permit(Some(route), &request.method).is_ok()
        };
        let route = self.core.router.get(&request.method).filter(usual);
        let admitted = route.and_then(|route| Some((route, self.channel.try_admit()?)));
        let Some((route, slot)) = admitted else {
            return AtOnce::Not(Ok(Incoming::Single(Message::Request(request))));
        };
        let mut responder = Responder::request(request.id, slot).of(route.index);
        if let Some(inline) = &route.inline {
            self.run_plain(&request.method, inline, request.params, responder);
            return AtOnce::Served;
        }
        responder.stays();
        let call = Call {
            id: None,
            method: &request.method,
            params: request.params,
            meta: request.meta,
            bytes,
        };
        self.start(route, &call, responder);
        AtOnce::Stirred
    }
}
