//! Frames to bytes and back, over streams in memory, against ourselves and against another implementation.
#![expect(
    clippy::unwrap_used,
    reason = "a test may panic, and so may what it calls"
)]

mod arrival;
mod bursts;
mod wire;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use car_transport::websocket::{Config, Role, over};
use car_transport::{
    BoxSink, BoxSource, CloseReason, Frame, Limits, SinkError, SourceError, close, source,
};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{
    AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex,
};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role as PeerRole};

use self::wire::frame;

const MAX: usize = 1 << 20;

fn config(role: Role) -> Config {
    let limits = Limits::default();
    let config = match role {
        Role::Server => Config::server(&limits),
        Role::Client => Config::client(&limits),
    };
    config.with_max_message(MAX)
}

async fn pair() -> ((BoxSink, BoxSource), (BoxSink, BoxSource)) {
    let (near, far) = duplex(8 << 10);
    (
        over(near, Bytes::new(), &config(Role::Server)).await,
        over(far, Bytes::new(), &config(Role::Client)).await,
    )
}

async fn start(sink: &mut BoxSink, frame: Frame) -> Result<(), SinkError> {
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await?;
    sink.as_mut().start_send(frame)
}

async fn flush(sink: &mut BoxSink) -> Result<(), SinkError> {
    poll_fn(|cx| sink.as_mut().poll_flush(cx)).await
}

async fn finish(sink: &mut BoxSink) -> Result<(), SinkError> {
    poll_fn(|cx| sink.as_mut().poll_close(cx)).await
}

async fn send(sink: &mut BoxSink, frames: impl IntoIterator<Item = Frame>) {
    for frame in frames {
        start(sink, frame).await.unwrap();
    }
    flush(sink).await.unwrap();
}

async fn read(source: &mut BoxSource) -> Frame {
    source::next(source).await.unwrap().unwrap()
}

fn text(len: usize) -> Frame {
    Frame::Text("é".repeat(len / 2).into())
}

fn samples() -> Vec<Frame> {
    let mut frames = vec![Frame::Text("".into()), Frame::Binary(Bytes::new())];
    for len in [
        2, 124, 126, 3_000, 4_096, 4_098, 16_384, 65_534, 65_538, 200_000,
    ] {
        frames.push(text(len));
        frames.push(Frame::Binary(vec![0xA5; len + 1].into()));
    }
    frames
}

#[tokio::test]
async fn every_frame_survives_both_ways() {
    let ((mut server_sink, mut server_source), (mut client_sink, mut client_source)) = pair().await;
    for (sink, source) in [
        (&mut server_sink, &mut client_source),
        (&mut client_sink, &mut server_source),
    ] {
        let write = send(sink, samples());
        let read = async {
            for expected in samples() {
                assert_eq!(read(source).await, expected);
            }
        };
        tokio::join!(write, read);
    }
}

#[tokio::test]
async fn another_implementation_reads_what_we_write_and_we_read_what_it_writes() {
    for role in [Role::Server, Role::Client] {
        let (near, far) = duplex(8 << 10);
        let (mut sink, mut source) = over(near, Bytes::new(), &config(role)).await;
        let peer_role = match role {
            Role::Server => PeerRole::Client,
            Role::Client => PeerRole::Server,
        };
        let mut peer = WebSocketStream::from_raw_socket(far, peer_role, None).await;
        let echo = async move {
            while let Some(Ok(message)) = peer.next().await {
                if message.is_text() || message.is_binary() {
                    peer.send(message).await.unwrap();
                }
            }
        };
        let data = || {
            samples()
                .into_iter()
                .filter(|frame| matches!(frame, Frame::Text(_) | Frame::Binary(_)))
        };
        let ours = async {
            for frame in data() {
                send(&mut sink, [frame.clone()]).await;
                assert_eq!(read(&mut source).await, frame);
            }
            send(&mut sink, [Frame::Ping(Bytes::from_static(b"there?"))]).await;
            assert_eq!(
                read(&mut source).await,
                Frame::Pong(Bytes::from_static(b"there?"))
            );
            let reason = CloseReason::new(close::GOING_AWAY, "enough");
            send(&mut sink, [Frame::Close(Some(reason.clone()))]).await;
            assert_eq!(read(&mut source).await, Frame::Close(Some(reason)));
            finish(&mut sink).await.unwrap();
            assert!(source::next(&mut source).await.is_none());
        };
        tokio::join!(echo, ours);
    }
}

