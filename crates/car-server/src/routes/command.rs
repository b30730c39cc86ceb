use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use car_protocol::rpc::approvals::Approval;
use car_state::approval::route::{Route, RouteName};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How much of what the command says is kept, in bytes.
const MAX_SAID: usize = 4 * 1024;
/// How long what the command left running may hold its output open.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A command of the user's, which gets the approval as JSON on its standard input.
///
/// It is started without a shell, in a process group of its own that is killed when its time is over or nobody needs it
/// any more. A status of 0 says that somebody was told.
#[derive(Debug)]
pub struct CommandRoute {
    program: String,
    arguments: Vec<String>,
    deadline: Duration,
}

impl CommandRoute {
    /// The program with its arguments; `None` where there is no program. It has `deadline` to end.
    #[must_use]
    pub fn new(command: &[String], deadline: Duration) -> Option<Self> {
        let (program, arguments) = command.split_first()?;
        Some(Self {
            program: program.clone(),
            arguments: arguments.to_vec(),
            deadline,
        })
    }

    async fn run(&self, approval: Approval) -> Result<String, String> {
        let text = serde_json::to_string(&approval).map_err(|error| error.to_string())?;
        let mut group = Group::start(self, &approval.id)
            .map_err(|error| format!("the command cannot be started: {error}"))?;
        let ended = timeout(self.deadline, group.converse(text)).await;
        let (status, said) = match ended {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => return Err(format!("the command cannot be spoken to: {error}")),
            Err(_) => {
                let seconds = self.deadline.as_secs_f64();
                return Err(format!("the command did not end within {seconds} s"));
            }
        };
        let how = describe(status);
        let said = said.lines().next().unwrap_or_default().trim();
        let told = match said {
            "" => format!("the command {how}"),
            said => format!("the command {how}: {said}"),
        };
        match status.success() {
            true => Ok(told),
            false => Err(told),
        }
    }
}

impl Route for CommandRoute {
    fn name(&self) -> RouteName {
        RouteName::Command
    }

    fn tell(&self, approval: Approval) -> BoxFuture<'_, Result<String, String>> {
        self.run(approval).boxed()
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        _ => "ended".to_owned(),
    }
}

/// A process group that ends with this.
struct Group {
    child: Child,
    /// Its number, which is that of the child. It stays taken as long as anybody of the group is there.
    id: Option<Pid>,
}

impl Group {
    fn start(route: &CommandRoute, approval: &str) -> io::Result<Self> {
        let child = Command::new(&route.program)
            .args(&route.arguments)
            .env("CAR_APPROVAL_ID", approval)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self {
            id: id.and_then(Pid::from_raw),
            child,
        })
    }

    /// Hands the text over, and waits for the end. What the command says is read all the while, so that it never waits
    /// for its reader.
    async fn converse(&mut self, text: String) -> io::Result<(ExitStatus, String)> {
        let mut stdin = self.child.stdin.take();
        let (stdout, stderr) = (self.child.stdout.take(), self.child.stderr.take());
        let tell = async {
            if let Some(stdin) = &mut stdin {
                // A command that does not read its input knows enough without.
                let _ = stdin.write_all(text.as_bytes()).await;
                let _ = stdin.write_all(b"\n").await;
            }
            drop(stdin.take());
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = {
            let listen = async { tokio::join!(keep(stdout, &mut out), keep(stderr, &mut err)) };
            let mut talk = std::pin::pin!(async { tokio::join!(tell, listen) });
            let mut child = std::pin::pin!(self.child.wait());
            tokio::select! {
                _ = &mut talk => child.await?,
                status = &mut child => {
                    // Whoever it left behind may hold its output open for ever.
                    let _ = timeout(LAST_WORDS, talk).await;
                    status?
                }
            }
        };
        let said = if err.is_empty() { out } else { err };
        Ok((status, String::from_utf8_lossy(&said).into_owned()))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            // There is nobody left where all have ended.
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

/// Reads to the end, and keeps the beginning.
async fn keep(from: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut from) = from else {
        return;
    };
    let mut buffer = [0; 1024];
    while let Ok(read) = from.read(&mut buffer).await
        && read > 0
    {
        let room = MAX_SAID.saturating_sub(kept.len()).min(read);
        kept.extend_from_slice(buffer.get(..room).unwrap_or_default());
    }
}
