//! The floor: the least that a JSON-RPC server over WebSocket can do with these libraries. It parses a borrowed envelope
//! and answers `params.value`; it knows no sessions, no methods and no limits but its queues. What the daemon costs
//! beyond it is what the daemon does for its users.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc;
use tokio_tungstenite::accept_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Frames that wait for one connection's writer at most.
const QUEUE: usize = 256;
const READ_BUFFER: usize = 4 * 1024;
const WRITE_THRESHOLD: usize = 16 * 1024;

/// Where to listen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// TCP port on 127.0.0.1.
    #[arg(long)]
    port: u16,
    /// Path of the Unix socket.
    #[arg(long)]
    socket: PathBuf,
}

/// Serves until it is killed.
pub(crate) fn run(args: &Args) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(listen(args))
}

async fn listen(args: &Args) -> Result<()> {
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port))
        .await
        .context("cannot bind the port")?;
    let unix = UnixListener::bind(&args.socket).context("cannot bind the socket")?;
    let hub = Arc::new(Hub::default());
    loop {
        let hub = Arc::clone(&hub);
        tokio::select! {
            accepted = tcp.accept() => {
                let (stream, _) = accepted?;
                stream.set_nodelay(true)?;
                tokio::spawn(serve(stream, hub));
            }
            accepted = unix.accept() => {
                let (stream, _) = accepted?;
                tokio::spawn(serve(stream, hub));
            }
        }
    }
}

/// Everyone who wants the published frames.
#[derive(Debug, Default)]
struct Hub {
    next: AtomicU64,
    subscribers: Mutex<Vec<(u64, mpsc::Sender<Message>)>>,
}

impl Hub {
    /// One frame for all; who has no room misses it.
    fn publish(&self, frame: &Message) {
        for (_, subscriber) in self.subscribers.lock().iter() {
            let _ = subscriber.try_send(frame.clone());
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

/// A connection: this task reads and answers, another one writes.
async fn serve<S>(stream: S, hub: Arc<Hub>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_THRESHOLD);
    let Ok(socket) = accept_async_with_config(stream, Some(config)).await else {
        return;
    };
    let (mut sink, mut source) = socket.split();
    let (outbox, mut queue) = mpsc::channel::<Message>(QUEUE);
    let name = hub.next.fetch_add(1, Ordering::Relaxed);

    let writer = tokio::spawn(async move {
        let mut ready = Vec::new();
        while queue.recv_many(&mut ready, QUEUE).await > 0 {
            for message in ready.drain(..) {
                if sink.feed(message).await.is_err() {
                    return;
                }
            }
            if sink.flush().await.is_err() {
                return;
            }
        }
    });

    while let Some(Ok(message)) = source.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        let Some(reply) = answer(text.as_str(), name, &outbox, &hub) else {
            break;
        };
        if outbox.send(reply).await.is_err() {
            break;
        }
    }
    hub.subscribers
        .lock()
        .retain(|(subscriber, _)| *subscriber != name);
    drop(outbox);
    writer.abort();
}

/// The reply to one request, or nothing if it was none.
fn answer(text: &str, name: u64, outbox: &mpsc::Sender<Message>, hub: &Hub) -> Option<Message> {
    let envelope: Envelope<'_> = serde_json::from_str(text).ok()?;
    let id = envelope.id?.get();
    let params = envelope
        .params
        .and_then(|params| serde_json::from_str::<Params<'_>>(params.get()).ok());
    let value = params
        .and_then(|params| params.value)
        .map_or("null", RawValue::get);
    match envelope.method.as_ref() {
        "bench.subscribe" => hub.subscribers.lock().push((name, outbox.clone())),
        "bench.publish" => {
            let event = format!(r#"{{"jsonrpc":"2.0","method":"bench.fanout","params":{value}}}"#);
            hub.publish(&Message::text(event));
        }
        _ => {}
    }
    Some(Message::text(format!(
        r#"{{"jsonrpc":"2.0","id":{id},"result":{value}}}"#
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<String> {
        let (outbox, _queue) = mpsc::channel(1);
        let reply = answer(text, 0, &outbox, &Hub::default())?;
        Some(reply.into_text().unwrap().as_str().to_owned())
    }

    #[test]
    fn the_value_comes_back_with_the_id_as_it_was() {
        let reply =
            asked(r#"{"jsonrpc":"2.0","id":"a\"b","method":"x","params":{"value":[1, 2]}}"#);
        assert_eq!(
            reply.unwrap(),
            r#"{"jsonrpc":"2.0","id":"a\"b","result":[1, 2]}"#
        );
    }

    #[test]
    fn without_a_value_the_result_is_null() {
        let reply = asked(r#"{"jsonrpc":"2.0","id":7,"method":"x"}"#);
        assert_eq!(reply.unwrap(), r#"{"jsonrpc":"2.0","id":7,"result":null}"#);
    }

    #[test]
    fn what_is_no_request_gets_no_reply() {
        assert!(asked("[]").is_none());
    }

    #[test]
    fn a_published_frame_reaches_the_subscribers_and_a_full_one_is_passed_over() {
        let hub = Hub::default();
        let (full, _kept) = mpsc::channel(1);
        let (live, mut queue) = mpsc::channel(4);
        answer(r#"{"id":1,"method":"bench.subscribe"}"#, 1, &full, &hub).unwrap();
        answer(r#"{"id":1,"method":"bench.subscribe"}"#, 2, &live, &hub).unwrap();
        for _ in 0..2 {
            answer(
                r#"{"id":2,"method":"bench.publish","params":{"value":{}}}"#,
                3,
                &live,
                &hub,
            )
            .unwrap();
        }
        let event = queue.try_recv().unwrap().into_text().unwrap();
        assert_eq!(
            event.as_str(),
            r#"{"jsonrpc":"2.0","method":"bench.fanout","params":{}}"#
        );
        assert!(queue.try_recv().is_ok() && queue.try_recv().is_err());
    }
}