#[tokio::test]
async fn the_close_of_another_implementation_is_read_with_its_reason() {
    let (near, far) = duplex(4 << 10);
    let (_sink, mut source) = over(near, Bytes::new(), &config(Role::Server)).await;
    let mut peer = WebSocketStream::from_raw_socket(far, PeerRole::Client, None).await;
    let frame = CloseFrame {
        code: 4_000.into(),
        reason: "own code".into(),
    };
    peer.send(Message::Close(Some(frame))).await.unwrap();
    assert_eq!(
        read(&mut source).await,
        Frame::Close(Some(CloseReason::new(4_000, "own code")))
    );
    drop(peer);
    assert!(source::next(&mut source).await.is_none());
}

/// The frames that come of these bytes, and how it ends.
async fn decode(bytes: &[u8]) -> (Vec<Frame>, Option<SourceError>) {
    let io = tokio::io::join(io::Cursor::new(bytes.to_vec()), tokio::io::sink());
    let (_sink, mut source) = over(io, Bytes::new(), &config(Role::Server)).await;
    let mut frames = Vec::new();
    while let Some(next) = source::next(&mut source).await {
        match next {
            Ok(frame) => frames.push(frame),
            Err(error) => {
                assert!(
                    source::next(&mut source).await.is_none(),
                    "an error comes once"
                );
                return (frames, Some(error));
            }
        }
    }
    (frames, None)
}

async fn code(bytes: &[u8]) -> Option<u16> {
    decode(bytes)
        .await
        .1
        .and_then(|error| error.close_reason())
        .map(|reason| reason.code)
}

