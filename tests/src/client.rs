//! A client that sends what it is told, reads everything, and fails on what nobody asked for.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::time::Duration;

use car_transport::source::next;
use car_transport::{CloseReason, Duplex, Frame};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use crate::Transcript;

/// How long a message may take, in the time of the test's clock.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same where time is free because the clock is paused.
const ENDLESS_PATIENCE: Duration = Duration::from_secs(7 * 86_400);

/// A client over any transport. It must be ended with [`finish`](Self::finish), [`leave`](Self::leave),
/// [`closed`](Self::closed) or [`cut`](Self::cut).
#[derive(Debug)]
pub struct TestClient {
    name: String,
    duplex: Option<Duplex>,
    transcript: Transcript,
    next_id: i64,
    /// Read, but not asked for yet.
    unread: VecDeque<Value>,
    /// Whether the transcript gets what is said.
    recording: bool,
    patience: Duration,
}

impl TestClient {
    /// A client on this connection.
    #[must_use]
    pub fn new(name: &str, duplex: Duplex, transcript: Transcript) -> Self {
        Self {
            name: name.to_owned(),
            duplex: Some(duplex),
            transcript,
            next_id: 1,
            unread: VecDeque::new(),
            recording: true,
            patience: PATIENCE,
        }
    }

    /// Waits as long as it takes: for a paused clock.
    #[must_use]
    pub fn patient(mut self) -> Self {
        self.patience = ENDLESS_PATIENCE;
        self
    }

    /// Keeps what follows out of the transcript.
    pub fn off_the_record(&mut self) {
        self.recording = false;
    }

    /// Sends a text as it is.
    pub async fn send_text(&mut self, text: &str) {
        if self.recording {
            self.transcript.said(&self.name, text);
        }
        self.send_frame(Frame::Text(text.into())).await;
    }

    /// Sends a frame as it is, unrecorded.
    pub async fn send_frame(&mut self, frame: Frame) {
        let sink = &mut self.duplex.as_mut().expect("the client is connected").sink;
        poll_fn(|cx| sink.as_mut().poll_ready(cx))
            .await
            .expect("the daemon reads");
        sink.as_mut().start_send(frame).expect("the daemon reads");
        poll_fn(|cx| sink.as_mut().poll_flush(cx))
            .await
            .expect("the daemon reads");
    }

    /// Sends a JSON value. Members go in the order of their names, so that what is said does not hang on how the JSON
    /// library was built.
    pub async fn send(&mut self, message: Value) {
        self.send_text(&sorted(message).to_string()).await;
    }

