//! Full examples of the messages of 0.3 and of the dialect, written as they travel.

use serde_json::{Value, json};

fn with_bytes() -> Value {
    json!({ "name": "report.pdf", "mimeType": "application/pdf", "bytes": "JVBERi0xLjQ=" })
}

fn with_uri() -> Value {
    json!({ "name": "report.pdf", "mimeType": "application/pdf", "uri": "https://example.com/report.pdf" })
}

fn parts() -> Value {
    json!([
        { "kind": "text", "text": "hello", "metadata": { "k": "v" } },
        { "kind": "file", "file": with_bytes(), "metadata": { "k": "v" } },
        { "kind": "file", "file": with_uri() },
        { "kind": "data", "data": { "temperature": 72.5 }, "metadata": { "mimeType": "application/json" } },
    ])
}

fn message() -> Value {
    json!({
        "kind": "message", "messageId": "m-1", "contextId": "c-1", "taskId": "t-1", "role": "user", "parts": parts(),
        "metadata": { "k": "v" }, "extensions": ["https://example.com/ext"], "referenceTaskIds": ["t-0"],
    })
}

fn short() -> Value {
    json!({
        "kind": "message", "messageId": "m-2", "role": "agent", "parts": [{ "kind": "text", "text": "Which one?" }],
    })
}

fn status() -> Value {
    json!({ "state": "input-required", "message": short(), "timestamp": "2026-01-02T03:04:05.678Z" })
}

fn artifact() -> Value {
    json!({
        "artifactId": "a-1", "name": "Report", "description": "What was found",
        "parts": [{ "kind": "text", "text": "hello" }], "metadata": { "k": "v" },
        "extensions": ["https://example.com/ext"],
    })
}

fn task() -> Value {
    json!({
        "kind": "task", "id": "t-1", "contextId": "c-1", "status": status(), "artifacts": [artifact()],
        "history": [message()], "metadata": { "k": "v" },
    })
}

fn push_config() -> Value {
    json!({
        "id": "p-1", "url": "https://example.com/hook", "token": "t0k3n",
        "authentication": { "schemes": ["Bearer"], "credentials": "s3cret" },
    })
}

fn configuration() -> Value {
    json!({
        "acceptedOutputModes": ["text/plain"], "historyLength": 10, "pushNotificationConfig": push_config(),
        "blocking": false,
    })
}

fn flows() -> Value {
    let scopes = json!({ "read": "Reads" });
    json!({
        "authorizationCode": {
            "authorizationUrl": "https://example.com/authorize", "tokenUrl": "https://example.com/token",
            "refreshUrl": "https://example.com/refresh", "scopes": scopes,
        },
        "clientCredentials": {
            "tokenUrl": "https://example.com/token", "refreshUrl": "https://example.com/refresh", "scopes": scopes,
        },
        "implicit": {
            "authorizationUrl": "https://example.com/authorize", "refreshUrl": "https://example.com/refresh",
            "scopes": scopes,
        },
        "password": {
            "tokenUrl": "https://example.com/token", "refreshUrl": "https://example.com/refresh", "scopes": scopes,
        },
    })
}

fn schemes() -> [Value; 5] {
    [
        json!({ "type": "apiKey", "description": "A key", "in": "header", "name": "X-Key" }),
        json!({ "type": "http", "description": "A token", "scheme": "Bearer", "bearerFormat": "JWT" }),
        json!({
            "type": "oauth2", "description": "OAuth", "flows": flows(),
            "oauth2MetadataUrl": "https://example.com/.well-known/oauth-authorization-server",
        }),
        json!({
            "type": "openIdConnect", "description": "OpenID",
            "openIdConnectUrl": "https://example.com/.well-known/openid-configuration",
        }),
        json!({ "type": "mutualTLS", "description": "A certificate" }),
    ]
}

fn extension() -> Value {
    json!({
        "uri": "https://example.com/ext", "description": "Says more", "required": true, "params": { "level": 2 },
    })
}

fn capabilities() -> Value {
    json!({
        "streaming": true, "pushNotifications": false, "stateTransitionHistory": true, "extensions": [extension()],
    })
}

fn skill() -> Value {
    json!({
        "id": "cook", "name": "Cook", "description": "Finds recipes", "tags": ["food"], "examples": ["What with rice?"],
        "inputModes": ["text/plain"], "outputModes": ["application/json"], "security": [{ "oauth": ["read"] }],
    })
}

fn signature() -> Value {
    json!({ "protected": "eyJhbGciOiJFUzI1NiJ9", "signature": "AAAA", "header": { "k": "v" } })
}

