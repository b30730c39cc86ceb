//! Agents that are killed at random while chats run: every chat ends, exactly once, and every agent comes back.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use car_tests::TestClient;
use car_tests::program::{Program, Sandbox, example};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::agents::shell;
use crate::kills::wanted;

/// Agents under the supervisor.
const AGENTS: usize = 20;
/// Connections that ask, each all of the agents.
const HOSTS: usize = 5;
/// Kills, unless the environment wants more.
const KILLS: usize = 60;
/// Fewer agents than these are not left.
const LEAST: usize = 10;
/// How long all agents may take to be attached, after the last kill too. They are started again at once, and an agent
/// that was killed many times in a row up to a minute later.
const BACK: Duration = Duration::from_secs(90);
/// How long the whole may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// Descriptors that the daemon may have more after the kills than before: files that it opened meanwhile.
const LATE_DESCRIPTORS: usize = 8;

/// A prompt, which the agents say again word by word.
const PROMPT: &str = "one two three four five six seven eight nine ten eleven twelve thirteen \
     fourteen fifteen sixteen seventeen eighteen nineteen twenty and so on and so forth";

/// What hosts and whoever kills know of each other.
struct Storm {
    /// One for each piece of text that came.
    heard: Semaphore,
    over: AtomicBool,
}

fn name(agent: usize) -> String {
    format!("agent-{agent}")
}

async fn host(sandbox: &Sandbox, daemon: &Program) -> TestClient {
    let mut client = daemon.client("host").await;
    client.off_the_record();
    let token = fs::read_to_string(sandbox.root().join("host-token")).unwrap();
    let params = json!({ "host_token": token });
    client.call("session.auth", params).await;
    client
}

/// The agents that are attached, and their processes.
async fn attached(client: &mut TestClient) -> Vec<(usize, i32)> {
    let list = client.call("agents.list", Value::Null).await;
    let agents = list.as_array().unwrap().iter();
    let there = agents.filter(|agent| agent["attached"] == true);
    there
        .filter_map(|agent| {
            let number = agent["id"].as_str()?.strip_prefix("agent-")?;
            let pid = i32::try_from(agent["pid"].as_i64()?).ok()?;
            Some((number.parse().ok()?, pid))
        })
        .collect()
}

/// Waits until all agents are.
async fn all_attached(client: &mut TestClient) -> Vec<(usize, i32)> {
    let all = async {
        loop {
            let there = attached(client).await;
            if there.len() == AGENTS {
                return there;
            }
        }
    };
    let all = timeout(BACK, all).await;
    all.unwrap_or_else(|_| panic!("not all agents are attached within {BACK:?}"))
}

