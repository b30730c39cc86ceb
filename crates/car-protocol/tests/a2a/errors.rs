use std::collections::BTreeSet;
use std::fmt::Write as _;

use car_protocol::a2a::convert::ConvertError;
use car_protocol::a2a::{A2aError, Detail, ErrorKind, ErrorObject, Reader, StatusBody, TaskId, v1};
use car_protocol::jsonrpc;
use serde_json::json;

/// One of each, with all that it can carry.
fn every_error() -> Vec<A2aError> {
    let task: TaskId = "t-1".parse().unwrap();
    let of = |kind: &ErrorKind| match kind {
        ErrorKind::TaskNotFound => A2aError::task_not_found(&task),
        ErrorKind::TaskNotCancelable => A2aError::task_not_cancelable(&task),
        ErrorKind::ExtensionSupportRequired => {
            A2aError::extension_support_required("https://example.com/ext")
        }
        ErrorKind::VersionNotSupported => {
            car_protocol::a2a::choose(Some("99.0"), "SendMessage").unwrap_err()
        }
        ErrorKind::ParseError => Reader::strict().read::<v1::Task>("{").unwrap_err().into(),
        ErrorKind::MethodNotFound => A2aError::method_not_found("SendMesage"),
        ErrorKind::InvalidParams => {
            let params = r#"{"message":{"role":"ROLE_USER","parts":[{"text":"a"},{}]}}"#;
            let refused = Reader::strict()
                .read::<v1::SendMessageRequest>(params)
                .unwrap_err();
            A2aError::from(refused)
        }
        ErrorKind::UnsupportedOperation => {
            let more = json!({ "@type": "type.googleapis.com/google.protobuf.Struct", "operation": "ListTasks" });
            let more = more.as_object().unwrap().clone();
            A2aError::from(*kind).with_detail(Detail::from(more))
        }
        other => A2aError::from(*other),
    };
    ErrorKind::ALL.iter().map(of).collect()
}

#[test]
fn every_error_travels_like_this() {
    let mut out = String::new();
    for error in every_error() {
        let object = serde_json::to_string(&error.clone().into_object()).unwrap();
        let status = serde_json::to_string(&error.clone().into_status()).unwrap();
        let _ = writeln!(out, "# {}\n{object}\n{status}", error.kind());
    }
    insta::assert_snapshot!("errors", out);
}

#[test]
fn every_error_is_known_again_by_whoever_gets_it() {
    for error in every_error() {
        let object = serde_json::to_string(&error.clone().into_object()).unwrap();
        let read: jsonrpc::ErrorObject = serde_json::from_str(&object).unwrap();
        assert_eq!(A2aError::from_object(&read), Some(error.clone()));
        let typed: ErrorObject = serde_json::from_str(&object).unwrap();
        assert_eq!(typed, error.clone().into_object());

        let frame = error.clone().into_response(&jsonrpc::Id::integer(7));
        let Ok(jsonrpc::Message::Response(response)) = jsonrpc::decode_message(&frame) else {
            panic!("{frame} is no response");
        };
        assert_eq!(response.id, jsonrpc::Id::integer(7));
        assert_eq!(response.outcome.unwrap_err(), read);

        let status = serde_json::to_string(&error.clone().into_status()).unwrap();
        let read: StatusBody = serde_json::from_str(&status).unwrap();
        assert_eq!(A2aError::from_status(read), error);
    }
}

#[test]
fn no_two_errors_share_a_number_or_a_reason() {
    let codes: BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
    let reasons: BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.reason()).collect();
    assert_eq!(codes.len(), ErrorKind::ALL.len());
    assert_eq!(reasons.len(), ErrorKind::ALL.len());
    for kind in ErrorKind::ALL {
        assert_eq!(ErrorKind::from_code(kind.code().into()), Some(*kind));
        assert_eq!(ErrorKind::from_reason(kind.reason()), Some(*kind));
    }
}

#[test]
fn details_of_another_shape_are_kept_and_a_foreign_number_is_not_ours() {
    let foreign = |code: i64, data| jsonrpc::ErrorObject {
        code,
        message: None,
        data: Some(data),
    };
    let error = A2aError::from_object(&foreign(-32001, json!({ "taskId": "t-1" }))).unwrap();
    assert_eq!(error.kind(), ErrorKind::TaskNotFound);
    assert_eq!(error.message(), "task not found");
    let details = error.into_details();
    assert!(matches!(&details[0], Detail::Other(members) if members["taskId"] == "t-1"));
    assert_eq!(A2aError::from_object(&foreign(-32042, json!("text"))), None);
}

#[test]
fn without_error_info_the_http_status_tells() {
    for (code, kind) in [
        (404, ErrorKind::TaskNotFound),
        (501, ErrorKind::MethodNotFound),
        (409, ErrorKind::InvalidRequest),
        (502, ErrorKind::InternalError),
    ] {
        let body = json!({ "error": { "code": code, "message": "no" } });
        let body: StatusBody = serde_json::from_value(body).unwrap();
        assert_eq!(A2aError::from_status(body).kind(), kind);
    }
}

#[test]
fn every_conversion_error_says_what_has_no_meaning() {
    let lines = ConvertError::ALL
        .iter()
        .map(|error| format!("{error:?}: {error}\n"));
    insta::assert_snapshot!("convert_errors", lines.collect::<String>());
}
