//! The task of one agent: it has the process and the timer, and does what the machine says.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::launch::{Launch, LaunchError, Process};
use super::machine::{Effect, HEALTHY_AFTER, Input, Machine, Phase, STOP_GRACE, Timer, backoff};
use super::roster::Shared;
use super::{AgentId, AgentLogs, Fingerprint};

/// What somebody wants of an agent.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) input: Input,
    /// Told when it is so, or when it cannot be.
    pub(super) done: oneshot::Sender<()>,
}

/// What the task of an agent has.
#[derive(Debug)]
pub(super) struct Supervised {
    id: AgentId,
    shared: Arc<Shared>,
    wishes: mpsc::Receiver<Wish>,
    machine: Machine,
    process: Option<Box<dyn Process>>,
    timer: Option<Instant>,
    waiting: Vec<(Input, oneshot::Sender<()>)>,
    logs: Arc<AgentLogs>,
}

/// What the task waits for.
enum Event {
    Wish(Option<Wish>),
    Ended(i32),
    Rang,
}

impl Supervised {
    pub(super) fn new(
        id: AgentId,
        shared: Arc<Shared>,
        logs: Arc<AgentLogs>,
        wishes: mpsc::Receiver<Wish>,
    ) -> Self {
        Self {
            id,
            shared,
            wishes,
            machine: Machine::default(),
            process: None,
            timer: None,
            waiting: Vec::new(),
            logs,
        }
    }

    /// Until nobody can wish anything any more; what runs then is made to end.
    pub(super) async fn run(mut self) {
        loop {
            let event = self.next().await;
            match event {
                Event::Wish(Some(Wish { input, done })) => {
                    self.waiting.push((input, done));
                    self.take(input).await;
                }
                Event::Wish(None) => break,
                Event::Ended(code) => {
                    self.process = None;
                    self.ended(code).await;
                }
                Event::Rang => {
                    self.timer = None;
                    self.take(Input::Rang).await;
                }
            }
        }
        if let Some(mut process) = self.process.take() {
            process.kill();
            process.ended().await;
        }
    }

    async fn next(&mut self) -> Event {
        let timer = self.timer;
        let process = &mut self.process;
        let ended = async {
            match process {
                Some(process) => process.ended().await,
                None => std::future::pending().await,
            }
        };
        let rang = async {
            match timer {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            ended = ended => Event::Ended(ended.code),
            wish = self.wishes.recv() => Event::Wish(wish),
            () = rang => Event::Rang,
        }
    }

    async fn ended(&mut self, code: i32) {
        self.logs.finish();
        self.logs.tell(match code {
            -1 => "ended by a signal".to_owned(),
            code => format!("ended with code {code}"),
        });
        self.shared.change(&self.id, |row| {
            row.pid = None;
            row.last_exit_code = Some(code);
        });
        self.take(Input::Ended { well: code == 0 }).await;
    }

    /// Does what follows from an input, and from what that causes.
    async fn take(&mut self, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let (machine, effects) = self.machine.step(self.shared.rule(&self.id), input);
            self.machine = machine;
            for effect in effects {
                if effect == Effect::Launch {
                    self.show();
                    next = Some(self.launch().await);
                } else {
                    self.apply(effect);
                }
            }
        }
        self.show();
        self.answer();
    }

    fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Launch => {}
            Effect::Terminate => {
                if let Some(process) = &mut self.process {
                    process.terminate();
                }
            }
            Effect::Kill => {
                if let Some(process) = &mut self.process {
                    process.kill();
                }
            }
            Effect::Arm(timer) => self.timer = Some(Instant::now() + self.delay(timer)),
            Effect::Disarm => self.timer = None,
        }
    }

    fn delay(&self, timer: Timer) -> Duration {
        match timer {
            Timer::Healthy => HEALTHY_AFTER,
            Timer::Grace => STOP_GRACE,
            Timer::Backoff(nth) => {
                let wait = backoff(self.shared.first_wait(&self.id), nth, chance());
                self.logs
                    .tell(format!("starting again in {:.1} s", wait.as_secs_f64()));
                wait
            }
        }
    }

    async fn launch(&mut self) -> Input {
        match self.made().await {
            Ok(process) => {
                let pid = process.pid();
                self.process = Some(process);
                let at = self.shared.now();
                self.shared.change(&self.id, |row| {
                    row.pid = pid;
                    row.started_at = Some(at);
                    row.error = None;
                });
                self.logs.tell(match pid {
                    Some(pid) => format!("started as process {pid}"),
                    None => "started".to_owned(),
                });
                Input::Launched
            }
            Err((why, input)) => {
                self.logs.tell(format!("not started: {why}"));
                self.shared.change(&self.id, |row| row.error = Some(why));
                input
            }
        }
    }

    async fn made(&self) -> Result<Box<dyn Process>, (String, Input)> {
        let refused = |why: String| (why, Input::LaunchRefused);
        let spec = self.shared.spec(&self.id);
        let spec = spec.ok_or_else(|| refused("it was removed".to_owned()))?;
        let looked = spec.clone();
        let fingerprint = tokio::task::spawn_blocking(move || Fingerprint::of(&looked)).await;
        let fingerprint = fingerprint
            .map_err(|error| refused(error.to_string()))?
            .map_err(|error| refused(error.to_string()))?;
        if !self.shared.is_trusted(&self.id, fingerprint) {
            let why = "nobody agreed to what would be started: agents.start asks a person";
            return Err(refused(why.to_owned()));
        }
        let token = self.shared.tokens.issue(&self.id);
        let launch = Launch {
            id: self.id.clone(),
            token: token.map_err(|error| refused(error.to_string()))?,
            logs: Arc::clone(&self.logs),
            spec,
        };
        match self.shared.launcher.launch(launch).await {
            Ok(process) => Ok(process),
            Err(error @ (LaunchError::Unsupported | LaunchError::Refused(_))) => {
                Err(refused(error.to_string()))
            }
            Err(error) => Err((error.to_string(), Input::LaunchFailed)),
        }
    }

    /// Shows others how it is.
    fn show(&self) {
        let Machine { phase, restarts } = self.machine;
        self.shared.change(&self.id, |row| {
            row.phase = phase;
            row.restarts = restarts;
            if phase == Phase::GivenUp && row.error.is_none() {
                row.error = Some(format!("it ended {} times in a row", restarts + 1));
            }
            if phase == Phase::Stopped {
                row.error = None;
            }
        });
    }

    /// Tells those whose wish is done.
    fn answer(&mut self) {
        let phase = self.machine.phase;
        let over = |input: Input| match input {
            Input::Stop { .. } => !matches!(
                phase,
                Phase::Launching { .. } | Phase::Running | Phase::Stopping { .. }
            ),
            _ => !matches!(phase, Phase::Launching { .. } | Phase::Stopping { .. }),
        };
        for (_, done) in self.waiting.extract_if(.., |(input, _)| over(*input)) {
            let _ = done.send(());
        }
    }
}

/// A number from 0 to 1 that nobody knows before.
fn chance() -> f64 {
    let mut bytes = [0_u8; 4];
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}
