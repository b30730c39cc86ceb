//! What holds for every frame, however it came about.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use car_protocol::RpcError;
use car_protocol::jsonrpc::{
    Id, Incoming, MAX_DEPTH, Message, ScanError, decode, decode_message, decode_params,
    encode_error, encode_notification, encode_request, encode_result, scan,
};
use car_protocol::rpc::{policy, proposal, tools};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;
use serde_json::{Value, json};

const FRAMES: &[&str] = &[
    r#"{"jsonrpc":"2.0","id":1,"method":"state.get","params":{"key":"k","n":[1,-2.5e3,null,true]}}"#,
    r#"[{"jsonrpc":"2.0","id":"a\n\ud83d\ude00","method":"m"},{"jsonrpc":"2.0","method":"n"}]"#,
    r#"{"jsonrpc":"2.0","id":"cb-1","result":null}"#,
    r#"{"jsonrpc":"2.0","id":"cb-1","error":{"code":-32000,"message":"no","data":{"kind":"x"}}}"#,
];

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u",
    "\\ud83d",
    "\\ude00",
    "\\\"",
    "0",
    "-",
    "1e9",
    "null",
    "true",
    " ",
    "\n",
    "é",
    "\u{0}",
    "\"jsonrpc\":",
    "\"2.0\"",
    "\"id\":",
    "\"method\":",
    "\"params\":",
    "\"result\":",
    "\"error\":",
    "{\"jsonrpc\":\"2.0\",\"id\":1,",
    "[[[[[[[[",
];

/// Everything that a reader of frames does with one, and what must be true of it.
fn read(frame: &str) {
    match decode(frame) {
        Err(error) => assert!(matches!(error.code, -32700 | -32600), "{error}"),
        Ok(Incoming::Single(message)) => check(&message),
        Ok(Incoming::Batch(messages)) => {
            assert!((1..=64).contains(&messages.len()));
            messages.iter().for_each(check);
        }
    }
}

fn check(message: &Message<'_>) {
    match message {
        Message::Request(request) => {
            let answer = encode_result(&request.id, &()).unwrap();
            assert_eq!(answered(&answer), request.id);
        }
        Message::Notification(_) => {}
        Message::Response(response) => assert!(!response.id.to_string().is_empty()),
        Message::Invalid(invalid) => {
            let answer = encode_error(&invalid.id, &invalid.error);
            assert_eq!(answered(&answer), invalid.id);
        }
    }
}

fn answered(frame: &str) -> Id {
    match decode_message(frame) {
        Ok(Message::Response(response)) => response.id,
        other => panic!("{frame} is no response but {other:?}"),
    }
}

/// The same as `scan`, a character at a time and without any shortcut.
fn plain_scan(text: &str) -> Result<(), ScanError> {
    let mut chars = text.chars().peekable();
    let (mut depth, mut string, mut high) = (0_usize, false, false);
    while let Some(c) = chars.next() {
        let unit = if string && c == '\\' {
            let mut ahead = chars.clone();
            match ahead.next() {
                Some('u') => {
                    let digits: String = ahead.by_ref().take(4).collect();
                    let unit = (digits.len() == 4 && digits.chars().all(|d| d.is_ascii_hexdigit()))
                        .then(|| u32::from_str_radix(&digits, 16).unwrap());
                    if unit.is_some() {
                        chars = ahead;
                    } else {
                        chars.next();
                    }
                    unit
                }
                _ => {
                    chars.next();
                    None
                }
            }
        } else {
            None
        };
        match (high, unit) {
            (true, Some(0xDC00..=0xDFFF)) => {
                high = false;
                continue;
            }
            (true, _) | (false, Some(0xDC00..=0xDFFF)) => return Err(ScanError::LoneSurrogate),
            (false, Some(0xD800..=0xDBFF)) => {
                high = true;
                continue;
            }
            _ => {}
        }
        match c {
            '"' => string = !string,
            '{' | '[' if !string => depth += 1,
            '}' | ']' if !string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(ScanError::TooDeep);
        }
    }
    if high {
        return Err(ScanError::LoneSurrogate);
    }
    Ok(())
}

fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,3})?"
}

fn string() -> impl Strategy<Value = String> {
    let plain = any::<String>().prop_map(|text| Value::from(text).to_string());
    let escaped = vec(
        select(&["\\u00e9", "\\n", "\\/", "\\\"", "a", "\\ud83d\\ude00"][..]),
        0..8,
    )
    .prop_map(|parts| format!("\"{}\"", parts.concat()));
    prop_oneof![plain, escaped]
}

