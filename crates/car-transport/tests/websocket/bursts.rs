//! What many connections are sent alike goes past the library, and between what goes through it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use car_state::frame::Burst;
use car_state::sink::FrameQueue;
use car_transport::websocket::{Role, over};
use car_transport::{BoxSink, BoxSource, ByteString, CloseReason, Frame, SinkError, close, source};
use futures_util::{SinkExt as _, StreamExt as _};
use proptest::prelude::*;
use tokio::io::duplex;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role as PeerRole;

use super::{config, finish, flush};

/// What a writer has.
#[derive(Clone, Debug)]
enum Item {
    Frame(String),
    /// A frame that goes through the library.
    Binary(String),
    Burst(Vec<String>),
    /// The writer hands over what it has started.
    Flush,
}

impl Item {
    fn texts(&self) -> Vec<String> {
        match self {
            Self::Frame(text) | Self::Binary(text) => vec![text.clone()],
            Self::Burst(texts) => texts.clone(),
            Self::Flush => Vec::new(),
        }
    }
}

/// A queue that may have bursts in it.
struct Queue {
    frames: VecDeque<Frame>,
    burst: Option<Arc<Burst>>,
    /// How many bursts were taken as they are.
    whole: usize,
}

impl Queue {
    fn of(item: &Item) -> Self {
        let texts = item.texts().into_iter().map(ByteString::from);
        let (frames, burst) = match item {
            Item::Burst(_) => (VecDeque::new(), Some(Arc::new(Burst::new(texts.collect())))),
            Item::Binary(text) => (VecDeque::from([Frame::Binary(text.clone().into())]), None),
            _ => (texts.map(Frame::Text).collect(), None),
        };
        Self {
            frames,
            burst,
            whole: 0,
        }
    }
}

impl FrameQueue for Queue {
    fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.burst.is_none()
    }

    fn pop(&mut self) -> Option<Frame> {
        if let Some(burst) = self.burst.take() {
            let texts = burst.texts().iter().cloned();
            self.frames.extend(texts.map(Frame::Text));
        }
        self.frames.pop_front()
    }

    fn pop_burst(&mut self) -> Option<Arc<Burst>> {
        let burst = self.burst.take()?;
        self.whole += 1;
        Some(burst)
    }
}

/// Writes all of it and closes; answers how many bursts were sent as they are.
async fn write(mut sink: BoxSink, items: Vec<Item>) -> usize {
    let mut whole = 0;
    for item in &items {
        if matches!(item, Item::Flush) {
            flush(&mut sink).await.unwrap();
            continue;
        }
        let mut queue = Queue::of(item);
        poll_fn(|cx| sink.as_mut().poll_send_all(cx, &mut queue))
            .await
            .unwrap();
        whole += queue.whole;
    }
    finish(&mut sink).await.unwrap();
    whole
}

/// Reads until the peer is gone; answers how many pings came.
async fn count_pings(mut source: BoxSource) -> usize {
    let mut pings = 0;
    while let Some(Ok(frame)) = source::next(&mut source).await {
        pings += usize::from(matches!(frame, Frame::Ping(_)));
    }
    pings
}

/// What another implementation read.
struct Passed {
    texts: Vec<String>,
    pongs: usize,
    /// What this side saw meanwhile, and how many bursts it sent as they are.
    pings: usize,
    whole: usize,
}

/// Passes all of it through a socket that takes so many bytes at a time. The peer sends a ping after each message, if it
/// is to.
async fn pass(role: Role, items: &[Item], narrow: usize, ping: bool) -> Passed {
    let (near, far) = duplex(narrow);
    let (sink, source) = over(near, Bytes::new(), &config(role)).await;
    // In tasks of their own, so that nobody is woken for somebody else.
    let (mut writing, mut reading) = (JoinSet::new(), JoinSet::new());
    writing.spawn(write(sink, items.to_vec()));
    reading.spawn(count_pings(source));
    let peer_role = match role {
        Role::Server => PeerRole::Client,
        Role::Client => PeerRole::Server,
    };
    let mut peer = WebSocketStream::from_raw_socket(far, peer_role, None).await;
    let (mut texts, mut pongs) = (Vec::new(), 0);
    while let Some(Ok(message)) = peer.next().await {
        match message {
            Message::Text(text) => {
                texts.push(text.to_string());
                if ping {
                    // It may have been closed meanwhile.
                    let _ = peer
                        .send(Message::Ping(Bytes::from_static(b"there?")))
                        .await;
                }
            }
            Message::Binary(bytes) => texts.push(String::from_utf8_lossy(&bytes).into_owned()),
            Message::Pong(_) => pongs += 1,
            _ => {}
        }
    }
    drop(peer);
    Passed {
        texts,
        pongs,
        whole: writing.join_next().await.unwrap().unwrap(),
        pings: reading.join_next().await.unwrap().unwrap(),
    }
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let length = prop_oneof![4 => 0..200_usize, 1 => 200..70_000_usize];
    let text = length.prop_map(|length| "x".repeat(length));
    let item = prop_oneof![
        3 => prop::collection::vec(text.clone(), 1..5).prop_map(Item::Burst),
        2 => text.clone().prop_map(Item::Frame),
        1 => text.prop_map(Item::Binary),
        1 => Just(Item::Flush),
    ];
    prop::collection::vec(item, 0..12)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let limit = Duration::from_secs(60);
        tokio::time::timeout(limit, future).await.unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn everything_comes_whole_and_in_order(
        items in items(),
        narrow in prop_oneof![1..64_usize, 64..100_000_usize],
        ping in any::<bool>(),
        role in prop_oneof![4 => Just(Role::Server), 1 => Just(Role::Client)],
    ) {
        let passed = block_on(pass(role, &items, narrow, ping));
        let wanted: Vec<_> = items.iter().flat_map(Item::texts).collect();
        prop_assert_eq!(passed.texts.len(), wanted.len());
        prop_assert!(passed.texts == wanted);
        prop_assert!(passed.pongs <= passed.pings);
        prop_assert!(role == Role::Server || passed.whole == 0, "its frames are masked");
    }
}

#[test]
fn a_burst_goes_as_it_is_unless_the_library_has_something_to_flush() {
    let burst = || Item::Burst(vec!["one".to_owned(), "two".to_owned()]);
    let frame = || Item::Frame("alone".to_owned());
    let binary = || Item::Binary("another".to_owned());
    for (items, whole) in [
        (vec![burst(), burst(), burst()], 3),
        (vec![frame(), burst(), frame(), burst()], 2),
        (vec![binary(), burst(), Item::Flush, burst()], 1),
        (vec![burst(), binary(), frame(), burst()], 1),
    ] {
        let passed = block_on(pass(Role::Server, &items, 7, false));
        assert_eq!(passed.whole, whole, "{items:?}");
        let wanted: Vec<_> = items.iter().flat_map(Item::texts).collect();
        assert_eq!(passed.texts, wanted);
    }
}

#[test]
fn behind_a_close_no_burst_is_sent() {
    block_on(async {
        let (near, _far) = duplex(1 << 10);
        let (mut sink, _source) = over(near, Bytes::new(), &config(Role::Server)).await;
        let reason = CloseReason::new(close::NORMAL, "");
        super::start(&mut sink, Frame::Close(Some(reason)))
            .await
            .unwrap();
        let mut queue = Queue::of(&Item::Burst(vec!["late".to_owned()]));
        let sent = poll_fn(|cx| sink.as_mut().poll_send_all(cx, &mut queue)).await;
        assert!(matches!(sent, Err(SinkError::Closed)), "{sent:?}");
        assert_eq!(queue.whole, 0);
    });
}
