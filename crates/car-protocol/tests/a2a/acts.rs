//! The cases of ACTS that say something of messages alone, run through our types.
//!
//! A golden answer is read leniently, as a client reads, and what was read is written again and compared. A request of a
//! server test is read strictly, answered by a small agent that knows the behaviours asked for, and its answer, written
//! by our types, is compared with what the test expects.

use std::collections::BTreeSet;

use car_protocol::Timestamp;
use car_protocol::a2a::v1::{
    AgentCard, Artifact, Message, Part, Role, SendMessageRequest, SendMessageResponse, Task,
    TaskState, TaskStatus,
};
use car_protocol::a2a::{A2aError, Metadata, Operation, Reader, Version, choose};
use car_protocol::jsonrpc::{self, decode_message, encode_result};
use serde_json::{Value, json};
use yaml_rust2::{Yaml, YamlLoader};

use crate::acts_match::{at_path, differences};

const FILES: [&str; 3] = [
    include_str!("../data/acts/client-parsing.acts.yaml"),
    include_str!("../data/acts/data-types.acts.yaml"),
    include_str!("../data/acts/wire-format.acts.yaml"),
];

/// The cases that do not apply, and why.
const DOES_NOT_APPLY: &[(&str, &str)] = &[
    (
        "CLIENT-PARSE-006",
        "its golden answer has the parts `file` and `fileUrl`, which no version of A2A has: 1.0 has `raw` and `url`, 0.3 \
         has `kind: file`. Of a part without content nothing can be kept, so it is refused",
    ),
    (
        "DM-ART-003",
        "it looks for `file` with `name` and `mediaType` in an artifact; in 1.0 the part has `raw`, `filename` and \
         `mediaType`",
    ),
    (
        "DM-ART-004",
        "it looks for `fileUrl` with `url` and `name` in an artifact; in 1.0 the part has `url` and `filename`",
    ),
];

/// What of a case that runs is left to somebody else, and why. The rest of the case runs.
const RUNS_IN_PART: &[(&str, &str)] = &[
    (
        "CLIENT-AUTH-001",
        "whether a client uses the extended card afterwards is no question of messages; both cards are read",
    ),
    (
        "CLIENT-CAP-001",
        "whether a client looks at the capabilities before it calls is no question of messages; the card is read",
    ),
    (
        "DM-SERIAL-002",
        "the JSON schema of A2A is a build product that is not published; the answer is read strictly instead",
    ),
];

#[test]
fn every_case_runs_or_is_listed_with_its_reason() {
    let (mut ran, mut failed) = (BTreeSet::new(), Vec::new());
    for case in cases() {
        let id = case["id"].as_str().unwrap().to_owned();
        if DOES_NOT_APPLY.iter().any(|(listed, _)| *listed == id) {
            // It would be time to run it.
            if run(&case).is_ok() {
                failed.push(format!("{id} is listed, but it passes"));
            }
            continue;
        }
        if let Err(why) = run(&case) {
            failed.push(format!("{id}: {why}"));
        }
        ran.insert(id);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(ran.len() + DOES_NOT_APPLY.len(), 18, "cases came or went");
    for (id, _) in RUNS_IN_PART {
        assert!(
            ran.contains(*id),
            "{id} is listed as run in part, but there is no such case"
        );
    }
}

fn cases() -> Vec<Value> {
    let mut cases = Vec::new();
    for file in FILES {
        for document in YamlLoader::load_from_str(file).unwrap() {
            let document = from_yaml(&document);
            for suite in document["suites"].as_array().unwrap() {
                cases.extend(suite["tests"].as_array().unwrap().iter().cloned());
            }
        }
    }
    cases
}

fn from_yaml(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Hash(entries) => entries
            .iter()
            .map(|(name, value)| (name.as_str().unwrap().to_owned(), from_yaml(value)))
            .collect::<Metadata>()
            .into(),
        Yaml::Array(elements) => elements.iter().map(from_yaml).collect(),
        Yaml::String(text) => text.as_str().into(),
        Yaml::Integer(number) => (*number).into(),
        Yaml::Real(_) => yaml.as_f64().unwrap().into(),
        Yaml::Boolean(value) => (*value).into(),
        Yaml::Null => Value::Null,
        other => panic!("not in these files: {other:?}"),
    }
}