#[tokio::test]
async fn what_breaks_the_protocol_is_answered_with_1002() {
    let unmasked = vec![0x81, 0x01, b'a'];
    let long_ping = frame(0x89, &[0; 126]);
    let cases = [
        ("reserved bit", frame(0xC1, b"a")),
        ("opcode 3", frame(0x83, b"a")),
        ("opcode 11", frame(0x8B, b"a")),
        ("unmasked", unmasked),
        ("fragmented ping", frame(0x09, b"a")),
        ("long ping", long_ping),
        ("continuation of nothing", frame(0x80, b"a")),
        (
            "text within a text",
            [frame(0x01, b"a"), frame(0x81, b"b")].concat(),
        ),
        ("half a close code", frame(0x88, &[3])),
    ];
    for (what, bytes) in cases {
        assert_eq!(code(&bytes).await, Some(close::PROTOCOL), "{what}");
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_is_answered_with_1007() {
    let cases = [
        ("whole", frame(0x81, b"\xff")),
        ("cut character", frame(0x81, b"\xc3")),
        ("surrogate", frame(0x81, b"\xed\xa0\x80")),
        (
            "cut character in fragments",
            [frame(0x01, b"a\xc3"), frame(0x80, b"")].concat(),
        ),
        ("close reason", frame(0x88, b"\x03\xe8\xff")),
        ("long", frame(0x81, &[0xFF; 10_000])),
    ];
    for (what, bytes) in cases {
        assert_eq!(code(&bytes).await, Some(close::INVALID_DATA), "{what}");
    }
}

#[tokio::test]
async fn a_fragment_that_can_never_become_utf8_is_refused_before_the_message_is_whole() {
    // The continuation never comes: a source that waits for it would report a cut.
    assert_eq!(
        code(&frame(0x01, b"fine \xf4\x90")).await,
        Some(close::INVALID_DATA)
    );
}

#[tokio::test]
async fn a_message_may_be_as_long_as_the_limit_and_not_longer() {
    let (frames, error) = decode(&frame(0x82, &vec![1; MAX])).await;
    assert_eq!(frames, [Frame::Binary(vec![1; MAX].into())]);
    assert!(matches!(error, Some(SourceError::Cut)));

    assert_eq!(
        code(&frame(0x82, &vec![1; MAX + 1])).await,
        Some(close::TOO_BIG)
    );
    let in_fragments = [
        frame(0x02, &vec![1; MAX / 2]),
        frame(0x80, &vec![1; MAX / 2 + 1]),
    ]
    .concat();
    assert_eq!(code(&in_fragments).await, Some(close::TOO_BIG));
}

#[tokio::test]
async fn the_header_alone_is_enough_to_refuse_a_long_message() {
    let mut header = vec![0x82, 0xFF];
    header.extend_from_slice(&(1_u64 << 62).to_be_bytes());
    header.extend_from_slice(&[0; 4]);
    assert_eq!(code(&header).await, Some(close::TOO_BIG));
}

#[tokio::test]
async fn the_limit_can_be_raised_between_two_messages() {
    let (near, mut far) = duplex(MAX);
    let mut small = config(Role::Server);
    small.max_message = 4;
    let (_sink, mut source) = over(near, Bytes::new(), &small).await;
    far.write_all(&frame(0x81, b"four")).await.unwrap();
    assert_eq!(read(&mut source).await, Frame::Text("four".into()));
    source.as_mut().set_max_message(100_000);
    far.write_all(&frame(0x82, &vec![7; 100_000]))
        .await
        .unwrap();
    assert_eq!(read(&mut source).await.len(), 100_000);
    far.write_all(&frame(0x82, &vec![7; 100_001]))
        .await
        .unwrap();
    let error = source::next(&mut source).await.unwrap().unwrap_err();
    assert!(matches!(error, SourceError::TooBig { limit: 100_000 }));
}

#[tokio::test]
async fn a_long_message_right_behind_the_one_that_raises_the_limit_is_read() {
    let (near, mut far) = duplex(MAX);
    let mut small = config(Role::Server);
    small.max_message = 4;
    let (_sink, mut source) = over(near, Bytes::new(), &small).await;
    let pipelined = [
        frame(0x81, b"auth"),
        frame(0x81, b"long"),
        frame(0x82, &vec![7; 100_000]),
    ];
    far.write_all(&pipelined.concat()).await.unwrap();
    assert_eq!(read(&mut source).await, Frame::Text("auth".into()));
    source.as_mut().set_max_message(100_000);
    assert_eq!(read(&mut source).await, Frame::Text("long".into()));
    assert_eq!(
        read(&mut source).await,
        Frame::Binary(vec![7; 100_000].into())
    );
}

#[tokio::test]
async fn what_comes_before_a_message_that_is_too_long_is_read() {
    let (frames, error) =
        decode(&[frame(0x81, b"fine"), frame(0x82, &vec![1; MAX + 1])].concat()).await;
    assert_eq!(frames, [Frame::Text("fine".into())]);
    assert!(matches!(error, Some(SourceError::TooBig { limit: MAX })));
}

#[tokio::test]
async fn a_connection_goes_on_after_it_gave_long_buffers_back() {
    let ((mut sink, mut source), (mut peer_sink, mut peer_source)) = pair().await;
    let echo = async {
        while let Some(Ok(frame)) = source::next(&mut source).await {
            send(&mut sink, [frame]).await;
        }
    };
    let ask = async {
        for len in [10, 100_000, 10, 9_000, 300_000, 0, 50] {
            send(&mut peer_sink, [text(len)]).await;
            assert_eq!(read(&mut peer_source).await, text(len));
        }
    };
    tokio::select! {
        () = echo => panic!("the echo ended"),
        () = ask => {}
    }
}

#[tokio::test]
async fn a_ping_between_fragments_is_read_at_once_and_the_message_comes_whole() {
    let bytes = [
        frame(0x01, "h\u{e4}".as_bytes().split_at(2).0),
        frame(0x89, b"!"),
        frame(0x00, "h\u{e4}".as_bytes().split_at(2).1),
        frame(0x80, b""),
    ]
    .concat();
    let (frames, _) = decode(&bytes).await;
    assert_eq!(
        frames,
        [
            Frame::Ping(Bytes::from_static(b"!")),
            Frame::Text("h\u{e4}".into())
        ]
    );
}

#[tokio::test]
async fn after_a_close_frame_the_rest_is_read_and_thrown_away() {
    let bytes = [
        frame(0x88, b""),
        frame(0x81, b"too late"),
        vec![0xFF; 50_000],
    ]
    .concat();
    let (frames, error) = decode(&bytes).await;
    assert_eq!(frames, [Frame::Close(None)]);
    assert!(error.is_none());
}

#[tokio::test]
async fn a_connection_that_ends_without_a_close_frame_was_cut() {
    for bytes in [
        &b""[..],
        &frame(0x81, b"abc")[..4],
        &frame(0x82, &[0; 9_000])[..5_000],
    ] {
        let (frames, error) = decode(bytes).await;
        assert!(frames.is_empty() && matches!(error, Some(SourceError::Cut)));
    }
}

#[tokio::test]
async fn what_came_behind_the_handshake_is_read_first() {
    let (near, mut far) = duplex(64);
    let whole = frame(0x81, b"early bird");
    let (early, late) = whole.split_at(7);
    let (_sink, mut source) =
        over(near, Bytes::copy_from_slice(early), &config(Role::Server)).await;
    far.write_all(late).await.unwrap();
    assert_eq!(read(&mut source).await, Frame::Text("early bird".into()));
}

#[tokio::test]
async fn closing_without_a_reason_says_1000_and_nothing_may_follow() {
    let ((mut sink, _), (_, mut source)) = pair().await;
    start(&mut sink, Frame::Text("last".into())).await.unwrap();
    finish(&mut sink).await.unwrap();
    assert!(matches!(
        start(&mut sink, Frame::Text("more".into())).await,
        Err(SinkError::Closed)
    ));
    finish(&mut sink).await.unwrap();
    assert_eq!(read(&mut source).await, Frame::Text("last".into()));
    assert_eq!(
        read(&mut source).await,
        Frame::Close(Some(CloseReason::new(close::NORMAL, "")))
    );
    assert!(source::next(&mut source).await.is_none());
}

#[tokio::test]
async fn a_control_frame_that_is_too_long_is_not_sent() {
    let ((mut sink, _), (_, mut source)) = pair().await;
    let refused = start(&mut sink, Frame::Ping(vec![0; 126].into())).await;
    assert!(matches!(refused, Err(SinkError::Protocol(_))));
    send(&mut sink, [Frame::Text("goes on".into())]).await;
    assert_eq!(read(&mut source).await, Frame::Text("goes on".into()));
}

#[tokio::test]
async fn nothing_is_written_before_the_threshold_or_a_flush() {
    let (near, mut far) = duplex(1 << 20);
    let (mut sink, _source) = over(near, Bytes::new(), &config(Role::Server)).await;
    let mut written = [0; 32 << 10];
    for _ in 0..10 {
        start(&mut sink, text(1_000)).await.unwrap();
    }
    assert!(
        peek(&mut far, &mut written).is_none(),
        "10 kB are below the threshold"
    );
    for _ in 0..10 {
        start(&mut sink, text(1_000)).await.unwrap();
    }
    let count = peek(&mut far, &mut written).expect("20 kB are above it");
    flush(&mut sink).await.unwrap();
    let rest = far.read(&mut written).await.unwrap();
    assert_eq!(count + rest, 20 * 1_004);
}

/// What can be read at once.
fn peek(stream: &mut DuplexStream, bytes: &mut [u8]) -> Option<usize> {
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut bytes = ReadBuf::new(bytes);
    match Pin::new(stream).poll_read(&mut cx, &mut bytes) {
        Poll::Ready(Ok(())) => Some(bytes.filled().len()),
        _ => None,
    }
}
