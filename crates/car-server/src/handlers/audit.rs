//! `audit.*`.

use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::rpc::audit::{
    Broken, Redact, RedactParams, Redacted, Verified, Verify, VerifyParams,
};
use car_state::audit::{AuditSink, Head, Stretch, Who};
use car_state::clock::Clock;

use crate::cx::Cx;
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// The chain, and what time it is.
pub(super) struct Book {
    audit: Arc<dyn AuditSink>,
    clock: Arc<dyn Clock>,
}

pub(super) fn routes(audit: Arc<dyn AuditSink>, clock: Arc<dyn Clock>) -> Vec<Route> {
    Routes::with(Arc::new(Book { audit, clock }))
        .on::<Verify, _>(verify)
        .on::<Redact, _>(redact)
        .into_routes()
}

async fn verify(book: Arc<Book>, _: Cx, params: VerifyParams) -> Result<Verified, Failure> {
    let head = params.head.as_deref().map(str::parse::<Head>).transpose();
    let head =
        head.map_err(|error| RpcError::invalid_params(Some("head"), format!("head: {error}")))?;
    Ok(match book.audit.verify(head).await? {
        Ok(summary) => Verified {
            whole: true,
            records: summary.records,
            first: summary.first,
            head: Some(summary.head.to_string()),
            redacted: summary.redacted,
            broken: None,
        },
        Err(broken) => Verified {
            whole: false,
            records: 0,
            first: 0,
            head: None,
            redacted: 0,
            broken: Some(Broken {
                seq: broken.seq,
                what: broken.what.as_str().to_owned(),
                message: broken.what.to_string(),
            }),
        },
    })
}

async fn redact(book: Arc<Book>, cx: Cx, params: RedactParams) -> Result<Redacted, Failure> {
    let stretch = match (params.seq, params.before) {
        (Some(seq), None) => Stretch::One(seq),
        (None, Some(before)) => {
            let before = before.parse().map_err(|error| {
                RpcError::invalid_params(Some("before"), format!("before: {error}"))
            })?;
            Stretch::Before(before)
        }
        _ => {
            let message = "what is to be redacted is one record, `seq`, or those `before` a moment";
            return Err(RpcError::invalid_params(Some("seq"), message).into());
        }
    };
    let who = Who::from(&cx.identity());
    let redacted = book.audit.redact(stretch, who, book.clock.now()).await?;
    Ok(Redacted {
        first: redacted.first,
        last: redacted.last,
        texts: redacted.texts,
    })
}
