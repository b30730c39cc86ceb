//! A daemon whose every word the test chooses.

use std::future::poll_fn;

use car_transport::source::next;
use car_transport::{Duplex, Frame};
use serde_json::{Value, json};

/// The daemon's end.
pub(crate) struct Daemon(pub(crate) Duplex);

impl Daemon {
    /// The next message; null for a close frame.
    pub(crate) async fn hear(&mut self) -> Value {
        loop {
            match next(&mut self.0.source)
                .await
                .expect("the client is there")
                .unwrap()
            {
                Frame::Text(text) => return serde_json::from_str(&text).unwrap(),
                Frame::Close(_) => return Value::Null,
                _ => {}
            }
        }
    }

    pub(crate) async fn say(&mut self, message: Value) {
        let sink = &mut self.0.sink;
        poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.unwrap();
        sink.as_mut()
            .start_send(Frame::Text(message.to_string().into()))
            .unwrap();
        poll_fn(|cx| sink.as_mut().poll_flush(cx)).await.unwrap();
    }

    /// Hears a request and answers it; what was heard.
    pub(crate) async fn answer(&mut self, result: Value) -> Value {
        let request = self.hear().await;
        self.say(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }))
            .await;
        request
    }

    /// Has a tool run.
    pub(crate) async fn execute(&mut self, tool: &str) {
        let params = json!({
            "action_id": "a", "tool": tool, "parameters": {"n": 1}, "timeout_ms": 1000,
            "attempt": 1, "request_id": "cb-1", "session_id": "s"
        });
        self.say(
            json!({ "jsonrpc": "2.0", "id": "cb-1", "method": "tools.execute", "params": params }),
        )
        .await;
    }
}
