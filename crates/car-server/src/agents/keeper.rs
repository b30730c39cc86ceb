//! The process between the daemon and an agent.
//!
//! Its standard input is a socket to the daemon: it says `pid N` or `failed WHY` there once, and hears `t` for asking the
//! agent to end and `k` for making it end. When the socket ends, the daemon has, and the agent has a moment to end.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, wait};

/// How long an agent has to end when the daemon is gone.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs `program` with `arguments`, and ends as it does when everything that it started has ended.
///
/// # Errors
/// The socket to the daemon is not there.
pub fn keep(program: &OsString, arguments: &[OsString]) -> io::Result<ExitCode> {
    // What loses its parent becomes a child of this process.
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(getpid()))?;
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn();
    let agent = match spawned {
        Ok(child) => child.id(),
        Err(error) => {
            say(&format!("failed {error}\n"))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let agent = i32::try_from(agent).ok().and_then(Pid::from_raw);
    let agent = agent.ok_or_else(|| io::Error::other("a process has a number"))?;
    say(&format!("pid {}\n", agent.as_raw_nonzero()))?;
    thread::Builder::new().spawn(move || listen(agent))?;
    let code = loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == agent => break status.exit_status(),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => break None,
        }
    };
    end_the_rest(agent);
    match code {
        Some(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))),
        None => {
            // Ended by a signal, as the agent was.
            kill_process(getpid(), Signal::KILL)?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn say(text: &str) -> io::Result<()> {
    rustix::io::write(io::stdin(), text.as_bytes())?;
    Ok(())
}

/// Does what the daemon says until it is gone.
fn listen(agent: Pid) {
    let mut word = [0_u8; 1];
    loop {
        match rustix::io::read(io::stdin(), &mut word) {
            Ok(1..) if word == *b"t" => {
                let _ = kill_process_group(agent, Signal::TERM);
            }
            Ok(1..) => kill_all(agent),
            Err(rustix::io::Errno::INTR) => {}
            Ok(0) | Err(_) => break,
        }
    }
    let _ = kill_process_group(agent, Signal::TERM);
    thread::sleep(FAREWELL);
    kill_all(agent);
}

fn kill_all(agent: Pid) {
    let _ = kill_process_group(agent, Signal::KILL);
    for child in children() {
        let _ = kill_process(child, Signal::KILL);
    }
}

/// Ends what the agent left behind. What ends leaves its own children here, so it goes on until there are none.
fn end_the_rest(agent: Pid) {
    loop {
        kill_all(agent);
        match wait(WaitOptions::empty()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// The children of this process.
#[cfg(target_os = "linux")]
fn children() -> Vec<Pid> {
    let own = getpid().as_raw_nonzero().to_string();
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let child = |entry: std::fs::DirEntry| {
        let number = entry.file_name().to_str()?.parse::<i32>().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name, in brackets, may hold anything.
        let (_, rest) = stat.rsplit_once(')')?;
        (rest.split_whitespace().nth(1)? == own).then_some(())?;
        Pid::from_raw(number)
    };
    processes.flatten().filter_map(child).collect()
}

#[cfg(not(target_os = "linux"))]
fn children() -> Vec<Pid> {
    Vec::new()
}
