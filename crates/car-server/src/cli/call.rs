//! `car-server call`.

use std::time::Duration;

use serde_json::Value;

use super::conversation::{Role, converse};
use super::failure::Failure;
use super::output;
use super::running::Running;

/// Calls one method and prints its result as JSON.
pub(super) fn run(
    running: &Running,
    role: Role,
    deadline: Duration,
    method: &str,
    params: Option<Value>,
) -> Result<(), Failure> {
    let result = converse(running, role, deadline, async |client| {
        client.call_raw(method, params).await
    })?;
    output::print_json(&result)
}

/// Reads the params.
pub(super) fn params(text: Option<&str>) -> Result<Option<Value>, Failure> {
    let Some(text) = text else {
        return Ok(None);
    };
    match serde_json::from_str(text) {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(
            Failure::usage(format!("the params are not JSON: {error}")).advise(
                r#"one JSON value, quoted for the shell: car-server call state.get '{"key": "k"}'"#,
            ),
        ),
    }
}
