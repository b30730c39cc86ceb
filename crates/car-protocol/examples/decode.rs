//! A key-value store that speaks the protocol over standard input and output, one frame a line: the decoder, the
//! method table and the types, with nothing else around them.
//!
//! ```text
//! $ echo '{"jsonrpc":"2.0","id":1,"method":"state.set","params":{"key":"a","value":[1]}}' \
//!     | cargo run --quiet --package car-protocol --example decode
//! {"jsonrpc":"2.0","result":"ok","id":1}
//! ```
#![expect(clippy::print_stdout, reason = "a program talks to its user")]

use std::collections::BTreeMap;
use std::io;

use car_protocol::RpcError;
use car_protocol::jsonrpc::{
    Incoming, Message, Request, decode, decode_params, encode_error, encode_result,
};
use car_protocol::method::Method;
use car_protocol::rpc::state;
use serde_json::Value;

fn main() -> io::Result<()> {
    let mut store = BTreeMap::new();
    for line in io::stdin().lines() {
        if let Some(answer) = answer(&mut store, &line?) {
            println!("{answer}");
        }
    }
    Ok(())
}

/// What goes back for one frame. A frame of notifications gets nothing.
fn answer(store: &mut BTreeMap<String, Value>, frame: &str) -> Option<String> {
    match decode(frame) {
        // What cannot be read has no id either.
        Err(error) => Some(encode_error(&car_protocol::jsonrpc::Id::NULL, &error)),
        Ok(Incoming::Single(message)) => answer_one(store, message),
        Ok(Incoming::Batch(messages)) => {
            let answers: Vec<_> = messages
                .into_iter()
                .filter_map(|message| answer_one(store, message))
                .collect();
            (!answers.is_empty()).then(|| format!("[{}]", answers.join(",")))
        }
    }
}

fn answer_one(store: &mut BTreeMap<String, Value>, message: Message<'_>) -> Option<String> {
    match message {
        Message::Request(request) => {
            let answer = call(store, &request).unwrap_or_else(|e| encode_error(&request.id, &e));
            Some(answer)
        }
        Message::Invalid(invalid) => Some(encode_error(&invalid.id, &invalid.error)),
        Message::Notification(_) | Message::Response(_) => None,
    }
}

fn call(store: &mut BTreeMap<String, Value>, request: &Request<'_>) -> Result<String, RpcError> {
    match request.method.as_ref() {
        state::Get::NAME => reply::<state::Get>(request, |params| {
            store.get(&params.key).cloned().unwrap_or_default()
        }),
        state::Set::NAME => reply::<state::Set>(request, |params| {
            store.insert(params.key, params.value);
            "ok".to_owned()
        }),
        state::Keys::NAME => reply::<state::Keys>(request, |_| store.keys().cloned().collect()),
        unknown => Err(RpcError::method_not_found(unknown)),
    }
}

/// Reads the params that the method takes, and writes the result that it gives: another type does not compile.
fn reply<M: Method>(
    request: &Request<'_>,
    run: impl FnOnce(M::Params) -> M::Result,
) -> Result<String, RpcError> {
    let result = run(decode_params(request.params)?);
    encode_result(&request.id, &result).map_err(|_| RpcError::internal())
}
