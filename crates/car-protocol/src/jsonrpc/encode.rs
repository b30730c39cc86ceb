use serde::Serialize;

use super::{Id, VERSION};
use crate::RpcError;

#[derive(Serialize)]
struct Refusal<'a, E> {
    jsonrpc: &'static str,
    error: &'a E,
    id: &'a Id,
}

#[derive(Serialize)]
struct Call<'a, P: ?Sized> {
    jsonrpc: &'static str,
    method: &'a str,
    params: &'a P,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Id>,
}

/// Bytes that most answers have room in.
const USUAL_ANSWER: usize = 128;

/// Bytes that most requests have room in: a short text that grows is copied several times.
const USUAL_REQUEST: usize = 512;

/// The response that carries `result`.
///
/// # Errors
/// When `result` cannot be JSON: a map with keys that are no strings, or a `Serialize` that refuses.
pub fn encode_result<R: Serialize + ?Sized>(id: &Id, result: &R) -> serde_json::Result<String> {
    let mut text = Vec::with_capacity(USUAL_ANSWER);
    text.extend_from_slice(br#"{"jsonrpc":"2.0","result":"#);
    serde_json::to_writer(&mut text, result)?;
    text.extend_from_slice(br#","id":"#);
    serde_json::to_writer(&mut text, id)?;
    text.push(b'}');
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

/// The response that carries `error`.
#[must_use]
pub fn encode_error(id: &Id, error: &RpcError) -> String {
    encode_refusal(id, error, error.code)
}

/// The response that carries an error of any shape, whose number is `code`.
pub(crate) fn encode_refusal<E: Serialize>(id: &Id, error: &E, code: i32) -> String {
    serde_json::to_string(&Refusal {
        jsonrpc: VERSION,
        error,
        id,
    })
    .unwrap_or_else(|_| {
        // Unreachable for the types at hand; an answer is owed all the same.
        format!(
            r#"{{"jsonrpc":"2.0","error":{{"code":{code},"message":"internal error"}},"id":{id}}}"#
        )
    })
}

/// A request.
///
/// # Errors
/// When `params` cannot be JSON.
pub fn encode_request<P: Serialize + ?Sized>(
    id: &Id,
    method: &str,
    params: &P,
) -> serde_json::Result<String> {
    let mut text = Vec::with_capacity(USUAL_REQUEST);
    let call = Call {
        jsonrpc: VERSION,
        method,
        params,
        id: Some(id),
    };
    serde_json::to_writer(&mut text, &call)?;
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

/// A notification.
///
/// # Errors
/// When `params` cannot be JSON.
pub fn encode_notification<P: Serialize + ?Sized>(
    method: &str,
    params: &P,
) -> serde_json::Result<String> {
    serde_json::to_string(&Call {
        jsonrpc: VERSION,
        method,
        params,
        id: None,
    })
}
