use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use car_transport::Limits;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// Tells when a connection is due for a ping, silent for too long, or unauthenticated for too long.
///
/// Silence is counted in pings that nothing answered, not in time: while the machine or this process was suspended,
/// nothing was sent and nothing could be answered.
pub(super) struct LifeClock {
    timer: Pin<Box<Sleep>>,
    interval: Duration,
    /// Unanswered pings that mean the peer is dead.
    patience: u32,
    unanswered: u32,
    heard: bool,
    next_ping: Instant,
    auth_deadline: Option<Instant>,
}

/// What is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pulse {
    /// Send a ping.
    Ping,
    /// The peer is dead.
    Silent,
    /// The peer has not authenticated.
    Unauthenticated,
}

impl LifeClock {
    pub(super) fn new(limits: &Limits, must_authenticate: bool) -> Self {
        let now = Instant::now();
        let next_ping = now + limits.ping_interval;
        let auth_deadline = must_authenticate.then(|| now + limits.auth_deadline);
        let first = auth_deadline.map_or(next_ping, |deadline| deadline.min(next_ping));
        let patience = limits.silence.as_millis() / limits.ping_interval.as_millis().max(1);
        Self {
            timer: Box::pin(sleep_until(first)),
            interval: limits.ping_interval,
            patience: u32::try_from(patience).unwrap_or(u32::MAX).max(1),
            unanswered: 0,
            heard: false,
            next_ping,
            auth_deadline,
        }
    }

    /// Something came from the peer.
    pub(super) fn heard(self: Pin<&mut Self>) {
        self.get_mut().heard = true;
    }

    /// The peer has authenticated.
    pub(super) fn authenticated(self: Pin<&mut Self>) {
        let this = self.get_mut();
        this.auth_deadline = None;
        this.timer.as_mut().reset(this.next_ping);
    }

    /// What is due next, when it is. A deadline is kept whatever the task has done before in its turn.
    pub(super) fn poll_pulse(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Pulse> {
        let this = self.get_mut();
        ready!(Pin::new(&mut unconstrained(this.timer.as_mut())).poll(cx));
        let now = Instant::now();
        if this.auth_deadline.is_some_and(|deadline| now >= deadline) {
            return Poll::Ready(Pulse::Unauthenticated);
        }
        this.unanswered = if std::mem::take(&mut this.heard) {
            0
        } else {
            this.unanswered + 1
        };
        this.next_ping = now + this.interval;
        let next = this
            .auth_deadline
            .map_or(this.next_ping, |deadline| deadline.min(this.next_ping));
        this.timer.as_mut().reset(next);
        Poll::Ready(if this.unanswered >= this.patience {
            Pulse::Silent
        } else {
            Pulse::Ping
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;

    use super::*;

    async fn pulse(mut clock: Pin<&mut LifeClock>) -> Pulse {
        poll_fn(|cx| clock.as_mut().poll_pulse(cx)).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_answers_nothing_for_ninety_seconds_is_dead() {
        let began = Instant::now();
        let mut clock = pin!(LifeClock::new(&Limits::default(), false));
        assert_eq!(pulse(clock.as_mut()).await, Pulse::Ping);
        assert_eq!(pulse(clock.as_mut()).await, Pulse::Ping);
        assert_eq!(pulse(clock.as_mut()).await, Pulse::Silent);
        assert_eq!(began.elapsed(), Duration::from_secs(90));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_is_heard_lives_on() {
        let mut clock = pin!(LifeClock::new(&Limits::default(), false));
        for _ in 0..10 {
            assert_eq!(pulse(clock.as_mut()).await, Pulse::Ping);
            clock.as_mut().heard();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn time_in_which_nothing_ran_is_not_silence() {
        let mut clock = pin!(LifeClock::new(&Limits::default(), false));
        assert_eq!(pulse(clock.as_mut()).await, Pulse::Ping);
        tokio::time::advance(Duration::from_secs(3_600)).await;
        assert_eq!(pulse(clock.as_mut()).await, Pulse::Ping);
    }

    #[tokio::test(start_paused = true)]
    async fn authentication_has_a_deadline_until_it_is_done() {
        let mut clock = pin!(LifeClock::new(&Limits::default(), true));
        assert_eq!(pulse(clock.as_mut()).await, Pulse::Unauthenticated);
        let mut clock = pin!(LifeClock::new(&Limits::default(), true));
        clock.as_mut().authenticated();
        assert_eq!(pulse(clock.as_mut()).await, Pulse::Ping);
    }
}
