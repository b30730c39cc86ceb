//! The scan agrees with the parser: what passes can be built, what it refuses cannot.
#![no_main]

use car_protocol::jsonrpc::{ScanError, scan};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;

fuzz_target!(|text: &str| {
    let outcome = scan(text);
    // The grammar is not the scan's business, and a raw value checks nothing else.
    if serde_json::from_str::<&RawValue>(text).is_err() {
        return;
    }
    match (outcome, serde_json::from_str::<Value>(text)) {
        (Ok(()), Ok(_)) => {}
        (Ok(()), Err(error)) => {
            let why = error.to_string();
            // The parser stops one level earlier than the scan, and cannot hold every number.
            let other = why.contains("recursion limit") || why.contains("number out of range");
            assert!(other, "{why}");
        }
        (Err(ScanError::TooDeep | ScanError::LoneSurrogate), Err(_)) => {}
        (Err(error), Ok(_)) => panic!("{error}, and yet it can be built"),
    }
});
