//! What every kind of frame becomes, as one table to read.

use std::fmt::Write as _;

use car_protocol::RpcError;
use car_protocol::jsonrpc::{Incoming, MAX_BATCH, MAX_DEPTH, Message, decode};

/// One section of the table: the frames and what becomes of them.
fn table(rows: &[(&str, String)]) -> String {
    let mut out = String::new();
    for (name, frame) in rows {
        let _ = writeln!(out, "# {name}\n{}\n{}", shown(frame), outcome(frame));
    }
    out
}

fn rows<const N: usize>(rows: [(&'static str, &str); N]) -> Vec<(&'static str, String)> {
    rows.map(|(name, frame)| (name, frame.to_owned())).into()
}

/// The frame itself, or its beginning; control characters escaped.
fn shown(frame: &str) -> String {
    let head: String = frame.chars().take(110).collect();
    let cut = if head.len() < frame.len() {
        format!(" … {} bytes", frame.len())
    } else {
        String::new()
    };
    let escaped: String = head
        .chars()
        .map(|c| match c {
            '\u{feff}' => "<U+FEFF>".to_owned(),
            c if c.is_control() => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect();
    format!("{escaped}{cut}")
}

fn outcome(frame: &str) -> String {
    match decode(frame) {
        Ok(Incoming::Single(message)) => line(&message),
        Ok(Incoming::Batch(messages)) if messages.len() > 5 => {
            format!(
                "  batch of {}, the first: {}",
                messages.len(),
                line(&messages[0]).trim()
            )
        }
        Ok(Incoming::Batch(messages)) => {
            let lines: Vec<_> = messages
                .iter()
                .map(|message| format!("  {}", line(message)))
                .collect();
            format!("  batch of {}\n{}", messages.len(), lines.join("\n"))
        }
        Err(error) => format!("  refused: {}", refusal(&error)),
    }
}

fn line(message: &Message<'_>) -> String {
    match message {
        Message::Request(request) => {
            let params = request
                .params
                .map_or_else(|| "none".to_owned(), |raw| shown(raw.get()));
            format!(
                "  request id={} method={:?} params={params}",
                request.id, request.method
            )
        }
        Message::Notification(notification) => {
            let params = notification
                .params
                .map_or_else(|| "none".to_owned(), |raw| shown(raw.get()));
            format!(
                "  notification method={:?} params={params}",
                notification.method
            )
        }
        Message::Response(response) => match &response.outcome {
            Ok(result) => format!("  response id={} result={}", response.id, result.get()),
            Err(error) => format!(
                "  response id={} error={} {:?}",
                response.id, error.code, error.message
            ),
        },
        Message::Invalid(invalid) => {
            format!("  invalid id={} {}", invalid.id, refusal(&invalid.error))
        }
    }
}

fn refusal(error: &RpcError) -> String {
    let limit = error.data.as_ref().and_then(|data| data.limit);
    let limit = limit.map_or_else(String::new, |limit| format!(" (limit {limit})"));
    format!("{} {}{limit}", error.code, error.message)
}

#[test]
fn requests_and_notifications() {
    let rows = rows([
        (
            "a request",
            r#"{"jsonrpc":"2.0","id":7,"method":"state.get","params":{"key":"k"}}"#,
        ),
        (
            "a request without params",
            r#"{"jsonrpc":"2.0","id":7,"method":"m"}"#,
        ),
        (
            "params null is none",
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":null}"#,
        ),
        (
            "params by position",
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":[1,2]}"#,
        ),
        (
            "a notification",
            r#"{"jsonrpc":"2.0","method":"m","params":{}}"#,
        ),
        (
            "a notification with params null",
            r#"{"jsonrpc":"2.0","method":"m","params":null}"#,
        ),
        (
            "blanks and unknown members",
            " \t\r\n{ \"x\" : {\"id\":1} , \"jsonrpc\" : \"2.0\" , \"id\" : 7 , \"method\" : \"m\" , \"params\" : { \"a\" : 1 } } \n",
        ),
        (
            "escaped names and values",
            r#"{"\u006asonrpc":"\u0032.0","\u0069d":7,"method":"st\u0061te.get"}"#,
        ),
        ("an empty method", r#"{"jsonrpc":"2.0","id":7,"method":""}"#),
        (
            "params a string",
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":"x"}"#,
        ),
        (
            "params a number",
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":1}"#,
        ),
        (
            "params true",
            r#"{"jsonrpc":"2.0","method":"m","params":true}"#,
        ),
        (
            "method a number",
            r#"{"jsonrpc":"2.0","id":7,"method":1,"params":"bar"}"#,
        ),
        ("method null", r#"{"jsonrpc":"2.0","id":7,"method":null}"#),
        ("method missing", r#"{"jsonrpc":"2.0","id":7}"#),
        (
            "method and result",
            r#"{"jsonrpc":"2.0","id":7,"method":"m","result":1}"#,
        ),
        (
            "method and error",
            r#"{"jsonrpc":"2.0","id":7,"method":"m","error":null}"#,
        ),
        ("jsonrpc missing", r#"{"id":7,"method":"m"}"#),
        ("jsonrpc 1.0", r#"{"jsonrpc":"1.0","id":7,"method":"m"}"#),
        ("jsonrpc a number", r#"{"jsonrpc":2.0,"id":7,"method":"m"}"#),
        ("jsonrpc null, no id", r#"{"jsonrpc":null,"method":"m"}"#),
        ("an empty object", "{}"),
        ("a string", r#""hello""#),
        ("a number", "42"),
        ("null", "null"),
    ]);
    insta::assert_snapshot!(table(&rows));
}

#[test]
fn ids_are_echoed_as_they_were_written() {
    let ids = [
        "0",
        "-0",
        "-7",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551617",
        "123456789012345678901234567890",
        "1.0",
        "1.50",
        "1e2",
        "1E+2",
        "null",
        r#""""#,
        r#""1""#,
        r#""cb-1""#,
        r#""\u00e9\n\/""#,
        r#""é""#,
        "true",
        "[1]",
        r#"{"a":1}"#,
    ];
    let frames: Vec<_> = ids
        .map(|id| (id, format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#)))
        .into();
    insta::assert_snapshot!(table(&frames));
}

#[test]
fn responses() {
    let rows = rows([
        (
            "a result",
            r#"{"jsonrpc":"2.0","id":"cb-1","result":{"ok":true}}"#,
        ),
        (
            "null is a result",
            r#"{"jsonrpc":"2.0","id":"cb-1","result":null}"#,
        ),
        (
            "an error",
            r#"{"jsonrpc":"2.0","id":"cb-1","error":{"code":-32000,"message":"no","data":[1]}}"#,
        ),
        (
            "an error without a code",
            r#"{"jsonrpc":"2.0","id":"cb-1","error":{"message":"no"}}"#,
        ),
        (
            "both, the error null",
            r#"{"jsonrpc":"2.0","id":"cb-1","result":1,"error":null}"#,
        ),
        (
            "both, the result null",
            r#"{"jsonrpc":"2.0","id":"cb-1","result":null,"error":{"code":1,"message":"no"}}"#,
        ),
        (
            "both null",
            r#"{"jsonrpc":"2.0","id":"cb-1","result":null,"error":null}"#,
        ),
        (
            "both",
            r#"{"jsonrpc":"2.0","id":"cb-1","result":1,"error":{"code":1,"message":"no"}}"#,
        ),
        (
            "the error null, no result",
            r#"{"jsonrpc":"2.0","id":"cb-1","error":null}"#,
        ),
        (
            "the error a string",
            r#"{"jsonrpc":"2.0","id":"cb-1","error":"boom"}"#,
        ),
        (
            "the code a string",
            r#"{"jsonrpc":"2.0","id":"cb-1","error":{"code":"E1","message":"no"}}"#,
        ),
        ("jsonrpc missing", r#"{"id":"cb-1","result":1}"#),
        (
            "the id null",
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse"}}"#,
        ),
        ("the id missing", r#"{"jsonrpc":"2.0","result":1}"#),
        (
            "the id an object",
            r#"{"jsonrpc":"2.0","id":{},"result":1}"#,
        ),
        (
            "the result by an escaped name",
            r#"{"jsonrpc":"2.0","id":1,"r\u0065sult":[1, 2]}"#,
        ),
    ]);
    insta::assert_snapshot!(table(&rows));
}

#[test]
fn batches() {
    let of = |count: usize| {
        let one = r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#;
        format!("[{}]", vec![one; count].join(","))
    };
    let mut frames = rows([
        ("empty", "[]"),
        ("of numbers", "[1,2]"),
        (
            "mixed",
            r#" [{"jsonrpc":"2.0","id":1,"method":"a"}, {"jsonrpc":"2.0","method":"b"}, {"jsonrpc":"2.0","id":2,"result":3}, {"id":4}, null]"#,
        ),
        (
            "the same id twice",
            r#"[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","id":1,"method":"b"}]"#,
        ),
        ("nested", r#"[[{"jsonrpc":"2.0","id":1,"method":"a"}]]"#),
        (
            "cut",
            r#"[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","#,
        ),
        (
            "a name twice in one of the messages",
            r#"[{"jsonrpc":"2.0","id":1,"method":"a"},{"jsonrpc":"2.0","id":2,"id":3,"method":"b"}]"#,
        ),
    ]);
    frames.push(("as long as may be", of(MAX_BATCH)));
    frames.push(("one longer", of(MAX_BATCH + 1)));
    let broken = of(MAX_BATCH + 2).replacen(']', ",}]", 1);
    frames.push(("too long and broken at the end", broken));
    insta::assert_snapshot!(table(&frames));
}

#[test]
fn what_cannot_be_read() {
    let nested = |depth: usize| {
        let inner = depth - 2;
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"v":{}{}}}}}"#,
            "[".repeat(inner),
            "]".repeat(inner)
        )
    };
    let mut frames = rows([
        ("nothing", ""),
        ("blanks", " \n"),
        ("a truncated frame", r#"{"jsonrpc":"2.0","id":1,"meth"#),
        (
            "a truncated escape",
            r#"{"jsonrpc":"2.0","id":1,"method":"\u00"#,
        ),
        (
            "a second value",
            r#"{"jsonrpc":"2.0","id":1,"method":"m"} {}"#,
        ),
        (
            "a trailing comma",
            r#"{"jsonrpc":"2.0","id":1,"method":"m",}"#,
        ),
        ("trailing text", r#"{"jsonrpc":"2.0","id":1,"method":"m"}x"#),
        (
            "an invalid escape",
            r#"{"jsonrpc":"2.0","id":1,"method":"\q"}"#,
        ),
        (
            "an invalid escape in params",
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":["\x41"]}"#,
        ),
        (
            "a byte order mark",
            "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}",
        ),
        (
            "a control character in a string",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\u{1}b\"}",
        ),
        (
            "a line break in a string",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":[\"a\nb\"]}",
        ),
        ("single quotes", "{'jsonrpc':'2.0'}"),
        (
            "a comment",
            r#"{"jsonrpc":"2.0",/* id */"id":1,"method":"m"}"#,
        ),
        (
            "a leading zero",
            r#"{"jsonrpc":"2.0","id":01,"method":"m"}"#,
        ),
        (
            "not a number",
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":[NaN]}"#,
        ),
        ("a bare word", "hello"),
        (
            "jsonrpc twice",
            r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"m"}"#,
        ),
        (
            "id twice",
            r#"{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}"#,
        ),
        (
            "id twice, once escaped",
            r#"{"jsonrpc":"2.0","id":1,"\u0069d":2,"method":"m"}"#,
        ),
        (
            "method twice",
            r#"{"jsonrpc":"2.0","id":1,"method":"m","method":"n"}"#,
        ),
        (
            "params twice",
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{},"params":{}}"#,
        ),
        (
            "result twice",
            r#"{"jsonrpc":"2.0","id":1,"result":1,"result":2}"#,
        ),
        (
            "error twice",
            r#"{"jsonrpc":"2.0","id":1,"error":null,"error":null}"#,
        ),
        (
            "half a surrogate pair",
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"v":"\ud83d"}}"#,
        ),
        (
            "the other half",
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"v":"\udE00"}}"#,
        ),
        (
            "half a pair in a name",
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"\ud83d":1}}"#,
        ),
        (
            "a whole pair",
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"v":"\ud83d\ude00"}}"#,
        ),
    ]);
    frames.push(("as deep as may be", nested(MAX_DEPTH)));
    frames.push(("one deeper", nested(MAX_DEPTH + 1)));
    frames.push(("only brackets", "[".repeat(100_000)));
    insta::assert_snapshot!(table(&frames));
}
