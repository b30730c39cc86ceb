//! Every family of streams as the daemon lists them, and how each is made to tell something.

use car_tests::TestClient;
use car_tests::program::Program;
use car_tests::proposal::{proposal, write};
use serde_json::{Value, json};

/// A family as `events.retention` has it.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    /// Whether its events survive the end of the daemon.
    pub(crate) durable: bool,
}

/// All of them.
pub(crate) async fn families(daemon: &Program) -> Vec<Family> {
    let mut client = daemon.client("onlooker").await;
    let table = client.call("events.retention", Value::Null).await;
    client.leave().await;
    let rows = table["families"].as_array().unwrap();
    let family = |row: &Value| Family {
        name: row["family"].as_str().unwrap().to_owned(),
        durable: row["durability"] != "memory",
    };
    rows.iter().map(family).collect()
}

/// Where the events of a family come from in a test.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) stream: String,
    pub(crate) client: TestClient,
    method: &'static str,
    /// The proposal whose steps are told, where they are.
    followed: Option<&'static str>,
}

impl Source {
    /// A client that can make a stream of this family grow.
    pub(crate) async fn of(daemon: &Program, family: &str) -> Self {
        let mut client = daemon.client("source").await;
        client.off_the_record();
        let page = client.call("events.query", Value::Null).await;
        let own = page["stream"].as_str().unwrap();
        let (stream, method, followed) = match family {
            "host" => ("host".to_owned(), "host.notify", None),
            "session" => (own.to_owned(), "proposal.submit", None),
            "run" => {
                let stream = format!("{}/p", own.replacen("session", "run", 1));
                (stream, "proposal.submit", Some("p"))
            }
            "agent" => {
                // Only hosts hear what agents write.
                client
                    .call("session.auth", json!({ "host_token": "" }))
                    .await;
                ("agent/source/log".to_owned(), "agents.upsert", None)
            }
            "chat" => {
                let chat = begin_chat(&mut client).await;
                (format!("chat/{chat}"), "agent.chat.event", None)
            }
            "voice" => {
                let params = json!({
                    "session_id": "v",
                    "audio_source": { "kind": "pcm_push" },
                    "options": { "emit_audio_meta": true },
                });
                let begun = client.call("voice.transcribe_stream.start", params).await;
                let stream = begun["stream"].as_str().unwrap().to_owned();
                (stream, "voice.transcribe_stream.push", None)
            }
            other => panic!("nobody here knows what makes the family {other} tell something"),
        };
        let mut source = Self {
            stream,
            client,
            method,
            followed,
        };
        // A stream with an owner is there from its first event on.
        source.tell(0).await;
        source
    }

    /// What makes it tell the `n`-th thing.
    pub(crate) fn request(&self, n: usize) -> (&'static str, Value) {
        let text = "x".repeat(n * 37 % 900);
        let params = match self.method {
            "host.notify" => json!({ "message": text }),
            "agents.upsert" => {
                let name = format!("source {text}");
                json!({ "id": "source", "name": name, "command": crate::agents::shell() })
            }
            "agent.chat.event" => {
                let chat = self.stream.trim_start_matches("chat/");
                json!({ "session_id": chat, "kind": "token", "delta": text })
            }
            "voice.transcribe_stream.push" => {
                json!({ "session_id": "v", "pcm_b64": "A".repeat(8 * (n % 9 + 1)) })
            }
            _ => {
                let mut params = proposal([write("a", "k", json!(text))]);
                if let Some(id) = self.followed {
                    params["proposal"]["id"] = id.into();
                    params["stream"] = true.into();
                }
                params
            }
        };
        (self.method, params)
    }

    /// Has it tell the `n`-th thing.
    pub(crate) async fn tell(&mut self, n: usize) {
        let (method, params) = self.request(n);
        self.client.call(method, params).await;
        if self.method.starts_with("voice.") {
            // Audio is heard after it was taken.
            self.client.expect("voice.event").await;
        }
    }

    /// The number of its newest event.
    pub(crate) async fn head(&mut self) -> u64 {
        let params = json!({ "streams": [self.stream] });
        let told = self.client.call("events.subscribe", params.clone()).await;
        self.client.call("events.unsubscribe", params).await;
        told["streams"][0]["head"]["seq"].as_u64().unwrap()
    }
}

/// Begins a chat of a client with itself, and answers its id. What is said in it comes to nobody.
async fn begin_chat(client: &mut TestClient) -> String {
    let agent = json!({ "name": "source" });
    let agent = client.call("host.register_agent", agent).await;
    let params = json!({ "agent_id": agent["id"], "prompt": "speak" });
    let id = client.request("agents.chat", params).await;
    let prompt = client.expect("agent.chat").await;
    client.answer(&prompt, json!({})).await;
    let begun = client.answer_to(id).await;
    let streams = json!({ "streams": [begun["result"]["stream"]] });
    client.call("events.unsubscribe", streams).await;
    begun["result"]["session_id"].as_str().unwrap().to_owned()
}