fn card() -> Value {
    let [key, http, oauth, openid, mtls] = schemes();
    json!({
        "protocolVersion": "0.3.0", "name": "Recipe Agent", "description": "Helps with recipes",
        "url": "https://example.com/a2a", "preferredTransport": "JSONRPC",
        "additionalInterfaces": [{ "url": "https://example.com/rest", "transport": "HTTP+JSON" }],
        "iconUrl": "https://example.com/icon.png",
        "provider": { "organization": "Example", "url": "https://example.com" }, "version": "2.1.0",
        "documentationUrl": "https://example.com/docs", "capabilities": capabilities(),
        "securitySchemes": { "key": key, "http": http, "oauth": oauth, "openid": openid, "mtls": mtls },
        "security": [{ "oauth": ["read"], "key": [] }], "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"], "skills": [skill()], "supportsAuthenticatedExtendedCard": true,
        "signatures": [signature()],
    })
}

fn status_update() -> Value {
    json!({
        "kind": "status-update", "taskId": "t-1", "contextId": "c-1", "status": status(), "final": true,
        "metadata": { "k": "v" },
    })
}

fn artifact_update() -> Value {
    json!({
        "kind": "artifact-update", "taskId": "t-1", "contextId": "c-1", "artifact": artifact(), "append": false,
        "lastChunk": true, "metadata": { "k": "v" },
    })
}

/// The examples of a message of 0.3.
pub(crate) fn examples(name: &str) -> Vec<Value> {
    let metadata = json!({ "k": "v" });
    vec![match name {
        "AgentCapabilities" => capabilities(),
        "AgentCard" => card(),
        "AgentCardSignature" => signature(),
        "AgentExtension" => extension(),
        "AgentInterface" => card()["additionalInterfaces"][0].clone(),
        "AgentProvider" => card()["provider"].clone(),
        "AgentSkill" => skill(),
        "ApiKeySecurityScheme" => schemes()[0].clone(),
        "Artifact" => artifact(),
        "AuthorizationCodeOAuthFlow" => flows()["authorizationCode"].clone(),
        "ClientCredentialsOAuthFlow" => flows()["clientCredentials"].clone(),
        "DataPart" => parts()[3].clone(),
        "DeleteTaskPushNotificationConfigParams" | "GetTaskPushNotificationConfigParams" => {
            json!({ "id": "t-1", "pushNotificationConfigId": "p-1", "metadata": metadata })
        }
        "FileContent" => return vec![with_bytes(), with_uri()],
        "FilePart" => parts()[1].clone(),
        "FileWithBytes" => with_bytes(),
        "FileWithUri" => with_uri(),
        "HttpAuthSecurityScheme" => schemes()[1].clone(),
        "ImplicitOAuthFlow" => flows()["implicit"].clone(),
        "ListTaskPushNotificationConfigParams" | "TaskIdParams" => {
            json!({ "id": "t-1", "metadata": metadata })
        }
        "Message" => message(),
        "MessageSendConfiguration" => configuration(),
        "MessageSendParams" => {
            json!({ "message": message(), "configuration": configuration(), "metadata": metadata })
        }
        "MutualTlsSecurityScheme" => schemes()[4].clone(),
        "OAuth2SecurityScheme" => schemes()[2].clone(),
        "OAuthFlows" => flows(),
        "OpenIdConnectSecurityScheme" => schemes()[3].clone(),
        "Part" => return parts().as_array().unwrap().clone(),
        "PasswordOAuthFlow" => flows()["password"].clone(),
        "PushNotificationAuthenticationInfo" => push_config()["authentication"].clone(),
        "PushNotificationConfig" => push_config(),
        "SecurityScheme" => return schemes().to_vec(),
        "SendMessageResult" => return vec![task(), short()],
        "StreamEvent" => return vec![task(), short(), status_update(), artifact_update()],
        "Task" => task(),
        "TaskArtifactUpdateEvent" => artifact_update(),
        "TaskPushNotificationConfig" => {
            json!({ "taskId": "t-1", "pushNotificationConfig": push_config() })
        }
        "TaskQueryParams" => json!({ "id": "t-1", "historyLength": 0, "metadata": metadata }),
        "TaskStatus" => status(),
        "TaskStatusUpdateEvent" => status_update(),
        "TextPart" => parts()[0].clone(),
        other => panic!("no example of {other}"),
    }]
}

/// The examples of a message of the dialect.
pub(crate) fn dialect_examples(name: &str) -> Vec<Value> {
    vec![match name {
        "ListPushConfigsParams" => json!({ "taskId": "t-1" }),
        "ListTasksParams" => json!({ "contextId": "c-1", "state": "working", "limit": 5 }),
        "ListTasksResult" => json!({ "tasks": [task()] }),
        "PushConfigDeleted" => json!({ "deleted": true }),
        "PushConfigEntry" => json!({ "configId": "p-1", "config": push_config() }),
        "PushConfigParams" => json!({ "taskId": "t-1", "configId": "p-1" }),
        "SetPushConfigParams" => json!({ "taskId": "t-1", "config": push_config() }),
        other => panic!("no example of {other}"),
    }]
}
