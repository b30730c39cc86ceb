use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use car_state::frame::{ByteString, CloseReason, Frame};
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

use super::config::{Config, Role};
use super::header::{Header, MAX_HEADER, Opcode};
use super::mask;
use crate::source::{SourceError, WsSource};

/// When so little is left of the block, what is in it moves to the front or to another one.
const LEAST_SPARE: usize = 512;

/// A payload that does not fit the block gets this much at first, and twice what it has whenever that is full.
const FIRST_GROWTH: usize = 64 << 10;

/// The read half: bytes to frames.
pub struct Source<R> {
    io: R,
    role: Role,
    max_message: usize,
    block_size: usize,
    /// Bytes that were read and are not part of a frame yet. Frames are slices of it.
    block: BytesMut,
    phase: Phase,
    /// The message whose fragments are coming.
    message: Option<Fragments>,
}

enum Phase {
    /// The next bytes are a header.
    Header,
    /// The next bytes are a payload that fits the block.
    Short(Header),
    /// The next bytes are a payload that is read into a buffer of its own, unmasked as it comes.
    Long(Header, BytesMut),
    /// The end was told; what comes is thrown away.
    Draining,
    /// Nothing comes any more.
    Ended,
}

/// A message that comes in several frames.
struct Fragments {
    text: bool,
    data: BytesMut,
    /// So many bytes of a text are known to be UTF-8.
    checked: usize,
}

impl<R> Source<R> {
    /// A source over the read half of a stream whose handshake is done. `early` is read first.
    pub fn new(io: R, early: Bytes, config: &Config) -> Self {
        Self {
            io,
            role: config.role,
            max_message: config.max_message,
            block_size: config.read_buffer.max(LEAST_SPARE),
            block: BytesMut::from(early.as_ref()),
            phase: Phase::Header,
            message: None,
        }
    }

    /// A frame from what was read, if it holds a whole one that is for the reader.
    fn take_frame(&mut self) -> Result<Option<Frame>, SourceError> {
        loop {
            let (header, payload) = match std::mem::replace(&mut self.phase, Phase::Header) {
                Phase::Header => {
                    let Some(header) = Header::take(&mut self.block, self.role)? else {
                        return Ok(None);
                    };
                    let len = self.check(header)?;
                    self.phase = if len > self.block_size {
                        let mut payload = BytesMut::with_capacity(len.min(FIRST_GROWTH));
                        let here = self.block.len().min(len);
                        payload.extend_from_slice(&self.block[..here]);
                        self.block.advance(here);
                        unmask(&mut payload, header, 0);
                        Phase::Long(header, payload)
                    } else {
                        Phase::Short(header)
                    };
                    continue;
                }
                Phase::Short(header) if (self.block.len() as u64) < header.len => {
                    self.phase = Phase::Short(header);
                    return Ok(None);
                }
                Phase::Short(header) => {
                    #[expect(clippy::cast_possible_truncation, reason = "at most the block's size")]
                    let mut payload = self.block.split_to(header.len as usize);
                    unmask(&mut payload, header, 0);
                    (header, payload)
                }
                Phase::Long(header, payload) if (payload.len() as u64) < header.len => {
                    self.phase = Phase::Long(header, payload);
                    return Ok(None);
                }
                Phase::Long(header, payload) => (header, payload),
                ended @ (Phase::Draining | Phase::Ended) => {
                    self.phase = ended;
                    return Ok(None);
                }
            };
            if let Some(frame) = self.frame(header, payload)? {
                return Ok(Some(frame));
            }
        }
    }

    /// Whether a payload of this length and kind may come now; its length.
    fn check(&self, header: Header) -> Result<usize, SourceError> {
        let before = match (header.opcode, &self.message) {
            (Opcode::Continuation, Some(message)) => message.data.len(),
            (Opcode::Continuation, None) => {
                return Err(SourceError::Protocol("a continuation continues nothing"));
            }
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(SourceError::Protocol("a message begins within another"));
            }
            _ => 0,
        };
        let too_big = SourceError::TooBig {
            limit: self.max_message,
        };
        let Ok(len) = usize::try_from(header.len) else {
            return Err(too_big);
        };
        if !header.opcode.is_control() && len > self.max_message.saturating_sub(before) {
            return Err(too_big);
        }
        Ok(len)
    }

    /// What a whole frame means.
    fn frame(&mut self, header: Header, payload: BytesMut) -> Result<Option<Frame>, SourceError> {
        Ok(Some(match header.opcode {
            Opcode::Text if header.fin => Frame::Text(text(payload)?),
            Opcode::Binary if header.fin => Frame::Binary(payload.freeze()),
            Opcode::Text | Opcode::Binary => {
                let mut message = Fragments {
                    text: header.opcode == Opcode::Text,
                    data: payload,
                    checked: 0,
                };
                message.check(false)?;
                self.message = Some(message);
                return Ok(None);
            }
            Opcode::Continuation => {
                let Some(message) = &mut self.message else {
                    return Err(SourceError::Protocol("a continuation continues nothing"));
                };
                message.data.extend_from_slice(&payload);
                message.check(header.fin)?;
                if !header.fin {
                    return Ok(None);
                }
                let Some(message) = self.message.take() else {
                    return Ok(None);
                };
                if message.text {
                    Frame::Text(text(message.data)?)
                } else {
                    Frame::Binary(message.data.freeze())
                }
            }
            Opcode::Ping => Frame::Ping(payload.freeze()),
            Opcode::Pong => Frame::Pong(payload.freeze()),
            Opcode::Close => Frame::Close(close_reason(payload)?),
        }))
    }

    /// Tells the end and keeps nothing.
    fn end(&mut self, phase: Phase) {
        self.phase = phase;
        self.block = BytesMut::new();
        self.message = None;
    }
}

