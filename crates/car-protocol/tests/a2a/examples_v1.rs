//! Full examples of the messages of 1.0, written as they travel.

use serde_json::{Value, json};

fn parts() -> Value {
    json!([
        { "text": "hello", "mediaType": "text/plain", "metadata": { "k": [1, 2.5, null] } },
        { "raw": "JVBERi0xLjQ=", "filename": "report.pdf", "mediaType": "application/pdf" },
        { "url": "https://example.com/report.pdf", "filename": "report.pdf" },
        { "data": { "temperature": 72.5 } },
        { "data": null },
    ])
}

fn message() -> Value {
    json!({
        "messageId": "m-1", "contextId": "c-1", "taskId": "t-1", "role": "ROLE_USER", "parts": parts(),
        "metadata": { "https://example.com/ext": true }, "extensions": ["https://example.com/ext"],
        "referenceTaskIds": ["t-0"],
    })
}

fn short(text: &str) -> Value {
    json!({ "messageId": "m-2", "role": "ROLE_AGENT", "parts": [{ "text": text }] })
}

fn status() -> Value {
    json!({
        "state": "TASK_STATE_INPUT_REQUIRED", "message": short("Which one?"),
        "timestamp": "2026-01-02T03:04:05.678Z",
    })
}

fn artifact() -> Value {
    json!({
        "artifactId": "a-1", "name": "Report", "description": "What was found", "parts": [{ "text": "hello" }],
        "metadata": { "k": "v" }, "extensions": ["https://example.com/ext"],
    })
}

fn task() -> Value {
    json!({
        "id": "t-1", "contextId": "c-1", "status": status(), "artifacts": [artifact()], "history": [message()],
        "metadata": { "k": "v" },
    })
}

fn push_config() -> Value {
    json!({
        "tenant": "acme", "id": "p-1", "taskId": "t-1", "url": "https://example.com/hook", "token": "t0k3n",
        "authentication": { "scheme": "Bearer", "credentials": "s3cret" },
    })
}

fn flows() -> [Value; 5] {
    let scopes = json!({ "read": "Reads", "write": "Writes" });
    [
        json!({ "authorizationCode": {
            "authorizationUrl": "https://example.com/authorize", "tokenUrl": "https://example.com/token",
            "refreshUrl": "https://example.com/refresh", "scopes": scopes, "pkceRequired": true,
        } }),
        json!({ "clientCredentials": {
            "tokenUrl": "https://example.com/token", "refreshUrl": "https://example.com/refresh", "scopes": scopes,
        } }),
        json!({ "implicit": {
            "authorizationUrl": "https://example.com/authorize", "refreshUrl": "https://example.com/refresh",
            "scopes": scopes,
        } }),
        json!({ "password": {
            "tokenUrl": "https://example.com/token", "refreshUrl": "https://example.com/refresh", "scopes": scopes,
        } }),
        json!({ "deviceCode": {
            "deviceAuthorizationUrl": "https://example.com/device", "tokenUrl": "https://example.com/token",
            "refreshUrl": "https://example.com/refresh", "scopes": scopes,
        } }),
    ]
}

fn flow(index: usize, name: &str) -> Value {
    flows()[index][name].clone()
}

fn schemes() -> [Value; 5] {
    [
        json!({ "apiKeySecurityScheme": { "description": "A key", "location": "header", "name": "X-Key" } }),
        json!({ "httpAuthSecurityScheme": { "description": "A token", "scheme": "Bearer", "bearerFormat": "JWT" } }),
        json!({ "oauth2SecurityScheme": {
            "description": "OAuth", "flows": flows()[0],
            "oauth2MetadataUrl": "https://example.com/.well-known/oauth-authorization-server",
        } }),
        json!({ "openIdConnectSecurityScheme": {
            "description": "OpenID", "openIdConnectUrl": "https://example.com/.well-known/openid-configuration",
        } }),
        json!({ "mtlsSecurityScheme": { "description": "A certificate" } }),
    ]
}

fn scheme(index: usize, name: &str) -> Value {
    schemes()[index][name].clone()
}

fn requirement() -> Value {
    json!({ "schemes": { "oauth": { "list": ["read", "write"] }, "key": { "list": [] } } })
}

fn extension() -> Value {
    json!({
        "uri": "https://example.com/ext", "description": "Says more", "required": true, "params": { "level": 2 },
    })
}

fn capabilities() -> Value {
    json!({
        "streaming": true, "pushNotifications": false, "extensions": [extension()], "extendedAgentCard": true,
    })
}

fn skill() -> Value {
    json!({
        "id": "cook", "name": "Cook", "description": "Finds recipes", "tags": ["food"], "examples": ["What with rice?"],
        "inputModes": ["text/plain"], "outputModes": ["application/json"], "securityRequirements": [requirement()],
    })
}

fn signature() -> Value {
    json!({ "protected": "eyJhbGciOiJFUzI1NiJ9", "signature": "AAAA", "header": { "k": "v" } })
}

fn interface() -> Value {
    json!({
        "url": "https://example.com/a2a", "protocolBinding": "JSONRPC", "tenant": "acme", "protocolVersion": "1.0",
    })
}

