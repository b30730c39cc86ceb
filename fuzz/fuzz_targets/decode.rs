//! Any frame is decoded or refused, and every answer to it carries the id that it had.
#![no_main]

use car_protocol::jsonrpc::{
    Id, Incoming, MAX_BATCH, Message, decode, decode_message, encode_error, encode_result,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &str| {
    match decode(frame) {
        Err(error) => assert!(matches!(error.code, -32700 | -32600)),
        Ok(Incoming::Single(message)) => check(frame, &message),
        Ok(Incoming::Batch(messages)) => {
            assert!((1..=MAX_BATCH).contains(&messages.len()));
            for message in &messages {
                check(frame, message);
            }
        }
    }
});

fn check(frame: &str, message: &Message<'_>) {
    match message {
        Message::Request(request) => {
            echoed(frame, &request.id);
            let answer = encode_result(&request.id, &request.params).expect("raw JSON is JSON");
            assert_eq!(answered(&answer), request.id);
        }
        Message::Notification(_) => {}
        Message::Response(response) => echoed(frame, &response.id),
        Message::Invalid(invalid) => {
            echoed(frame, &invalid.id);
            let answer = encode_error(&invalid.id, &invalid.error);
            assert_eq!(answered(&answer), invalid.id);
        }
    }
}

/// An id is written as it stood in the frame.
fn echoed(frame: &str, id: &Id) {
    let written = serde_json::to_string(id).expect("an id is JSON");
    assert_eq!(written, id.to_string());
    assert!(
        id.is_null() || frame.contains(&written),
        "{written} is not in {frame}"
    );
}

fn answered(frame: &str) -> Id {
    match decode_message(frame) {
        Ok(Message::Response(response)) => response.id,
        other => panic!("{frame} is no response but {other:?}"),
    }
}