/// The processes that belong to agents of this daemon, by their names: all of them know where it listens.
fn descendants(daemon: &Program) -> Vec<String> {
    let mark = format!("CAR_DAEMON_URL=ws://{}", daemon.address());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let marked = processes.filter_map(|process| {
        let environment = fs::read(process.path().join("environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0);
        variables.find(|variable| *variable == mark.as_bytes())?;
        fs::read_to_string(process.path().join("comm")).ok()
    });
    marked.map(|name| name.trim().to_owned()).collect()
}

fn descriptors(daemon: &Program) -> usize {
    let open = fs::read_dir(format!("/proc/{}/fd", daemon.pid())).unwrap();
    open.count()
}

/// One of the chats of a connection: it asks one agent again and again.
#[derive(Default)]
struct Chat {
    /// Turns that began, and how each ended.
    turns: HashMap<String, Option<String>>,
    text: String,
}

/// A connection with a chat with each agent.
struct Asker {
    client: TestClient,
    number: usize,
    storm: Arc<Storm>,
    chats: Vec<Chat>,
    /// Questions that are not answered yet, by their ids.
    asked: HashMap<i64, usize>,
    /// Chats whose agent was away.
    parked: Vec<usize>,
}

impl Asker {
    async fn run(mut self) -> usize {
        for agent in 0..AGENTS {
            self.ask(agent).await;
        }
        while self.is_waiting() {
            let message = self.client.next().await;
            if message["method"] == "agents.chat.event" {
                self.event(&message["params"]).await;
            } else if let Some(agent) = message["id"].as_i64().and_then(|id| self.asked.remove(&id))
            {
                self.answer(agent, &message).await;
            }
        }
        let mut ended = 0;
        for agent in 0..AGENTS {
            ended += self.check(agent).await;
        }
        self.client.leave().await;
        ended
    }

    fn is_waiting(&self) -> bool {
        let runs = |chat: &Chat| chat.turns.values().any(Option::is_none);
        !self.asked.is_empty() || self.chats.iter().any(runs)
    }

    fn chat(&self, agent: usize) -> String {
        format!("chat-{}-{agent}", self.number)
    }

    async fn ask(&mut self, agent: usize) {
        let params =
            json!({ "agent_id": name(agent), "prompt": PROMPT, "session_id": self.chat(agent) });
        let id = self.client.request("agents.chat", params).await;
        self.asked.insert(id, agent);
    }

    async fn answer(&mut self, agent: usize, message: &Value) {
        if let Some(turn) = message["result"]["turn_id"].as_str() {
            let turns = &mut self.chats[agent].turns;
            // All of it may have come before the answer.
            turns.entry(turn.to_owned()).or_default();
            return self.rest(agent).await;
        }
        // It is away, or went before it had taken the prompt.
        let kind = &message["error"]["data"]["kind"];
        assert_eq!(*kind, "unavailable", "{message}");
        self.park(agent);
        // Others that go on ask for it again; where there are none it is asked once more.
        if !self.is_waiting() {
            self.go_on().await;
        }
    }

    async fn event(&mut self, event: &Value) {
        let chat = event["session_id"].as_str().unwrap();
        let agent: usize = chat.rsplit_once('-').unwrap().1.parse().unwrap();
        let turn = event["turn_id"].as_str().unwrap();
        let chat = &mut self.chats[agent];
        let state = chat.turns.entry(turn.to_owned()).or_default();
        assert_eq!(*state, None, "something came after the end: {event}");
        match event["kind"].as_str().unwrap() {
            "prompt" => {}
            "token" => {
                chat.text.push_str(event["delta"].as_str().unwrap());
                self.storm.heard.add_permits(1);
            }
            _ => {
                let outcome = event["outcome"].as_str().unwrap();
                *state = Some(outcome.to_owned());
                let text = std::mem::take(&mut chat.text);
                match outcome {
                    "done" => assert_eq!(text, PROMPT, "{event}"),
                    "agent_gone" => assert!(PROMPT.starts_with(&text), "{text:?}: {event}"),
                    other => panic!("ended with {other}: {event}"),
                }
                self.rest(agent).await;
            }
        }
    }

    /// Goes on where a chat has nothing under way any more.
    async fn rest(&mut self, agent: usize) {
        let runs = self.chats[agent].turns.values().any(Option::is_none);
        // A turn may end after its request was refused, and be the last that there was.
        if !runs && (self.park(agent) || !self.is_waiting()) {
            self.go_on().await;
        }
    }

    /// Notes that a chat may be gone on with, once; answers whether it was not noted, or is asked already.
    fn park(&mut self, agent: usize) -> bool {
        let busy = self.asked.values().any(|asked| *asked == agent);
        let is_new = !busy && !self.parked.contains(&agent);
        if is_new {
            self.parked.push(agent);
        }
        is_new
    }

    /// Asks again: the chat that has waited for longest, and one more.
    async fn go_on(&mut self) {
        if self.storm.over.load(Ordering::Acquire) {
            return;
        }
        for _ in 0..2 {
            if !self.parked.is_empty() {
                let agent = self.parked.remove(0);
                self.ask(agent).await;
            }
        }
    }

    /// Holds what was told of a chat to what is kept of it; answers how many turns have ended.
    async fn check(&mut self, agent: usize) -> usize {
        let turns = std::mem::take(&mut self.chats[agent].turns);
        let mut kept = HashMap::new();
        let mut before = Value::Null;
        loop {
            let params = json!({ "session_id": self.chat(agent), "limit": 100, "before": before });
            let page = match self.client.ask("agents.chat.history", params).await {
                page if page["result"].is_object() => page["result"].clone(),
                // The agent was away whenever it was asked.
                _ => break,
            };
            for turn in page["turns"].as_array().unwrap() {
                let outcome = turn["outcome"].as_str();
                let outcome = outcome.unwrap_or_else(|| panic!("it has not ended: {turn}"));
                let id = turn["turn_id"].as_str().unwrap();
                let twice = kept.insert(id.to_owned(), outcome.to_owned());
                assert_eq!(twice, None, "{turn}");
                before = turn["number"].clone();
            }
            if page["more"] != true {
                break;
            }
        }
        for (turn, outcome) in &turns {
            assert_eq!(kept.get(turn), outcome.as_ref(), "{turn}");
        }
        turns.len()
    }
}

/// The program of the agents, where nobody else can change it.
fn program(sandbox: &Sandbox) -> PathBuf {
    let copy = sandbox.home().join("echo_agent");
    fs::copy(example("echo_agent"), &copy).unwrap();
    copy.canonicalize().unwrap()
}

/// An agent that starts something which hides from it, and then is the program.
async fn add(client: &mut TestClient, agent: usize, program: &Path) {
    let script = format!(
        "(setsid sleep 100000 >/dev/null 2>&1 &); exec {}",
        program.display()
    );
    let params = json!({
        "id": name(agent), "name": name(agent), "command": shell(), "args": ["-c", script],
        "restart": "always", "backoff_secs": 0, "max_restarts": 100_000,
    });
    client.call("agents.upsert", params).await;
    client
        .call("agents.start", json!({ "id": name(agent) }))
        .await;
}

/// Kills agents that are attached, each after so many pieces of text.
async fn kill(client: &mut TestClient, storm: &Storm, kills: usize, seed: u64) -> HashSet<usize> {
    let mut dice = SmallRng::seed_from_u64(seed);
    let mut killed = HashSet::new();
    let mut left = kills;
    while left > 0 {
        let pieces = dice.random_range(1..=60);
        let heard = storm.heard.acquire_many(pieces).await.unwrap();
        heard.forget();
        let there = attached(client).await;
        if there.len() > LEAST {
            let (agent, pid) = there[dice.random_range(0..there.len())];
            // It may just have ended by itself: another one has its place then.
            if kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).is_ok() {
                killed.insert(agent);
                left -= 1;
            }
        }
    }
    killed
}

async fn storm(kills: usize, seed: u64) {
    let sandbox = Sandbox::new();
    let log = sandbox.home().join("log");
    // Whatever else this machine does: an agent that is alive has its time. However long it goes on: what ended is kept.
    fs::create_dir(sandbox.root()).unwrap();
    let config = "[chat]\nack = '1m'\nturns_of_chat = 10000\nturns = 1000000\n";
    fs::write(sandbox.root().join("car.toml"), config).unwrap();
    let command = sandbox.command(&["--port", "0"]);
    let daemon = Program::start_logging(command, File::create(&log).unwrap());
    let mut client = host(&sandbox, &daemon).await;
    let program = program(&sandbox);
    for agent in 0..AGENTS {
        add(&mut client, agent, &program).await;
    }
    all_attached(&mut client).await;
    let mut clients = Vec::new();
    for _ in 0..HOSTS {
        clients.push(host(&sandbox, &daemon).await);
    }
    let before = descriptors(&daemon);
    let storm = Arc::new(Storm {
        heard: Semaphore::new(0),
        over: AtomicBool::new(false),
    });
    let mut askers = JoinSet::new();
    for (number, client) in clients.into_iter().enumerate() {
        let asker = Asker {
            client,
            number,
            storm: Arc::clone(&storm),
            chats: (0..AGENTS).map(|_| Chat::default()).collect(),
            asked: HashMap::new(),
            parked: Vec::new(),
        };
        askers.spawn(asker.run());
    }
    let killed = kill(&mut client, &storm, kills, seed).await;
    storm.over.store(true, Ordering::Release);
    let mut ended = 0;
    while let Some(asker) = askers.join_next().await {
        ended += asker.unwrap();
    }
    assert!(ended >= AGENTS * HOSTS / 2, "only {ended} turns took place");
    assert!(killed.len() > AGENTS / 4, "only {killed:?} were killed");

    // Nobody is locked out, and each answers.
    all_attached(&mut client).await;
    for agent in 0..AGENTS {
        let params = json!({ "agent_id": name(agent), "prompt": PROMPT });
        client.call("agents.chat", params).await;
        loop {
            let event = client.expect("agents.chat.event").await;
            if event["params"]["kind"] == "done" {
                break;
            }
        }
    }
    // Of each agent there is what it started last, and nothing of what it had started before.
    let names = descendants(&daemon);
    let hidden = names.iter().filter(|name| *name == "sleep").count();
    assert!(hidden <= AGENTS, "{names:?}");
    // The connections of those that asked are closed.
    let after = descriptors(&daemon);
    assert!(
        after <= before + LATE_DESCRIPTORS,
        "{after} descriptors, {before} before"
    );
    for agent in 0..AGENTS {
        let params = json!({ "id": name(agent), "signal": "kill" });
        client.call("agents.stop", params).await;
    }
    assert_eq!(descendants(&daemon), Vec::<String>::new());
    client.finish().await;
    daemon.signal(Signal::TERM);
    assert!(daemon.wait().0.success());
    let log = fs::read_to_string(log).unwrap();
    assert!(!log.contains("panicked") && !log.contains(r#""level":"ERROR""#));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_are_killed_at_random_while_chats_run_and_every_turn_ends_once() {
    let kills = wanted("CAR_AGENT_KILLS", KILLS);
    let seed = wanted("CAR_FAULT_FIRST", 0) as u64;
    let whole = Box::pin(storm(kills, seed));
    timeout(PATIENCE.max(Duration::from_secs(kills as u64 * 5)), whole)
        .await
        .unwrap_or_else(|_| panic!("it does not end in time"));
}
