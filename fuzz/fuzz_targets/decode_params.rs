//! Any JSON is read or refused by every type of the tables, and what was read is written so that it reads the same.
#![no_main]

use std::sync::LazyLock;

use car_protocol::rpc::{callbacks, methods, notifications};
use car_protocol::schema::Types;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

static TYPES: LazyLock<Vec<(&str, Types)>> = LazyLock::new(|| {
    let methods = methods().map(|spec| (spec.name, spec.types));
    let callbacks = callbacks().map(|spec| (spec.name, spec.types));
    let notifications = notifications().map(|spec| (spec.name, spec.types));
    methods.chain(callbacks).chain(notifications).collect()
});

fuzz_target!(|text: &str| {
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else {
        return;
    };
    // The decoder scans each frame first; what it refuses never gets here.
    if car_protocol::jsonrpc::scan(text).is_err() {
        return;
    }
    for (name, types) in TYPES.iter() {
        match (types.params_again)(Some(raw)) {
            Ok(written) => {
                let raw = serde_json::from_str(&written).expect("what is written is JSON");
                let again = (types.params_again)(Some(raw));
                assert_eq!(again.as_ref(), Ok(&written), "params of {name}");
            }
            Err(error) => {
                assert_eq!(error.code, -32602, "params of {name}");
                assert!(
                    error.message.len() < 512,
                    "params of {name}: {}",
                    error.message.len()
                );
            }
        }
        if let Ok(written) = (types.result_again)(raw.get()) {
            let again = (types.result_again)(&written).expect("what is written can be read");
            assert_eq!(again, written, "result of {name}");
        }
    }
});
