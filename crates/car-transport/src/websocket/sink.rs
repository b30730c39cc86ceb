use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use car_state::frame::{CloseReason, Frame, close};
use car_state::sink::{SinkError, WsSink};
use tokio::io::AsyncWrite;

use super::config::{Config, Role};
use super::header::{Header, MAX_CONTROL, MAX_HEADER, Opcode};
use super::mask::{self, Masks};

/// A write buffer up to this length stays for the next batch; a longer one is given back when it is empty.
const KEPT: usize = 4 << 10;

/// The write half: frames to bytes.
///
/// Frames are collected up to the threshold, so that a batch costs one system call. A frame of a server that is as
/// long as the threshold is not copied: it goes out behind its header from where it is. Closing without a
/// [`Frame::Close`] sends one with code 1000.
pub struct Sink<W> {
    io: W,
    /// Bytes to write; those before `written` are.
    out: Vec<u8>,
    written: usize,
    /// The payload that comes after `out`. While it is there, nothing is appended.
    body: Bytes,
    threshold: usize,
    masks: Option<Box<Masks>>,
    /// A close frame was started; nothing may follow it.
    closing: bool,
}

impl<W> Sink<W> {
    /// A sink over the write half of a stream whose handshake is done.
    pub fn new(io: W, config: &Config) -> Self {
        Self {
            io,
            out: Vec::new(),
            written: 0,
            body: Bytes::new(),
            threshold: config.write_threshold,
            masks: (config.role == Role::Client).then(|| Box::new(Masks::new())),
            closing: false,
        }
    }

    fn put(&mut self, opcode: Opcode, payload: Bytes) -> Result<(), SinkError> {
        if opcode.is_control() && payload.len() > MAX_CONTROL {
            return Err(SinkError::Protocol(format!(
                "a control frame has at most {MAX_CONTROL} bytes, not {}",
                payload.len()
            )));
        }
        let mask = match &mut self.masks {
            Some(masks) => Some(masks.next().map_err(io::Error::other)?),
            None => None,
        };
        if mask.is_none() && payload.len() >= self.threshold {
            self.reserve(MAX_HEADER);
            Header::put(&mut self.out, opcode, payload.len(), None);
            self.body = payload;
            return Ok(());
        }
        self.reserve(MAX_HEADER + payload.len());
        Header::put(&mut self.out, opcode, payload.len(), mask);
        let start = self.out.len();
        self.out.extend_from_slice(&payload);
        if let Some(mask) = mask {
            mask::apply(&mut self.out[start..], mask, 0);
        }
        Ok(())
    }

    /// Room for so many bytes more. What outgrows the kept length goes to the length of a full batch at once.
    fn reserve(&mut self, more: usize) {
        let need = self.out.len() + more;
        if need > self.out.capacity() && need > KEPT {
            let whole = need.max(self.threshold + KEPT);
            self.out.reserve_exact(whole - self.out.len());
        } else {
            self.out.reserve(more);
        }
    }

    fn is_empty(&self) -> bool {
        self.out.is_empty() && self.body.is_empty()
    }
}

impl<W: AsyncWrite + Unpin> Sink<W> {
    /// Writes all that is there.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let head = &self.out[self.written..];
            let io = Pin::new(&mut self.io);
            let count = if self.body.is_empty() {
                ready!(io.poll_write(cx, head))?
            } else if head.is_empty() {
                ready!(io.poll_write(cx, &self.body))?
            } else {
                let slices = [IoSlice::new(head), IoSlice::new(&self.body)];
                ready!(io.poll_write_vectored(cx, &slices))?
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_head = count.min(head.len());
            self.written += of_head;
            self.body.advance(count - of_head);
            if self.body.is_empty() {
                self.body = Bytes::new();
            }
            if self.written == self.out.len() {
                self.written = 0;
                if self.out.capacity() > KEPT {
                    self.out = Vec::new();
                } else {
                    self.out.clear();
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<W: AsyncWrite + Unpin + Send> WsSink for Sink<W> {
    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if self.closing {
            return Poll::Ready(Err(SinkError::Closed));
        }
        if !self.body.is_empty() || self.out.len() >= self.threshold {
            ready!(self.poll_drain(cx))?;
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<(), SinkError> {
        if self.closing {
            return Err(SinkError::Closed);
        }
        match frame {
            Frame::Text(text) => self.put(Opcode::Text, text.into_bytes()),
            Frame::Binary(bytes) => self.put(Opcode::Binary, bytes),
            Frame::Ping(bytes) => self.put(Opcode::Ping, bytes),
            Frame::Pong(bytes) => self.put(Opcode::Pong, bytes),
            Frame::Close(reason) => {
                let payload = reason.map_or_else(Bytes::new, |reason| {
                    let mut payload = Vec::with_capacity(2 + reason.text.len());
                    payload.extend_from_slice(&reason.code.to_be_bytes());
                    payload.extend_from_slice(reason.text.as_bytes());
                    payload.into()
                });
                self.put(Opcode::Close, payload)?;
                self.closing = true;
                Ok(())
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.io).poll_flush(cx).map_err(Into::into)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        if !self.closing {
            ready!(self.as_mut().poll_ready(cx))?;
            let reason = CloseReason::new(close::NORMAL, "");
            self.as_mut().start_send(Frame::Close(Some(reason)))?;
        }
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx).map_err(Into::into)
    }
}

impl<W> fmt::Debug for Sink<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink")
            .field(
                "pending",
                &(self.out.len() - self.written + self.body.len()),
            )
            .field("closing", &self.closing)
            .finish_non_exhaustive()
    }
}
