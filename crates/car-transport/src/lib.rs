//! Bytes to frames.
//!
//! This crate owns sockets: it listens on TCP and on a Unix socket ([`tcp`], [`uds`]), accepts within a number of
//! permits ([`accept`]), decides about the one WebSocket handshake ([`handshake`]), turns the upgraded bytes into
//! [`Frame`]s and back ([`websocket`]), and dials out ([`connect`]). A pair in memory ([`memory`]) has the same
//! traits. It never looks into a frame, knows no JSON, no method and no session, and starts no task: whoever polls
//! is the task.
//!
//! A connection is a [`Duplex`]: a [`WsSink`] that only its writer calls, a [`WsSource`] that only its reader calls,
//! and the [`Peer`] at the other end. Neither half ever waits for the other: reading goes on while nothing can be
//! written, and the other way round.
//!
//! ```
//! use std::future::poll_fn;
//! use car_transport::{Frame, memory};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let (mut near, mut far) = memory::pair(memory::Options::default());
//! poll_fn(|cx| near.sink.as_mut().poll_ready(cx)).await.unwrap();
//! near.sink.as_mut().start_send(Frame::Text("hello".into())).unwrap();
//! let frame = poll_fn(|cx| far.source.as_mut().poll_next(cx)).await;
//! assert_eq!(frame.unwrap().unwrap(), Frame::Text("hello".into()));
//! # });
//! ```

pub mod accept;
pub mod connect;
mod duplex;
pub mod handshake;
pub mod limits;
pub mod memory;
mod peer;
pub mod roaming;
pub mod source;
pub mod tcp;
#[cfg(unix)]
pub mod uds;
pub mod websocket;

pub use car_state::frame::{ByteString, CloseReason, Frame, close};
pub use car_state::sink::{BoxSink, SinkError, WsSink};

pub use self::duplex::Duplex;
pub use self::limits::Limits;
pub use self::peer::{Peer, PeerAddress};
pub use self::source::{BoxSource, SourceError, WsSource};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
enum Readme {}