fn card() -> Value {
    let [key, http, oauth, openid, mtls] = schemes();
    json!({
        "name": "Recipe Agent", "description": "Helps with recipes", "supportedInterfaces": [interface()],
        "provider": { "url": "https://example.com", "organization": "Example" }, "version": "2.1.0",
        "documentationUrl": "https://example.com/docs", "capabilities": capabilities(),
        "securitySchemes": { "key": key, "http": http, "oauth": oauth, "openid": openid, "mtls": mtls },
        "securityRequirements": [requirement()], "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain", "image/png"], "skills": [skill()], "signatures": [signature()],
        "iconUrl": "https://example.com/icon.png",
    })
}

/// The examples of a message.
pub(crate) fn examples(name: &str) -> Vec<Value> {
    let tenant = "acme";
    vec![match name {
        "AgentCapabilities" => capabilities(),
        "AgentCard" => card(),
        "AgentCardSignature" => signature(),
        "AgentExtension" => extension(),
        "AgentInterface" => interface(),
        "AgentProvider" => card()["provider"].clone(),
        "AgentSkill" => skill(),
        "ApiKeySecurityScheme" => scheme(0, "apiKeySecurityScheme"),
        "Artifact" => artifact(),
        "AuthenticationInfo" => push_config()["authentication"].clone(),
        "AuthorizationCodeOAuthFlow" => flow(0, "authorizationCode"),
        "CancelTaskRequest" => {
            json!({ "tenant": tenant, "id": "t-1", "metadata": { "why": "enough" } })
        }
        "ClientCredentialsOAuthFlow" => flow(1, "clientCredentials"),
        "DeviceCodeOAuthFlow" => flow(4, "deviceCode"),
        "GetExtendedAgentCardRequest" => json!({ "tenant": tenant }),
        "GetTaskPushNotificationConfigRequest" | "DeleteTaskPushNotificationConfigRequest" => {
            json!({ "tenant": tenant, "taskId": "t-1", "id": "p-1" })
        }
        "GetTaskRequest" => json!({ "tenant": tenant, "id": "t-1", "historyLength": 0 }),
        "HttpAuthSecurityScheme" => scheme(1, "httpAuthSecurityScheme"),
        "ImplicitOAuthFlow" => flow(2, "implicit"),
        "ListTaskPushNotificationConfigsRequest" => {
            json!({ "tenant": tenant, "taskId": "t-1", "pageSize": 10, "pageToken": "next" })
        }
        "ListTaskPushNotificationConfigsResponse" => {
            json!({ "configs": [push_config()], "nextPageToken": "next" })
        }
        "ListTasksRequest" => json!({
            "tenant": tenant, "contextId": "c-1", "status": "TASK_STATE_WORKING", "pageSize": 100, "pageToken": "next",
            "historyLength": 3, "statusTimestampAfter": "2026-01-02T03:04:05.000Z", "includeArtifacts": false,
        }),
        "ListTasksResponse" => {
            json!({ "tasks": [task()], "nextPageToken": "", "pageSize": 50, "totalSize": 1 })
        }
        "Message" => message(),
        "MutualTlsSecurityScheme" => scheme(4, "mtlsSecurityScheme"),
        "OAuth2SecurityScheme" => scheme(2, "oauth2SecurityScheme"),
        "OAuthFlows" => return flows().to_vec(),
        "OpenIdConnectSecurityScheme" => scheme(3, "openIdConnectSecurityScheme"),
        "Part" => return parts().as_array().unwrap().clone(),
        "PasswordOAuthFlow" => flow(3, "password"),
        "SecurityRequirement" => requirement(),
        "SecurityScheme" => return schemes().to_vec(),
        "SendMessageConfiguration" => configuration(),
        "SendMessageRequest" => json!({
            "tenant": tenant, "message": message(), "configuration": configuration(), "metadata": { "k": "v" },
        }),
        "SendMessageResponse" => {
            return vec![
                json!({ "task": task() }),
                json!({ "message": short("Hello") }),
            ];
        }
        "StreamResponse" => {
            return vec![
                json!({ "task": task() }),
                json!({ "message": short("Hello") }),
                json!({ "statusUpdate": status_update() }),
                json!({ "artifactUpdate": artifact_update() }),
            ];
        }
        "StringList" => json!({ "list": ["read"] }),
        "SubscribeToTaskRequest" => json!({ "tenant": tenant, "id": "t-1" }),
        "Task" => task(),
        "TaskArtifactUpdateEvent" => artifact_update(),
        "TaskPushNotificationConfig" => push_config(),
        "TaskStatus" => status(),
        "TaskStatusUpdateEvent" => status_update(),
        other => panic!("no example of {other}"),
    }]
}

fn configuration() -> Value {
    json!({
        "acceptedOutputModes": ["text/plain"],
        "taskPushNotificationConfig": { "url": "https://example.com/hook" },
        "historyLength": 10, "returnImmediately": true,
    })
}

fn status_update() -> Value {
    json!({ "taskId": "t-1", "contextId": "c-1", "status": status(), "metadata": { "k": "v" } })
}

fn artifact_update() -> Value {
    json!({
        "taskId": "t-1", "contextId": "c-1", "artifact": artifact(), "append": true, "lastChunk": true,
        "metadata": { "k": "v" },
    })
}