fn id_text() -> impl Strategy<Value = String> {
    prop_oneof![number(), string(), Just("null".to_owned())]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((any::<String>(), inner), 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_decoded_or_refused(frame in any::<String>()) {
        read(&frame);
    }

    #[test]
    fn any_pieces_of_json_are_decoded_or_refused(pieces in vec(select(PIECES), 0..40)) {
        read(&pieces.concat());
    }

    #[test]
    fn a_damaged_frame_is_decoded_or_refused(
        frame in select(FRAMES),
        damage in vec((any::<prop::sample::Index>(), select(PIECES), 0..4_usize), 1..6),
    ) {
        let mut chars: Vec<char> = frame.chars().collect();
        for (place, piece, removed) in damage {
            let start = place.index(chars.len() + 1);
            let end = (start + removed).min(chars.len());
            chars.splice(start..end, piece.chars());
        }
        read(&chars.into_iter().collect::<String>());
    }

    #[test]
    fn the_scan_agrees_with_a_plain_one(pieces in vec(select(PIECES), 0..120)) {
        let text = pieces.concat();
        prop_assert_eq!(scan(&text), plain_scan(&text));
    }

    #[test]
    fn an_id_comes_back_as_it_was_written(id in id_text()) {
        let frame = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#);
        let Ok(Message::Request(request)) = decode_message(&frame) else {
            panic!("{frame} is no request");
        };
        let answer = encode_result(&request.id, "done").unwrap();
        prop_assert!(answer.ends_with(&format!(",\"id\":{id}}}")), "{}", answer);
    }

    #[test]
    fn a_request_is_read_as_it_was_written(id in any::<i64>(), method in any::<String>(), params in value()) {
        let params = json!({ "p": params });
        let frame = encode_request(&Id::integer(id), &method, &params).unwrap();
        let Ok(Message::Request(request)) = decode_message(&frame) else {
            panic!("{frame} is no request");
        };
        prop_assert_eq!(request.id, Id::integer(id));
        prop_assert_eq!(request.method.as_ref(), &method);
        prop_assert_eq!(decode_params::<Value>(request.params).unwrap(), params);
    }

    #[test]
    fn a_notification_is_read_as_it_was_written(method in any::<String>(), params in value()) {
        let params = json!([params]);
        let frame = encode_notification(&method, &params).unwrap();
        let Ok(Message::Notification(notification)) = decode_message(&frame) else {
            panic!("{frame} is no notification");
        };
        prop_assert_eq!(notification.method.as_ref(), &method);
        prop_assert_eq!(decode_params::<Value>(notification.params).unwrap(), params);
    }

    #[test]
    fn a_result_is_read_as_it_was_written(id in any::<String>(), result in value()) {
        let id = Id::string(&id);
        let frame = encode_result(&id, &result).unwrap();
        let Ok(Message::Response(response)) = decode_message(&frame) else {
            panic!("{frame} is no response");
        };
        prop_assert_eq!(&response.id, &id);
        let raw = response.outcome.unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(raw.get()).unwrap(), result);
    }

    #[test]
    fn an_error_is_read_as_it_was_written(code in any::<i32>(), message in any::<String>(), detail in value()) {
        let error = RpcError::new(code, "kind", message).with("detail", detail);
        let frame = encode_error(&Id::integer(1), &error);
        let Ok(Message::Response(response)) = decode_message(&frame) else {
            panic!("{frame} is no response");
        };
        let read = response.outcome.unwrap_err();
        prop_assert_eq!(read.code, i64::from(code));
        prop_assert_eq!(read.message.as_ref(), Some(&error.message));
        prop_assert_eq!(read.data.unwrap(), serde_json::to_value(&error.data).unwrap());
    }

    #[test]
    fn params_of_any_shape_are_read_or_refused(params in value()) {
        let raw = RawValue::from_string(params.to_string()).unwrap();
        let refused = [
            decode_params::<proposal::SubmitParams>(Some(&raw)).err(),
            decode_params::<Vec<tools::ToolDefinition>>(Some(&raw)).err(),
            decode_params::<policy::RegisterParams>(Some(&raw)).err(),
        ];
        for error in refused.into_iter().flatten() {
            prop_assert_eq!(error.code, -32602);
        }
    }
}
