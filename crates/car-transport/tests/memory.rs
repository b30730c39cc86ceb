//! The pair in memory behaves as a socket, under a clock that stands still.

use std::future::poll_fn;
use std::time::Duration;

use car_transport::memory::{Options, pair};
use car_transport::{BoxSink, CloseReason, Frame, SinkError, SourceError, close, source};
use tokio::time::timeout;

fn options(frames: usize) -> Options {
    Options {
        frames,
        ..Options::default()
    }
}

async fn send(sink: &mut BoxSink, text: &str) -> Result<(), SinkError> {
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await?;
    sink.as_mut().start_send(Frame::Text(text.into()))?;
    poll_fn(|cx| sink.as_mut().poll_flush(cx)).await
}

async fn finish(sink: &mut BoxSink) -> Result<(), SinkError> {
    poll_fn(|cx| sink.as_mut().poll_close(cx)).await
}

#[tokio::test(start_paused = true)]
async fn frames_come_in_order_in_both_directions() {
    let (mut near, mut far) = pair(options(2));
    for (sink, source) in [
        (&mut near.sink, &mut far.source),
        (&mut far.sink, &mut near.source),
    ] {
        let write = async {
            for n in 0..10 {
                send(sink, &n.to_string()).await.unwrap();
            }
        };
        let read = async {
            for n in 0..10 {
                let frame = source::next(source).await.unwrap().unwrap();
                assert_eq!(frame, Frame::Text(n.to_string().into()));
            }
        };
        tokio::join!(write, read);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_is_not_ready_while_its_queue_is_full() {
    let (mut near, mut far) = pair(options(2));
    send(&mut near.sink, "1").await.unwrap();
    send(&mut near.sink, "2").await.unwrap();
    let blocked = timeout(Duration::from_secs(3_600), send(&mut near.sink, "3")).await;
    assert!(blocked.is_err(), "nobody reads");
    source::next(&mut far.source).await.unwrap().unwrap();
    send(&mut near.sink, "3").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_closed_sink_ends_the_other_source_after_its_reason() {
    let (mut near, mut far) = pair(options(4));
    send(&mut near.sink, "last").await.unwrap();
    finish(&mut near.sink).await.unwrap();
    assert!(matches!(
        send(&mut near.sink, "more").await,
        Err(SinkError::Closed)
    ));
    finish(&mut near.sink).await.unwrap();
    assert_eq!(
        source::next(&mut far.source).await.unwrap().unwrap(),
        Frame::Text("last".into())
    );
    let reason = CloseReason::new(close::NORMAL, "");
    assert_eq!(
        source::next(&mut far.source).await.unwrap().unwrap(),
        Frame::Close(Some(reason))
    );
    assert!(source::next(&mut far.source).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_sink_cuts_the_other_source_off() {
    let (near, mut far) = pair(options(4));
    drop(near.sink);
    assert!(matches!(
        source::next(&mut far.source).await,
        Some(Err(SourceError::Cut))
    ));
    assert!(source::next(&mut far.source).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_source_refuses_the_other_sink_even_while_it_waits() {
    let (mut near, far) = pair(options(1));
    send(&mut near.sink, "fits").await.unwrap();
    let (refused, ()) = tokio::join!(send(&mut near.sink, "waits"), async { drop(far.source) });
    assert!(matches!(refused, Err(SinkError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn a_long_message_is_an_error_and_the_rest_is_thrown_away() {
    let (mut near, mut far) = pair(Options {
        max_message: 4,
        ..options(8)
    });
    far.source.as_mut().set_max_message(5);
    for text in ["12345", "123456", "1"] {
        send(&mut near.sink, text).await.unwrap();
    }
    drop(near.sink);
    assert_eq!(
        source::next(&mut far.source).await.unwrap().unwrap().len(),
        5
    );
    let error = source::next(&mut far.source).await.unwrap().unwrap_err();
    assert_eq!(error.close_reason().unwrap().code, close::TOO_BIG);
    assert!(source::next(&mut far.source).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn draining_gives_up_at_its_deadline() {
    let (near, mut far) = pair(options(1));
    assert!(!source::drain(&mut far.source, Duration::from_secs(2)).await);
    drop(near);
    assert!(source::drain(&mut far.source, Duration::from_secs(2)).await);
}
