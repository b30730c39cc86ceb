//! The client half of WebSocket, as little of it as a load generator needs.
//!
//! It must cost much less than the server it drives, or the ratio of two servers comes out as 1. So requests are whole
//! frames prepared beforehand (the mask key is zero, which leaves the payload as it is and costs the server the same as
//! any other), and of an answer only the frame header is read before it is handed on.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpSocket, UnixStream};

/// Where a server listens.
#[derive(Debug, Clone)]
pub(super) enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

#[derive(Debug)]
enum Stream {
    Tcp(tokio::net::TcpStream),
    Unix(UnixStream),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// One upgraded connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Stream,
    buffer: Vec<u8>,
    /// `buffer[start..end]` has been read and not yet handed on.
    start: usize,
    end: usize,
}

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

impl Connection {
    /// Connects and upgrades, with a read buffer of `room` bytes to begin with.
    pub(super) async fn open(address: &Address, room: usize) -> Result<Self> {
        Self::upgrade(connect(address, None).await?, room).await
    }

    /// A connection whose kernel buffers hold little, so that it stalls soon when it is not read.
    pub(super) async fn open_narrow(address: &Address, bytes: u32) -> Result<Self> {
        Self::upgrade(connect(address, Some(bytes)).await?, 4096).await
    }

    async fn upgrade(stream: Stream, room: usize) -> Result<Self> {
        let mut connection = Self {
            stream,
            buffer: vec![0; room],
            start: 0,
            end: 0,
        };
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        connection.stream.write_all(request.as_bytes()).await?;
        loop {
            connection
                .fill()
                .await
                .context("while the connection was upgraded")?;
            let head = &connection.buffer[..connection.end];
            if let Some(length) = memchr::memmem::find(head, b"\r\n\r\n") {
                if !head.starts_with(b"HTTP/1.1 101 ") {
                    bail!(
                        "the server refused the upgrade: {}",
                        String::from_utf8_lossy(head)
                    );
                }
                connection.start = length + 4;
                return Ok(connection);
            }
        }
    }

    /// Writes prepared frames.
    pub(super) async fn send(&mut self, frames: &[u8]) -> Result<()> {
        self.stream.write_all(frames).await.context("cannot write")
    }

    /// Reads once and hands on the text of every complete message, perhaps of none.
    pub(super) async fn receive(
        &mut self,
        mut each: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        self.fill().await?;
        let mut pongs = Vec::new();
        while let Some(frame) = Frame::parse(&self.buffer[self.start..self.end])? {
            let payload =
                &self.buffer[self.start + frame.header..self.start + frame.header + frame.payload];
            match frame.opcode {
                TEXT => each(payload)?,
                PING => push_frame(&mut pongs, PONG, payload),
                PONG => {}
                CLOSE => bail!(
                    "the server closed the connection: {}",
                    String::from_utf8_lossy(payload)
                ),
                other => bail!("an unexpected frame, opcode {other}"),
            }
            self.start += frame.header + frame.payload;
        }
        if !pongs.is_empty() {
            self.send(&pongs).await?;
        }
        Ok(())
    }

    /// Sends one request and waits for one message.
    pub(super) async fn ask(&mut self, request: &str) -> Result<String> {
        let mut frame = Vec::new();
        push_text(&mut frame, request.as_bytes());
        self.send(&frame).await?;
        let mut answer = None;
        while answer.is_none() {
            self.receive(|text| {
                // What comes with it is an event.
                answer.get_or_insert_with(|| String::from_utf8_lossy(text).into_owned());
                Ok(())
            })
            .await?;
        }
        answer.context("no answer")
    }

    async fn fill(&mut self) -> Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let read = self
            .stream
            .read(&mut self.buffer[self.end..])
            .await
            .context("cannot read")?;
        if read == 0 {
            bail!("the server hung up");
        }
        self.end += read;
        Ok(())
    }
}

async fn connect(address: &Address, receive_buffer: Option<u32>) -> Result<Stream> {
    match address {
        Address::Tcp(address) => {
            let socket = TcpSocket::new_v4()?;
            if let Some(size) = receive_buffer {
                socket.set_recv_buffer_size(size)?;
            }
            let stream = socket.connect(*address).await?;
            stream.set_nodelay(true)?;
            Ok(Stream::Tcp(stream))
        }
        Address::Unix(path) => Ok(Stream::Unix(UnixStream::connect(path).await?)),
    }
}

/// Appends a masked text frame.
pub(super) fn push_text(out: &mut Vec<u8>, payload: &[u8]) {
    push_frame(out, TEXT, payload);
}

/// The same of a payload in parts.
pub(super) fn push_text_of(out: &mut Vec<u8>, parts: &[&[u8]]) {
    push_header(out, TEXT, parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// Appends a masked binary frame.
pub(super) fn push_binary(out: &mut Vec<u8>, payload: &[u8]) {
    push_frame(out, BINARY, payload);
}

fn push_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    push_header(out, opcode, payload.len());
    out.extend_from_slice(payload);
}

fn push_header(out: &mut Vec<u8>, opcode: u8, length: usize) {
    out.push(0x80 | opcode);
    if let Ok(short) = u8::try_from(length)
        && short < 126
    {
        out.push(0x80 | short);
    } else if let Ok(medium) = u16::try_from(length) {
        out.push(0x80 | 126);
        out.extend_from_slice(&medium.to_be_bytes());
    } else {
        out.push(0x80 | 127);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
    out.extend_from_slice(&[0; 4]);
}

struct Frame {
    opcode: u8,
    header: usize,
    payload: usize,
}

impl Frame {
    /// The frame at the start of the bytes, if all of it is there.
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0xF0 != 0x80 || second & 0x80 != 0 {
            bail!("only whole, unmasked frames without extensions are expected from a server");
        }
        let (header, payload) = match second {
            126 => match rest.first_chunk::<2>() {
                Some(length) => (4, usize::from(u16::from_be_bytes(*length))),
                None => return Ok(None),
            },
            127 => match rest.first_chunk::<8>() {
                Some(length) => (10, usize::try_from(u64::from_be_bytes(*length))?),
                None => return Ok(None),
            },
            short => (2, usize::from(short)),
        };
        let complete = bytes.len() >= header + payload;
        Ok(complete.then_some(Self {
            opcode: first & 0x0F,
            header,
            payload,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_recognised_once_it_is_whole() {
        let mut bytes = vec![0x81, 3];
        bytes.extend_from_slice(b"abc");
        assert!(Frame::parse(&bytes[..4]).unwrap().is_none());
        let frame = Frame::parse(&bytes).unwrap().unwrap();
        assert_eq!((frame.opcode, frame.header, frame.payload), (TEXT, 2, 3));
    }

    #[test]
    fn all_three_lengths_are_understood() {
        for (length, header) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut masked = Vec::new();
            push_text(&mut masked, &vec![b'x'; length]);
            let mut bytes = masked[..header].to_vec();
            bytes[1] &= 0x7F;
            bytes.extend_from_slice(&masked[header + 4..]);
            let frame = Frame::parse(&bytes).unwrap().unwrap();
            assert_eq!((frame.header, frame.payload), (header, length));
        }
    }

    #[test]
    fn a_fragment_or_a_masked_frame_is_refused() {
        assert!(Frame::parse(&[0x01, 0]).is_err());
        assert!(Frame::parse(&[0x81, 0x80]).is_err());
    }
}
