#![expect(clippy::disallowed_methods, reason = "a test owns its tasks")]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use car_protocol::Timestamp;
use car_protocol::jsonrpc::Id;
use car_protocol::rpc::events::Cursor;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::json;

use super::*;
use crate::budget::Holding;
use crate::channel::only_fed;
use crate::frame::close;
use crate::log::{
    Draft, Families, Frames, HOST, Listener, LogError, MemoryLog, Page, Settled, StreamName,
    StreamStats, Tail, Watch,
};
use crate::responder::{Batch, Responder};
use crate::sink::WsSink;

/// What a sink was given, and whether it takes more.
#[derive(Debug, Default)]
struct Tape {
    frames: Vec<String>,
    flushes: usize,
    stuck: bool,
}

struct TapeSink(Arc<Mutex<Tape>>);

impl WsSink for TapeSink {
    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if self.0.lock().stuck {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, frame: Frame) -> Result<(), SinkError> {
        self.0.lock().frames.push(match frame {
            Frame::Text(text) => text.to_string(),
            Frame::Close(reason) => format!("close {:?}", reason.map(|reason| reason.code)),
            other => format!("{other:?}"),
        });
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.0.lock().flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        Poll::Ready(Ok(()))
    }
}

struct Rig {
    channel: Arc<WsChannel>,
    writer: Writer,
    tape: Arc<Mutex<Tape>>,
    log: Arc<MemoryLog>,
}

fn rig() -> Rig {
    let tape = Arc::<Mutex<Tape>>::default();
    let log = Arc::new(MemoryLog::with_epoch(1));
    let sink = Box::pin(TapeSink(Arc::clone(&tape)));
    let (channel, writer) = Writer::new(
        sink,
        OutboxLimits::default(),
        Duration::from_secs(10),
        Arc::<MemoryLog>::clone(&log),
    );
    Rig {
        channel,
        writer,
        tape,
        log,
    }
}

fn publish(log: &MemoryLog, n: u64) {
    let draft = Draft::new("n", Timestamp::UNIX_EPOCH, &json!({ "n": n })).unwrap();
    log.append(&StreamName::single(&HOST), draft).unwrap();
}

