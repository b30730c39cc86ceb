//! How a project tests the messages of its own protocol: it declares them as this crate declares its own, lets both
//! sides talk, and compares the conversation with the one that was reviewed. What differs from run to run has a name.
//!
//! `cargo run --package car-protocol --features snapshot --example snapshot` prints the conversation, and `cargo test`
//! compares it.
#![expect(clippy::print_stdout, reason = "a program talks to its user")]

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use car_protocol::Timestamp;
use car_protocol::jsonrpc::{
    Id, Message, decode_message, decode_params, encode_error, encode_notification, encode_request,
    encode_result,
};
use car_protocol::method::{Method, ServerNotification};
use car_protocol::snapshot::Normalizer;
use timer::{Rang, RangParams, Start, StartParams, Started};

/// The project's protocol. A project of its own needs no `schemars`: here it is for all features of this crate together.
#[expect(
    unreachable_pub,
    reason = "what a table names is as public as the table is"
)]
mod timer {
    use car_protocol::Timestamp;
    use serde::{Deserialize, Serialize};

    car_protocol::methods! {
        /// Starts a timer.
        Start = "timer.start" (StartParams) -> Started;
    }

    car_protocol::notifications! {
        /// A timer has run out.
        Rang = "timer.rang" (RangParams);
    }

    #[derive(Debug, Deserialize, Serialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    pub struct StartParams {
        pub after_ms: u64,
    }

    #[derive(Debug, Deserialize, Serialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    pub struct Started {
        pub timer_id: String,
        pub at: Timestamp,
    }

    #[derive(Debug, Deserialize, Serialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    pub struct RangParams {
        pub timer_id: String,
        pub at: Timestamp,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", conversation()?);
    Ok(())
}

/// What both sides say, one frame a line.
fn conversation() -> Result<String, Box<dyn Error>> {
    let mut normalizer = Normalizer::new().ids("timer_id", "timer").times();
    let mut page = String::new();
    let mut line = |arrow: &str, frame: &str| {
        page.push_str(&format!("{arrow} {}\n", normalizer.frame(frame)));
    };
    let request = encode_request(&Id::integer(1), Start::NAME, &StartParams { after_ms: 50 })?;
    line("-->", &request);
    for frame in serve(&request)? {
        line("<--", &frame);
    }
    let request = encode_request(&Id::integer(2), Start::NAME, &())?;
    line("-->", &request);
    for frame in serve(&request)? {
        line("<--", &frame);
    }
    Ok(page)
}

/// The other side: no id and no time is the same in two runs.
fn serve(frame: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let Ok(Message::Request(request)) = decode_message(frame) else {
        return Err("this side takes requests only".into());
    };
    match decode_params::<StartParams>(request.params) {
        Ok(_) => {
            let timer_id = format!("timer-{}", std::process::id());
            let started = Started {
                timer_id: timer_id.clone(),
                at: now()?,
            };
            let rang = RangParams {
                timer_id,
                at: Timestamp::from_unix_millis(started.at.unix_millis() + 50),
            };
            Ok(vec![
                encode_result(&request.id, &started)?,
                encode_notification(Rang::NAME, &rang)?,
            ])
        }
        Err(error) => Ok(vec![encode_error(&request.id, &error)]),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program that shows how times of the real clock are named needs some"
)]
fn now() -> Result<Timestamp, Box<dyn Error>> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::from_unix_millis(since.as_millis().try_into()?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_conversation_is_the_one_that_was_reviewed() {
        insta::assert_snapshot!(super::conversation().unwrap(), @r#"
        --> {"method":"timer.start","params":{"after_ms":50},"id":1}
        <-- {"result":{"timer_id":"<timer 1>","at":"<time 1>"},"id":1}
        <-- {"method":"timer.rang","params":{"timer_id":"<timer 1>","at":"<time 2>"}}
        --> {"method":"timer.start","params":null,"id":2}
        <-- {"error":{"code":-32602,"message":"missing field `after_ms`","data":{"kind":"invalid_params","retryable":false,"field":"after_ms"}},"id":2}
        "#);
    }
}