fn run(case: &Value) -> Result<(), String> {
    for step in case["steps"].as_array().unwrap() {
        if let Some(golden) = step.get("client_response") {
            let read = golden_answer(golden)?;
            all_right(&differences(&step["expect_parsed"], Some(&read)))?;
            continue;
        }
        let (body, answer) = match step.get("raw") {
            Some(raw) => raw_request(raw)?,
            None => {
                let answer = answer(&step["params"])?;
                (answer.clone(), answer)
            }
        };
        all_right(&differences(&step["expect"]["body"], Some(&body)))?;
        for assertion in step
            .get("assertions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let any = &assertion["any"];
            let values = at_path(&answer, any["path"].as_str().unwrap());
            if !values
                .iter()
                .any(|value| differences(&any["match"], Some(value)).is_empty())
            {
                return Err(format!("nothing at {} is as {}", any["path"], any["match"]));
            }
        }
    }
    Ok(())
}

fn all_right(found: &[String]) -> Result<(), String> {
    if found.is_empty() {
        Ok(())
    } else {
        Err(found.join("; "))
    }
}

/// The answer as our types have read it, written again.
fn golden_answer(golden: &Value) -> Result<Value, String> {
    let payload = &golden["wire_payload"];
    let operation = golden["operation"].as_str().unwrap();
    if payload.get("jsonrpc").is_none() {
        return read_again::<AgentCard>(payload);
    }
    let frame = payload.to_string();
    let Ok(jsonrpc::Message::Response(response)) = decode_message(&frame) else {
        return Err("no response".to_owned());
    };
    match (response.outcome, operation) {
        (Err(error), _) => {
            let error = A2aError::from_object(&error).ok_or("no error of A2A")?;
            Ok(json!({ "error": error.into_object() }))
        }
        (Ok(result), "send_message") => read_again::<SendMessageResponse>(&json!(result)),
        (Ok(result), "get_task") => read_again::<Task>(&json!(result)),
        (Ok(_), other) => Err(format!("no such operation: {other}")),
    }
}

fn read_again<T: car_protocol::a2a::Wire + serde::Serialize>(
    value: &Value,
) -> Result<Value, String> {
    let value: T = Reader::lenient()
        .read(&value.to_string())
        .map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(value).unwrap())
}

/// The body of the HTTP answer, and the result in it.
fn raw_request(raw: &Value) -> Result<(Value, Value), String> {
    let version = raw["headers"]["A2A-Version"].as_str();
    let frame = raw["body"].to_string();
    let Ok(jsonrpc::Message::Request(request)) = decode_message(&frame) else {
        return Err("no request".to_owned());
    };
    let version = choose(version, &request.method).map_err(|error| error.to_string())?;
    let operation =
        Operation::parse(version, &request.method).map_err(|error| error.to_string())?;
    assert_eq!(
        (version, operation),
        (Version::V1_0, Operation::SendMessage)
    );
    let answer = answer(&json!(request.params.unwrap()))?;
    let body = encode_result(&request.id, &answer).unwrap();
    Ok((serde_json::from_str(&body).unwrap(), answer))
}

/// What an agent with the behaviours of these files answers. The result of the strict reading of its own answer proves
/// the shape once more.
fn answer(params: &Value) -> Result<Value, String> {
    let mut params = params.clone();
    // The files leave the required id of a message to whoever sends it.
    params["message"]["messageId"] = json!("m-1");
    let request: SendMessageRequest = Reader::strict()
        .read(&params.to_string())
        .map_err(|error| error.to_string())?;
    let text = serde_json::to_value(&request.message.parts[0]).unwrap();
    let text = text["text"].as_str().unwrap();
    let part = match text.split_whitespace().next().unwrap() {
        "tck-message-response" => {
            let message = Message::new(
                "m-2".parse().unwrap(),
                Role::Agent,
                vec![Part::text("Hello")],
            );
            return Ok(serde_json::to_value(SendMessageResponse::Message(message)).unwrap());
        }
        "tck-artifact-data" => Part::data(json!({ "key": "value" })),
        _ => Part::text("Hello"),
    };
    let artifact = Artifact {
        artifact_id: "a-1".parse().unwrap(),
        name: None,
        description: None,
        parts: vec![part],
        metadata: Metadata::new(),
        extensions: Vec::new(),
    };
    let response = SendMessageResponse::Task(Task {
        id: "t-1".parse().unwrap(),
        context_id: Some("c-1".parse().unwrap()),
        status: TaskStatus {
            state: TaskState::Completed,
            message: None,
            timestamp: Some(Timestamp::UNIX_EPOCH),
        },
        artifacts: vec![artifact],
        history: vec![request.message],
        metadata: Metadata::new(),
    });
    let answer = serde_json::to_value(&response).unwrap();
    let again: SendMessageResponse = Reader::strict().read_value(answer.clone()).unwrap();
    assert_eq!(again, response);
    Ok(answer)
}
