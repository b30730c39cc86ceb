//! One connection of a client that gives up early.

use std::future::poll_fn;
use std::time::Duration;

use car_transport::source::next;
use car_transport::{Duplex, Frame};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::time::timeout;

/// How long a client waits before it takes its connection for dead.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For an answer.
    pub answer: Duration,
    /// For anything at all.
    pub silence: Duration,
}

/// The connection is of no use any more.
pub(super) struct Lost;

/// One connection.
pub(super) struct Line {
    duplex: Duplex,
    patience: Patience,
    next_id: u64,
}

impl Line {
    pub(super) fn new(duplex: Duplex, patience: Patience) -> Self {
        Self {
            duplex,
            patience,
            next_id: 1,
        }
    }

    /// Asks; the answer comes before anything else, because nothing is subscribed yet.
    pub(super) async fn ask(&mut self, method: &str, params: &Value) -> Result<Value, Lost> {
        let (id, request) = self.encode(method, params);
        let deadline = self.patience.answer;
        let exchange = async {
            self.send(request).await?;
            let answer = self.message().await?;
            assert_eq!(answer["id"], id, "not the answer to {method}: {answer}");
            Ok(answer)
        };
        timeout(deadline, exchange).await.unwrap_or(Err(Lost))
    }

    /// The same where something is subscribed: what comes before the answer is passed over.
    pub(super) async fn ask_amid_events(
        &mut self,
        method: &str,
        params: &Value,
    ) -> Result<Value, Lost> {
        let (id, request) = self.encode(method, params);
        let deadline = self.patience.answer;
        let exchange = async {
            self.send(request).await?;
            loop {
                let message = self.message().await?;
                if message.get("method").is_none() {
                    assert_eq!(message["id"], id, "not the answer to {method}: {message}");
                    return Ok(message);
                }
            }
        };
        timeout(deadline, exchange).await.unwrap_or(Err(Lost))
    }

    /// Asks, and waits for no answer.
    pub(super) async fn request(&mut self, method: &str, params: &Value) -> Result<(), Lost> {
        let (_, request) = self.encode(method, params);
        let deadline = self.patience.answer;
        let sent = timeout(deadline, self.send(request)).await;
        sent.unwrap_or(Err(Lost))
    }

    fn encode(&mut self, method: &str, params: &Value) -> (u64, Frame) {
        let id = self.next_id;
        self.next_id += 1;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        (id, Frame::Text(request.to_string().into()))
    }

    /// The next message, unless nothing at all comes for too long.
    pub(super) async fn read(&mut self) -> Result<Value, Lost> {
        loop {
            let read = timeout(self.patience.silence, next(&mut self.duplex.source)).await;
            if let Some(message) =
                self.frame(read.map_err(|_| Lost)?.ok_or(Lost)?.map_err(|_| Lost)?)?
            {
                return Ok(message);
            }
        }
    }

    /// The next message, however long it takes.
    async fn message(&mut self) -> Result<Value, Lost> {
        loop {
            let read = next(&mut self.duplex.source).await;
            if let Some(message) = self.frame(read.ok_or(Lost)?.map_err(|_| Lost)?)? {
                return Ok(message);
            }
        }
    }

    fn frame(&mut self, frame: Frame) -> Result<Option<Value>, Lost> {
        match frame {
            Frame::Text(text) => Ok(Some(
                serde_json::from_str(&text).expect("the daemon speaks JSON"),
            )),
            Frame::Ping(payload) => {
                // A connection that takes no pong is dead, which is found out by itself.
                let _ = self.send(Frame::Pong(payload)).now_or_never();
                Ok(None)
            }
            Frame::Close(_) => Err(Lost),
            Frame::Binary(_) | Frame::Pong(_) => Ok(None),
        }
    }

    async fn send(&mut self, frame: Frame) -> Result<(), Lost> {
        let sink = &mut self.duplex.sink;
        poll_fn(|cx| sink.as_mut().poll_ready(cx))
            .await
            .map_err(|_| Lost)?;
        sink.as_mut().start_send(frame).map_err(|_| Lost)?;
        poll_fn(|cx| sink.as_mut().poll_flush(cx))
            .await
            .map_err(|_| Lost)
    }

    /// Says good-bye, and waits for the daemon to do so too.
    pub(super) async fn close(mut self) {
        let sink = &mut self.duplex.sink;
        let parting = async {
            let _ = poll_fn(|cx| sink.as_mut().poll_close(cx)).await;
            while let Some(Ok(_)) = next(&mut self.duplex.source).await {}
        };
        let _ = timeout(self.patience.answer, parting).await;
    }
}
