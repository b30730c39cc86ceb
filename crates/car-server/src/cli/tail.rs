//! `car-server events tail`.

use std::collections::BTreeMap;
use std::time::Duration;

use car_client::{CallError, Client, Notification};
use car_protocol::kind;
use car_protocol::method::ServerNotification as _;
use car_protocol::rpc::events::{
    Cursor, Lagged, Since, SinceWord, Subscribe, SubscribeParams, Subscribed,
};
use car_server::config::{Environment, Flags};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::sleep;

use super::failure::Failure;
use super::output;
use super::running::Running;

/// How long to wait for a daemon that went away before it is looked for again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is looked for before that is given up.
const PATIENCE: u32 = 60;
/// How long the daemon may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// What is to be followed.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) streams: Vec<String>,
    pub(super) since: SinceWord,
    pub(super) json: bool,
    /// After so many events that is enough.
    pub(super) count: Option<u64>,
}

/// Follows streams, also across the end of the daemon: what comes next is asked for by its place.
struct Tail {
    wanted: Wanted,
    /// The place of the last event that was printed, by stream.
    places: BTreeMap<String, Cursor>,
    left: Option<u64>,
}

/// The place of an event, which every notification of a stream carries.
#[derive(Deserialize)]
struct Placed {
    stream: String,
    epoch: u64,
    seq: u64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Why a connection is left.
enum Left {
    /// Enough was printed.
    Enough,
    /// The daemon is gone.
    Gone,
    /// Events were dropped on this side.
    Behind,
}

pub(super) fn run(flags: &Flags, environment: &Environment, wanted: Wanted) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::error)?;
    let left = wanted.count;
    let mut tail = Tail {
        wanted,
        places: BTreeMap::new(),
        left,
    };
    runtime.block_on(async {
        // The first time everything has to be right.
        let running = Running::find(flags, environment)?;
        let mut left = tail.follow(connect(&running).await?).await?;
        loop {
            if matches!(left, Left::Enough) {
                return Ok(());
            }
            if matches!(left, Left::Gone) {
                output::warn("the daemon is gone; looking for it");
            }
            let client = again(flags, environment).await?;
            left = tail.follow(client).await?;
        }
    })
}

/// Looks for the daemon until it is back.
pub(super) async fn again(flags: &Flags, environment: &Environment) -> Result<Client, Failure> {
    let mut tries = 0;
    loop {
        let found = Running::find(flags, environment);
        let connected = match &found {
            Ok(running) => connect(running).await,
            Err(_) => Err(Failure::error("the daemon did not come back")),
        };
        match connected {
            Ok(client) => return Ok(client),
            Err(failure) if tries == PATIENCE => return Err(failure),
            Err(_) => tries += 1,
        }
        sleep(PAUSE).await;
    }
}

pub(super) async fn connect(running: &Running) -> Result<Client, Failure> {
    let mut builder = Client::builder().deadline(DEADLINE);
    // Where authentication is off there is no token.
    if running.client_token()?.is_some() {
        builder = builder.host_token(running.host_token()?.expose());
    }
    Ok(builder.connect(running.target()).await?)
}

impl Tail {
    async fn follow(&mut self, client: Client) -> Result<Left, Failure> {
        let Some(mut notifications) = client.notifications() else {
            return Ok(Left::Gone);
        };
        let subscribed = match self.subscribe(&client).await {
            Err(CallError::Rpc(error)) if error.kind() == kind::RESYNC_REQUIRED => {
                output::warn("what came next is no longer kept; going on with the oldest that is");
                self.places.clear();
                self.wanted.since = SinceWord::Start;
                self.subscribe(&client).await
            }
            other => other,
        };
        let subscribed = match subscribed {
            Err(error @ CallError::Rpc(_)) => return Err(error.into()),
            Err(_) => return Ok(Left::Gone),
            Ok(subscribed) => subscribed,
        };
        // From here on by their whole names, by which places are given.
        self.wanted.streams.clear();
        for stream in subscribed.streams {
            self.wanted.streams.push(stream.stream.clone());
            self.places.insert(stream.stream, stream.from);
        }
        let left = loop {
            if self.left == Some(0) {
                break Left::Enough;
            }
            let Some(notification) = notifications.next().await else {
                break Left::Gone;
            };
            if !self.take(&notification)? {
                break Left::Behind;
            }
        };
        client.close().await;
        Ok(left)
    }

    async fn subscribe(&self, client: &Client) -> Result<Subscribed, CallError> {
        let since = if self.places.is_empty() {
            Since::All(self.wanted.since)
        } else {
            let places = self.places.iter();
            let places = places.map(|(stream, place)| (stream.clone(), (*place).into()));
            Since::Places(places.collect())
        };
        client
            .call::<Subscribe>(SubscribeParams {
                streams: self.wanted.streams.clone(),
                since: Some(since),
                delivery: None,
                snapshot: Some(false),
            })
            .await
    }

    /// Prints one event; `false` when others before it did not arrive.
    fn take(&mut self, notification: &Notification) -> Result<bool, Failure> {
        if let Some(lagged) = notification.read::<Lagged>() {
            output::warn(&format!(
                "{}: events {} to {} are no longer kept",
                lagged.stream, lagged.from_seq, lagged.to_seq
            ));
            let place = Cursor {
                epoch: lagged.epoch,
                seq: lagged.to_seq,
            };
            self.places.insert(lagged.stream, place);
            return Ok(true);
        }
        let params = notification.params.as_ref();
        let Some(event) = params.and_then(|raw| serde_json::from_str::<Placed>(raw.get()).ok())
        else {
            // What belongs to no stream was not asked for.
            return Ok(notification.method != Lagged::NAME);
        };
        let Some(place) = self.places.get_mut(&event.stream) else {
            return Ok(true);
        };
        if event.seq <= place.seq && event.epoch == place.epoch {
            return Ok(true);
        }
        if event.seq != place.seq + 1 {
            return Ok(false);
        }
        place.seq = event.seq;
        self.left = self.left.map(|left| left.saturating_sub(1));
        match params {
            Some(raw) if self.wanted.json => output::print(&format!("{}\n", raw.get()))?,
            _ => output::print(&line(event))?,
        }
        Ok(true)
    }
}

/// An event for a person.
fn line(mut event: Placed) -> String {
    let mut text = |name: &str| match event.rest.remove(name) {
        Some(Value::String(text)) => text,
        _ => "–".to_owned(),
    };
    let (at, kind) = (text("timestamp"), text("kind"));
    let rest = Value::Object(event.rest);
    format!("{at}  {}#{}  {kind}  {rest}\n", event.stream, event.seq)
}