    /// Sends a request and answers its id.
    pub async fn request(&mut self, method: &str, params: Value) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .await;
        id
    }

    /// Sends a notification.
    pub async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }))
            .await;
    }

    /// Sends a text and waits for the next message, whatever it is.
    pub async fn exchange(&mut self, text: &str) -> Value {
        self.send_text(text).await;
        self.next().await
    }

    /// Sends a request and waits for its answer: the whole message.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        self.answer_to(id).await
    }

    /// Sends a request and answers its result.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        answer
            .get("result")
            .unwrap_or_else(|| panic!("{method} failed: {answer}"))
            .clone()
    }

    /// Sends a request and answers its error.
    pub async fn refusal(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params).await;
        answer
            .get("error")
            .unwrap_or_else(|| panic!("{method} succeeded: {answer}"))
            .clone()
    }

    /// Waits for the answer to a request.
    pub async fn answer_to(&mut self, id: i64) -> Value {
        self.find(|message| message.get("method").is_none() && message["id"] == json!(id))
            .await
    }

    /// Waits for a request or notification of the daemon: the whole message.
    pub async fn expect(&mut self, method: &str) -> Value {
        self.find(|message| message["method"] == json!(method))
            .await
    }

    /// Waits for the next message, whatever it is.
    pub async fn next(&mut self) -> Value {
        self.find(|_| true).await
    }

    /// Waits for the next text, as it is. Nothing else may have been read before.
    pub async fn next_text(&mut self) -> String {
        assert!(self.unread.is_empty(), "{}: {:?}", self.name, self.unread);
        match self.read_text().await {
            Ok(text) => text,
            Err(reason) => panic!("{}: closed: {reason:?}", self.name),
        }
    }

    /// Answers a request of the daemon.
    pub async fn answer(&mut self, request: &Value, result: Value) {
        self.send(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }))
            .await;
    }

    /// Answers a request of the daemon with an error.
    pub async fn fail(&mut self, request: &Value, message: &str) {
        let error = json!({ "code": -32000, "message": message });
        self.send(json!({ "jsonrpc": "2.0", "id": request["id"], "error": error }))
            .await;
    }

    /// Reads for so long; nothing but pings may come.
    pub async fn nothing_for(&mut self, time: Duration) {
        assert!(self.unread.is_empty(), "{}: {:?}", self.name, self.unread);
        if let Ok(read) = timeout(time, self.read()).await {
            panic!("{}: not nothing: {read:?}", self.name);
        }
    }

    async fn find(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(index) = self.unread.iter().position(&wanted) {
            return self.unread.remove(index).expect("it was just there");
        }
        loop {
            let message = self
                .read()
                .await
                .unwrap_or_else(|reason| panic!("{}: closed: {reason:?}", self.name));
            if wanted(&message) {
                return message;
            }
            self.unread.push_back(message);
        }
    }

    /// Reads one message; the reason where the connection is closed instead.
    async fn read(&mut self) -> Result<Value, Option<CloseReason>> {
        let text = self.read_text().await?;
        Ok(serde_json::from_str(&text).expect("the daemon speaks JSON"))
    }

    async fn read_text(&mut self) -> Result<String, Option<CloseReason>> {
        let deadline = Instant::now() + self.patience;
        loop {
            let source = &mut self
                .duplex
                .as_mut()
                .expect("the client is connected")
                .source;
            let frame = timeout_at(deadline, next(source)).await;
            match frame.unwrap_or_else(|_| panic!("{}: the daemon says nothing", self.name)) {
                Some(Ok(Frame::Text(text))) => {
                    if self.recording {
                        self.transcript.heard(&self.name, &text);
                    }
                    return Ok(text.to_string());
                }
                Some(Ok(Frame::Ping(payload))) => self.pong(Frame::Pong(payload)).await,
                Some(Ok(Frame::Close(reason))) => return Err(reason),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Answers a ping, unless the daemon has gone since.
    async fn pong(&mut self, pong: Frame) {
        let sink = &mut self.duplex.as_mut().expect("the client is connected").sink;
        if poll_fn(|cx| sink.as_mut().poll_ready(cx)).await.is_ok() {
            let _ = sink.as_mut().start_send(pong);
            let _ = poll_fn(|cx| sink.as_mut().poll_flush(cx)).await;
        }
    }

    /// Gives the connection away, for what no method here can do. What was read before is forgotten.
    #[must_use]
    pub fn into_duplex(mut self) -> Duplex {
        self.unread.clear();
        self.duplex.take().expect("the client is connected")
    }

    /// Waits until the daemon closes the connection; answers the code. Messages before that must have been asked for.
    pub async fn closed(&mut self) -> Option<u16> {
        match self.read().await {
            Ok(message) => panic!("{}: unread before the end: {message}", self.name),
            Err(reason) => {
                if self.recording {
                    let reason = reason
                        .as_ref()
                        .map(|reason| format!("{} {}", reason.code, reason.text));
                    self.transcript.heard(
                        &self.name,
                        &format!("closed: {}", reason.unwrap_or_default()),
                    );
                }
                self.duplex = None;
                reason.map(|reason| reason.code)
            }
        }
    }

    /// Does nothing for so long: reads nothing, answers no ping.
    pub async fn silent_for(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Closes the connection; what came that nobody asked for does not matter.
    pub async fn leave(mut self) {
        self.close().await;
        self.unread.clear();
    }

    /// Closes the connection; fails on messages that nobody asked for.
    pub async fn finish(mut self) {
        self.close().await;
        self.assert_read();
    }

    async fn close(&mut self) {
        let Some(mut duplex) = self.duplex.take() else {
            return;
        };
        let closing = Frame::Close(Some(CloseReason::new(1000, "")));
        if poll_fn(|cx| duplex.sink.as_mut().poll_ready(cx))
            .await
            .is_ok()
        {
            let _ = duplex.sink.as_mut().start_send(closing);
            let _ = poll_fn(|cx| duplex.sink.as_mut().poll_close(cx)).await;
        }
        while let Some(Ok(frame)) = timeout(self.patience, next(&mut duplex.source))
            .await
            .expect("the daemon closes")
        {
            if let Frame::Text(text) = frame {
                self.unread
                    .push_back(serde_json::from_str(&text).expect("the daemon speaks JSON"));
            }
        }
    }

    /// Cuts the connection without a word.
    pub fn cut(mut self) {
        self.duplex = None;
        self.unread.clear();
    }

    fn assert_read(&self) {
        assert!(
            self.unread.is_empty(),
            "{}: nobody asked for {:?}",
            self.name,
            self.unread
        );
    }
}

impl Drop for TestClient {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(
                self.duplex.is_none(),
                "{}: end a client with finish, closed or cut",
                self.name
            );
            self.assert_read();
        }
    }
}

/// The same value with its members in the order of their names.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            members
                .into_iter()
                .map(|(name, member)| (name, sorted(member)))
                .collect()
        }
        other => other,
    }
}