async fn request(channel: &Arc<WsChannel>, id: i64) -> Responder {
    Responder::request(Id::integer(id), channel.admit().await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn all_that_is_ready_is_written_with_one_flush() {
    let Rig {
        channel,
        writer,
        tape,
        ..
    } = rig();
    for id in 0..10 {
        request(&channel, id).await.ok(&id);
    }
    channel.close(None);
    writer.run().await.unwrap();
    let tape = tape.lock();
    assert_eq!((tape.frames.len(), tape.flushes), (11, 1));
    assert_eq!(tape.frames[3], r#"{"jsonrpc":"2.0","result":3,"id":3}"#);
}

#[tokio::test(start_paused = true)]
async fn a_responder_that_is_dropped_answers() {
    let Rig {
        channel,
        writer,
        tape,
        ..
    } = rig();
    drop(request(&channel, 7).await);
    drop(Responder::notification(Some(
        channel.admit().await.unwrap(),
    )));
    assert_eq!(channel.requests(), 1);
    channel.close(None);
    writer.run().await.unwrap();
    assert_eq!(channel.requests(), 0);
    assert!(tape.lock().frames[0].contains("-32603"));
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_one_frame_when_its_last_answer_is_there() {
    let Rig {
        channel,
        writer,
        tape,
        ..
    } = rig();
    let batch = Batch::open(&channel);
    let first = Responder::batched(Id::integer(1), &batch, Some(channel.admit().await.unwrap()));
    let refused = Responder::batched(Id::integer(2), &batch, None);
    batch.seal();
    refused.error(&car_protocol::RpcError::internal());
    first.ok("one");
    channel.close(None);
    writer.run().await.unwrap();
    let tape = tape.lock();
    assert_eq!(tape.frames.len(), 2);
    assert!(tape.frames[0].starts_with("[{") && tape.frames[0].contains(r#""result":"one""#));
    assert_eq!(channel.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_notifications_is_answered_by_nothing() {
    let Rig {
        channel,
        writer,
        tape,
        ..
    } = rig();
    Batch::open(&channel).seal();
    channel.close(None);
    writer.run().await.unwrap();
    assert_eq!(tape.lock().frames, ["close None"]);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_begins_after_its_cursor_and_the_fast_lane_goes_first() {
    let Rig {
        channel,
        writer,
        tape,
        log,
    } = rig();
    publish(&log, 1);
    let cursor = log.head(&StreamName::single(&HOST));
    let subscription = channel
        .subscribe(StreamName::single(&HOST), cursor)
        .unwrap();
    publish(&log, 2);
    channel.send(Frame::Ping(Bytes::new())).unwrap();
    let running = tokio::spawn(writer.run());
    tokio::task::yield_now().await;
    publish(&log, 3);
    tokio::task::yield_now().await;
    drop(subscription);
    tokio::task::yield_now().await;
    publish(&log, 4);
    channel.close(None);
    running.await.unwrap().unwrap();
    let tape = tape.lock();
    let seqs: Vec<u64> = (2..=3).collect();
    assert!(tape.frames[0].starts_with("Ping"));
    for (frame, seq) in tape.frames[1..].iter().zip(seqs) {
        assert!(frame.ends_with(&format!(r#""seq":{seq}}}}}"#)), "{frame}");
    }
    assert_eq!(tape.frames.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_retention_took_is_told_with_its_numbers() {
    let Rig {
        channel,
        writer,
        tape,
        log,
    } = rig();
    let cursor = log.head(&StreamName::single(&HOST));
    let _subscription = channel
        .subscribe(StreamName::single(&HOST), cursor)
        .unwrap();
    for n in 0..600 {
        publish(&log, n);
    }
    let running = tokio::spawn(writer.run());
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    channel.close(None);
    running.await.unwrap().unwrap();
    let tape = tape.lock();
    let notice: serde_json::Value = serde_json::from_str(&tape.frames[0]).unwrap();
    let told =
        json!({ "stream": "host", "epoch": 1, "from_seq": 1, "to_seq": 100, "skipped": 100 });
    assert_eq!(notice["params"], told);
    assert_eq!(tape.frames.len(), 1 + 500 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up() {
    let Rig {
        channel,
        writer,
        tape,
        ..
    } = rig();
    tape.lock().stuck = true;
    request(&channel, 1).await.ok("never read");
    let ended = writer.run().await;
    assert!(matches!(ended, Err(WriterError::Stuck(after)) if after == Duration::from_secs(10)));
    assert!(channel.closed().is_cancelled() && !channel.is_open());
}

#[tokio::test(start_paused = true)]
async fn reading_stops_while_replies_are_unwritten_and_goes_on_after() {
    let Rig {
        channel,
        writer,
        tape,
        ..
    } = rig();
    for id in 0..256 {
        request(&channel, id).await.ok(&id);
    }
    let mut admission = Box::pin(channel.admit());
    assert!(futures_util::poll!(&mut admission).is_pending());
    let running = tokio::spawn(writer.run());
    drop(admission.await.unwrap());
    channel.close(Some(CloseReason::new(close::NORMAL, "")));
    running.await.unwrap().unwrap();
    assert_eq!(tape.lock().frames.len(), 257);
}

/// A stream of which memory holds nothing, and storage ten, of which it gives away three at a time.
#[derive(Debug)]
struct Shelf;

impl Tail for Shelf {
    fn read(&self, after: Cursor, _: usize, _: &mut VecDeque<ByteString>) -> Result<u64, LogError> {
        let hot = Cursor { seq: 10, ..after };
        Err(LogError::Cold { hot })
    }

    fn fetch(&self, after: Cursor, _: usize) -> BoxFuture<'static, Result<Frames, LogError>> {
        let first = after.seq.max(4) + 1;
        let frames = (first..first + 3).map(|seq| format!("{seq}").into());
        let page = Frames {
            frames: frames.collect(),
            missed: first - 1 - after.seq,
        };
        async move {
            tokio::task::yield_now().await;
            Ok(page)
        }
        .boxed()
    }
}

/// A log whose one stream is on the shelf.
#[derive(Debug)]
struct ShelfLog(MemoryLog);

impl EventLog for ShelfLog {
    fn families(&self) -> &Families {
        self.0.families()
    }

    fn append(&self, stream: &StreamName, draft: Draft) -> Result<Cursor, LogError> {
        self.0.append(stream, draft)
    }

    fn settled(&self, stream: &StreamName, at: Cursor) -> Settled {
        self.0.settled(stream, at)
    }

    fn read(&self, stream: &StreamName, after: Option<Cursor>, n: usize) -> Result<Page, LogError> {
        self.0.read(stream, after, n)
    }

    fn head(&self, stream: &StreamName) -> Cursor {
        self.0.head(stream)
    }

    fn oldest(&self, stream: &StreamName) -> Cursor {
        self.0.oldest(stream)
    }

    fn stats(&self, stream: &StreamName) -> StreamStats {
        self.0.stats(stream)
    }

    fn truncate(&self, stream: &StreamName, keep: u64) -> StreamStats {
        self.0.truncate(stream, keep)
    }

    fn remove(&self, stream: &StreamName) {
        self.0.remove(stream);
    }

    fn watch(&self, _: &StreamName, _: Arc<dyn Listener>) -> Result<Watch, LogError> {
        Ok(Watch::new(
            Arc::new(AtomicU64::new(10)),
            Arc::new(Shelf),
            || {},
        ))
    }

    fn streams(&self) -> usize {
        self.0.streams()
    }

    fn names(&self) -> Vec<StreamName> {
        self.0.names()
    }
}

#[tokio::test(start_paused = true)]
async fn what_memory_no_longer_holds_comes_from_storage_without_a_gap() {
    for turn_bytes in [1, 2, 4_096] {
        let tape = Arc::<Mutex<Tape>>::default();
        let limits = OutboxLimits {
            turn_bytes,
            ..OutboxLimits::default()
        };
        let (channel, writer) = Writer::new(
            Box::pin(TapeSink(Arc::clone(&tape))),
            limits,
            Duration::from_secs(10),
            Arc::new(ShelfLog(MemoryLog::with_epoch(1))),
        );
        let start = Cursor { epoch: 1, seq: 0 };
        let _subscription = channel.subscribe(StreamName::single(&HOST), start).unwrap();
        let running = tokio::spawn(writer.run());
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        channel.close(None);
        running.await.unwrap().unwrap();
        let tape = tape.lock();
        assert!(tape.frames[0].contains(r#""from_seq":1,"to_seq":4,"skipped":4"#));
        assert_eq!(tape.frames[1..7], ["5", "6", "7", "8", "9", "10"]);
        assert_eq!(tape.frames.len(), 8);
    }
}

/// What came from storage is there alone, so it is counted and kept; who is asked for it reads it again.
#[tokio::test(start_paused = true)]
async fn a_page_from_storage_is_given_back_when_memory_is_short_and_nothing_is_lost() {
    let tape = Arc::<Mutex<Tape>>::default();
    let budget = Arc::<MemoryBudget>::default();
    let (channel, writer) = Writer::counted(
        Box::pin(TapeSink(Arc::clone(&tape))),
        OutboxLimits::default(),
        Duration::from_secs(10),
        Arc::new(ShelfLog(MemoryLog::with_epoch(1))),
        Arc::default(),
        &budget,
    );
    let start = Cursor { epoch: 1, seq: 0 };
    let _subscription = channel.subscribe(StreamName::single(&HOST), start).unwrap();
    tape.lock().stuck = true;
    let running = tokio::spawn(writer.run());
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert!(channel.bulk_bytes() > 0 && budget.outboxes() >= channel.bulk_bytes());
    channel.ask_back();
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert_eq!(channel.holding(), (Holding::default(), 0));
    // The socket goes on, and with it the stream, from where it was.
    tape.lock().stuck = false;
    channel.ask_back();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    channel.close(None);
    running.await.unwrap().unwrap();
    let tape = tape.lock();
    assert!(tape.frames[0].contains(r#""from_seq":1,"to_seq":4,"skipped":4"#));
    assert_eq!(tape.frames[1..7], ["5", "6", "7", "8", "9", "10"]);
    drop(channel);
    assert_eq!(budget.held(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_shed_frees_its_memory_at_once_and_tells_why() {
    let Rig {
        channel,
        writer,
        tape,
        ..
    } = rig();
    tape.lock().stuck = true;
    for id in 0..4 {
        request(&channel, id).await.ok(&"x".repeat(10_000));
    }
    let running = tokio::spawn(writer.run());
    tokio::task::yield_now().await;
    for id in 4..8 {
        request(&channel, id).await.ok(&"x".repeat(10_000));
    }
    assert!(channel.depth().bytes > 80_000);
    channel.shed();
    assert!(channel.depth().bytes < 50_000, "what was queued is gone");
    tape.lock().stuck = false;
    let ended = running.await.unwrap();
    assert!(matches!(ended, Err(WriterError::Shed)));
    assert_eq!((channel.depth().bytes, channel.requests()), (0, 0));
    assert_eq!(tape.lock().frames.last().unwrap(), "close Some(1013)");
}

#[tokio::test]
async fn the_reader_of_a_connection_that_is_only_fed_is_passed_over_unless_it_has_lost_its_session()
{
    let Rig { channel, .. } = rig();
    let mut polls = 0;
    let reading = poll_fn(|_| {
        polls += 1;
        Poll::<()>::Pending
    });
    let mut reading = Box::pin(channel.before_writer(reading));
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut turn = || assert!(reading.as_mut().poll(&mut cx).is_pending());
    only_fed(&mut turn);
    turn();
    channel.fence();
    only_fed(&mut turn);
    drop(reading);
    assert_eq!(polls, 2);
}
