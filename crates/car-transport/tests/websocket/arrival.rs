//! However the bytes arrive, they mean the same.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use car_transport::Frame;
use car_transport::websocket::{Role, over};
use futures_util::FutureExt as _;
use proptest::prelude::*;
use tokio::io::{AsyncRead, ReadBuf};

use super::config;
use super::wire::frame;

/// Gives its bytes in pieces of the given lengths, over and over, and has nothing to give between two pieces.
struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    lengths: Vec<usize>,
    turn: usize,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.turn += 1;
        if self.turn.is_multiple_of(2) {
            return Poll::Pending;
        }
        let piece = self.lengths[self.turn / 2 % self.lengths.len()];
        let end = (self.at + piece.min(buf.remaining())).min(self.bytes.len());
        buf.put_slice(&self.bytes[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

fn frames(bytes: Vec<u8>, lengths: Vec<usize>, read_buffer: usize) -> (Vec<Frame>, Option<String>) {
    let mut config = config(Role::Server);
    config.read_buffer = read_buffer;
    let io = Pieces {
        bytes,
        at: 0,
        lengths,
        turn: 0,
    };
    let io = tokio::io::join(io, tokio::io::sink());
    let (mut sink, mut source) = over(io, Bytes::new(), &config).now_or_never().unwrap();
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut frames = Vec::new();
    loop {
        match source.as_mut().poll_next(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => frames.push(frame),
            Poll::Ready(Some(Err(error))) => return (frames, Some(error.to_string())),
            Poll::Ready(None) => return (frames, None),
            Poll::Pending => {
                // What it answers by itself is written, so that it can come to rest.
                let _ = sink.as_mut().poll_flush(&mut cx);
            }
        }
    }
}

fn wire_frame() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![
        Just(0x0_u8),
        Just(0x1),
        Just(0x2),
        Just(0x2),
        Just(0x9),
        Just(0xA),
        Just(0x8)
    ];
    let len = prop_oneof![
        0..20_usize,
        100..140_usize,
        3_000..5_000_usize,
        9_000..20_000_usize
    ];
    (opcode, any::<bool>(), len, any::<u8>()).prop_map(|(opcode, fin, len, fill)| {
        frame(opcode | if fin { 0x80 } else { 0 }, &vec![fill % 128; len])
    })
}

proptest! {
    #[test]
    fn how_the_bytes_arrive_makes_no_difference(
        wire in proptest::collection::vec(wire_frame(), 1..12),
        noise in proptest::collection::vec(any::<u8>(), 0..20),
        lengths in proptest::collection::vec(1..12_000_usize, 1..6),
        read_buffer in 1..8_000_usize,
    ) {
        let bytes = [wire.concat(), noise].concat();
        let at_once = frames(bytes.clone(), vec![usize::MAX], 4_096);
        let in_pieces = frames(bytes, lengths, read_buffer);
        prop_assert_eq!(in_pieces, at_once);
    }

    #[test]
    fn noise_does_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        frames(bytes, vec![7], 4_096);
    }
}
