//! One connection: it is read and written until it is over.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use car_transport::source::{BoxSource, drain, next};
use car_transport::{BoxSink, CloseReason, Duplex, Frame, SinkError, close};
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use crate::outgoing::{Outgoing, What};
use crate::pending::Pending;
use crate::reader::Reader;

/// How long one batch of frames may take to be written.
const WRITE_DEADLINE: Duration = Duration::from_secs(10);
/// How long the peer may take to close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum End {
    /// As this program, or the daemon on its behalf, wanted.
    Wanted,
    /// It was lost, for this reason.
    Lost(String),
}

/// What is to be written.
pub(crate) struct ToWrite {
    /// What was written to a connection that is lost, and goes before everything else.
    pub(crate) again: VecDeque<Outgoing>,
    pub(crate) queue: mpsc::Receiver<Outgoing>,
    pub(crate) pending: Arc<Pending>,
    /// The daemon that answers are meant for; none where there is only one connection.
    pub(crate) life: Option<u32>,
}

impl ToWrite {
    async fn next(&mut self) -> Option<Frame> {
        loop {
            let outgoing = match self.again.pop_front() {
                Some(outgoing) => outgoing,
                None => self.queue.recv().await?,
            };
            if let Some(frame) = self.fit(outgoing) {
                return Some(frame);
            }
        }
    }

    /// What is wanted still.
    fn fit(&self, outgoing: Outgoing) -> Option<Frame> {
        let wanted = match (self.life, outgoing.what) {
            (Some(_), What::Call(id)) => self.pending.write(id),
            (Some(life), What::Answer(to)) => life == to,
            _ => true,
        };
        wanted.then_some(outgoing.frame)
    }
}

/// Serves a connection until it is over. Where it is lost and `silence` is given the daemon is left to believe that it is
/// there: somebody comes back.
pub(crate) async fn serve(
    reader: &mut Reader,
    duplex: Duplex,
    frames: &mut ToWrite,
    silence: Option<Duration>,
    over: &CancellationToken,
) -> End {
    let Duplex {
        mut sink,
        mut source,
        ..
    } = duplex;
    // Pongs and the close frame have a queue of their own, so that reading never waits for the other one.
    let (control, to_control) = mpsc::channel(16);
    let comes_back = silence.is_some();
    let end = tokio::select! {
        end = read(reader, &mut source, control, silence) => end,
        end = write(&mut sink, frames, to_control) => match end {
            Ok(()) => return finish(source, End::Wanted).await,
            Err(error) if comes_back => return End::Lost(error.to_string()),
            Err(error) => return finish(source, End::Lost(error.to_string())).await,
        },
        () = over.cancelled() => Heard::Wanted(Some(CloseReason::new(close::NORMAL, ""))),
    };
    let (end, reason) = match end {
        Heard::Wanted(reason) => (End::Wanted, reason),
        Heard::Lost { why, .. } if comes_back => return End::Lost(why),
        Heard::Lost { why, reason } => (End::Lost(why), reason),
    };
    // The peer is told why, unless it is gone.
    let _ = timeout(CLOSE_DEADLINE, close_with(&mut sink, reason)).await;
    finish(source, end).await
}

async fn finish(mut source: BoxSource, end: End) -> End {
    drain(&mut source, CLOSE_DEADLINE).await;
    end
}

async fn close_with(sink: &mut BoxSink, reason: Option<CloseReason>) -> Result<(), SinkError> {
    poll_fn(|cx| sink.as_mut().poll_ready(cx)).await?;
    sink.as_mut().start_send(Frame::Close(reason))?;
    poll_fn(|cx| sink.as_mut().poll_close(cx)).await
}

async fn write(
    sink: &mut BoxSink,
    frames: &mut ToWrite,
    mut control: mpsc::Receiver<Frame>,
) -> Result<(), SinkError> {
    loop {
        let mut frame = tokio::select! {
            biased;
            frame = control.recv() => frame,
            frame = frames.next() => frame,
        };
        let turn = async {
            while let Some(next) = frame {
                let closing = matches!(next, Frame::Close(_));
                poll_fn(|cx| sink.as_mut().poll_ready(cx)).await?;
                sink.as_mut().start_send(next)?;
                if closing {
                    poll_fn(|cx| sink.as_mut().poll_close(cx)).await?;
                    return Ok(true);
                }
                frame = control
                    .recv()
                    .now_or_never()
                    .flatten()
                    .or_else(|| frames.next().now_or_never().flatten());
            }
            poll_fn(|cx| sink.as_mut().poll_flush(cx)).await?;
            Ok(false)
        };
        if timeout(WRITE_DEADLINE, turn)
            .await
            .unwrap_or(Err(SinkError::Closed))?
        {
            return Ok(());
        }
    }
}

/// How reading ended, and what the peer is told.
enum Heard {
    Wanted(Option<CloseReason>),
    Lost {
        why: String,
        reason: Option<CloseReason>,
    },
}

async fn read(
    reader: &mut Reader,
    source: &mut BoxSource,
    control: mpsc::Sender<Frame>,
    silence: Option<Duration>,
) -> Heard {
    let lost = |why: String, reason| Heard::Lost { why, reason };
    let mut ticks = silence.map(|silence| {
        let third = (silence / 3).max(Duration::from_millis(1));
        interval_at(Instant::now() + third, third)
    });
    // Thirds of the silence since something came.
    let mut silent = 0_u8;
    loop {
        let tick = async {
            match &mut ticks {
                Some(ticks) => drop(ticks.tick().await),
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            frame = next(source) => {
                silent = 0;
                match frame {
                    None => return lost("the connection is cut".to_owned(), None),
                    Some(Err(error)) => return lost(error.to_string(), error.close_reason()),
                    Some(Ok(Frame::Close(reason))) => {
                        let answer = Some(CloseReason::new(close::NORMAL, ""));
                        return match reason {
                            Some(reason) if reason.code != close::NORMAL => {
                                let why = format!("the daemon closed it: {} {}", reason.code, reason.text);
                                lost(why, answer)
                            }
                            _ => Heard::Wanted(answer),
                        };
                    }
                    Some(Ok(Frame::Ping(payload))) => {
                        // More pings than can be answered are answered by the last.
                        let _ = control.try_send(Frame::Pong(payload));
                    }
                    Some(Ok(Frame::Text(text))) => reader.text(&text),
                    Some(Ok(Frame::Binary(_) | Frame::Pong(_))) => {}
                }
            }
            Some(_) = reader.running.join_next() => reader.reap(),
            () = tick => {
                silent += 1;
                match silent {
                    // A queue that is full holds pongs, and what they answer was heard.
                    2 => drop(control.try_send(Frame::Ping(Default::default()))),
                    4.. => return lost("the daemon is silent".to_owned(), None),
                    _ => {}
                }
            }
        }
    }
}