impl<R: AsyncRead + Unpin> Source<R> {
    /// Reads once; how many bytes came.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.io);
        match &mut self.phase {
            Phase::Long(header, payload) => {
                let have = payload.len();
                #[expect(clippy::cast_possible_truncation, reason = "the length was checked")]
                let missing = header.len as usize - have;
                if payload.capacity() == have {
                    payload.reserve(missing.min(have.max(FIRST_GROWTH)));
                }
                let count = ready!(poll_read_buf(io, cx, &mut payload.limit(missing)))?;
                unmask(payload, *header, have);
                return Poll::Ready(Ok(count));
            }
            Phase::Header | Phase::Short(_) => {
                let needed = match &self.phase {
                    #[expect(clippy::cast_possible_truncation, reason = "at most the block's size")]
                    Phase::Short(header) => header.len as usize,
                    _ => MAX_HEADER,
                };
                let used = self.block.len();
                let spare = self.block.capacity() - used;
                let enough = spare >= LEAST_SPARE && used + spare >= needed;
                // Once the frames in it are gone the block is used again from its front; else it makes do, or stays
                // with them.
                if !self.block.try_reclaim(self.block_size - used) && !enough {
                    let mut fresh = BytesMut::with_capacity(self.block_size);
                    fresh.extend_from_slice(&self.block);
                    self.block = fresh;
                }
            }
            Phase::Draining | Phase::Ended => {
                self.block.clear();
                self.block.reserve(self.block_size);
            }
        }
        poll_read_buf(io, cx, &mut self.block)
    }
}

impl<R: AsyncRead + Unpin + Send> WsSource for Source<R> {
    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame, SourceError>>> {
        let this = &mut *self;
        loop {
            match this.take_frame() {
                Ok(Some(frame)) => {
                    if matches!(frame, Frame::Close(_)) {
                        this.end(Phase::Draining);
                    }
                    return Poll::Ready(Some(Ok(frame)));
                }
                Ok(None) => {}
                Err(error) => {
                    this.end(Phase::Draining);
                    return Poll::Ready(Some(Err(error)));
                }
            }
            if matches!(this.phase, Phase::Ended) {
                return Poll::Ready(None);
            }
            let error = match ready!(this.poll_read(cx)) {
                Ok(0) => SourceError::Cut,
                Ok(_) => continue,
                Err(error) => SourceError::Io(error),
            };
            let told = matches!(this.phase, Phase::Draining);
            this.end(Phase::Ended);
            return Poll::Ready((!told).then_some(Err(error)));
        }
    }

    fn set_max_message(mut self: Pin<&mut Self>, bytes: usize) {
        self.max_message = bytes;
    }
}

impl<R> fmt::Debug for Source<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("role", &self.role)
            .field("max_message", &self.max_message)
            .finish_non_exhaustive()
    }
}

impl Fragments {
    /// Checks what came since the last time, so that a text which cannot become UTF-8 is refused before it is whole.
    fn check(&mut self, whole: bool) -> Result<(), SourceError> {
        if !self.text {
            return Ok(());
        }
        match std::str::from_utf8(&self.data[self.checked..]) {
            Ok(_) => self.checked = self.data.len(),
            Err(error) if error.error_len().is_none() && !whole => {
                self.checked += error.valid_up_to();
            }
            Err(_) => return Err(SourceError::InvalidUtf8),
        }
        Ok(())
    }
}

/// Takes the mask off what came from `from` on.
fn unmask(payload: &mut BytesMut, header: Header, from: usize) {
    if let Some(mask) = header.mask {
        mask::apply(&mut payload[from..], mask, from);
    }
}

fn text(payload: BytesMut) -> Result<ByteString, SourceError> {
    ByteString::try_from(payload.freeze()).map_err(|_| SourceError::InvalidUtf8)
}

fn close_reason(mut payload: BytesMut) -> Result<Option<CloseReason>, SourceError> {
    if payload.is_empty() {
        return Ok(None);
    }
    if payload.len() == 1 {
        return Err(SourceError::Protocol("a close frame has half a code"));
    }
    let code = payload.get_u16();
    // 1004 to 1006 and 1015 are never sent, 1016 to 2999 are not given out (section 7.4).
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(SourceError::Protocol("the close code is not allowed"));
    }
    Ok(Some(CloseReason {
        code,
        text: text(payload)?,
    }))
}
