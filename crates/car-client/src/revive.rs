//! The first words on another connection: a session goes on, or another one takes its place.

use std::collections::VecDeque;

use car_protocol::RpcError;
use car_protocol::jsonrpc::Id;
use car_protocol::kind;
use car_protocol::rpc::host::RegisterAgent;
use car_protocol::rpc::server::Handshake;
use car_protocol::rpc::session::{Auth, BELONGINGS, Resume, ResumeParams, Resumed};
use car_protocol::rpc::{policy, tools};
use car_transport::{Duplex, connect};
use serde_json::Value;

use crate::builder::handshake;
use crate::doubt::{Doubtful, settle};
use crate::exchange::Exchange;
use crate::keeper::WayBack;
use crate::outgoing::Outgoing;
use crate::past::Past;
use crate::reader::{Reader, never_heard, not_kept};
use crate::reconnect::Resumption;

/// A connection with a session.
pub(crate) struct Revived {
    pub(crate) duplex: Duplex,
    /// What is to be sent before everything else.
    pub(crate) again: VecDeque<Outgoing>,
    pub(crate) resumption: Resumption,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Another attempt may go better.
    Passing(String),
    /// It will not.
    Final(String),
}

impl Trouble {
    #[expect(clippy::needless_pass_by_value, reason = "errors are mapped with it")]
    pub(crate) fn unreachable(error: connect::ConnectError) -> Self {
        Self::Passing(error.to_string())
    }

    /// The daemon refuses.
    fn refused(what: &str, error: &RpcError) -> Self {
        let why = format!("{what}: {error}");
        if passes(error) {
            Self::Passing(why)
        } else {
            Self::Final(why)
        }
    }
}

/// Whether the same call may succeed later.
fn passes(error: &RpcError) -> bool {
    let retryable = error.data.as_ref().is_some_and(|data| data.retryable);
    retryable || [kind::OVERLOADED, kind::RATE_LIMITED, kind::SHUTTING_DOWN].contains(&error.kind())
}

/// Goes on with the session on this connection, or, where the daemon does not have it any more, with another one.
pub(crate) async fn revive(
    reader: &mut Reader,
    duplex: Duplex,
    way_back: &WayBack,
) -> Result<Revived, Trouble> {
    let past = reader.past.as_ref();
    let ran = past.map(|past| past.answers.running()).unwrap_or_default();
    let mut exchange = Exchange { reader, duplex };
    let (again, resumption) = match resume(&mut exchange, way_back).await? {
        Some(resumed) => go_on(&mut exchange, resumed, &ran).await?,
        None => begin_anew(&mut exchange, way_back).await?,
    };
    if way_back.handshake {
        let agreed = exchange.ask::<Handshake>(&handshake()).await?;
        agreed.map_err(|error| Trouble::refused("the daemon refuses the handshake", &error))?;
    }
    Ok(Revived {
        duplex: exchange.duplex,
        again,
        resumption,
    })
}

/// Presents the token; none where it is worth nothing any more.
async fn resume(
    exchange: &mut Exchange<'_>,
    way_back: &WayBack,
) -> Result<Option<Resumed>, Trouble> {
    let waiting = exchange.reader.pending.written();
    let Some(past) = &mut exchange.reader.past else {
        return Ok(None);
    };
    let Some(token) = past.token.clone() else {
        return Ok(None);
    };
    let grace = way_back.reconnect.grace;
    let params = ResumeParams {
        token,
        seen: Some(past.seen.clone()),
        waiting: Some(waiting.iter().map(|(id, _)| Value::from(*id)).collect()),
        attempt: Some(past.attempts()),
        grace_ms: grace.map(|grace| u64::try_from(grace.as_millis()).unwrap_or(u64::MAX)),
    };
    match exchange.ask::<Resume>(&params).await? {
        Ok(resumed) => Ok(Some(resumed)),
        Err(error) if error.kind() == kind::FENCED || passes(&error) => {
            Err(Trouble::refused("the session is not resumed", &error))
        }
        Err(error) => {
            tracing::info!(%error, "the session is not resumed");
            if let Some(past) = &mut exchange.reader.past {
                past.token = None;
            }
            Ok(None)
        }
    }
}

/// The session is the same.
async fn go_on(
    exchange: &mut Exchange<'_>,
    resumed: Resumed,
    ran: &[String],
) -> Result<(VecDeque<Outgoing>, Resumption), Trouble> {
    let reader = &mut *exchange.reader;
    if resumed.restarted {
        reader.begin_anew();
    }
    for reply in &resumed.replies {
        reader.text(&reply.to_string());
    }
    let written = reader.pending.written();
    let Some(past) = &mut reader.past else {
        return Ok(Default::default());
    };
    past.granted(Some(resumed.resume_token), Some(resumed.grace_ms));
    let life = past.answers.life();
    let owed = past.answers.owed(&resumed.callbacks, ran);
    for unwanted in &owed.unwanted {
        reader.abort(unwanted);
    }
    let mut again: VecDeque<Outgoing> = owed
        .answers
        .into_iter()
        .chain(owed.unheard.iter().map(|id| never_heard(&Id::string(id))))
        .chain(owed.not_kept.iter().map(|id| not_kept(&Id::string(id))))
        .map(|text| Outgoing::answer(life, text))
        .collect();
    let mut resumption = Resumption {
        begun_anew: false,
        restarted: resumed.restarted,
        restored: resumed.restored,
        lost: resumed.lost,
        ..Resumption::default()
    };
    let mut unfed = Vec::new();
    for stream in resumed.streams {
        let reader = &mut *exchange.reader;
        reader.begins(&stream.stream, stream.from);
        match (stream.resync_required, stream.from) {
            (None, _) => {}
            (Some(oldest), Some(_)) => {
                reader.subscriptions.resync(&stream.stream, oldest);
                resumption.resync.insert(stream.stream, oldest);
            }
            (Some(oldest), None) => unfed.push((stream.stream, oldest)),
        }
    }
    for (stream, oldest) in unfed {
        let resync = &mut resumption.resync;
        exchange.follow(&stream, Some(oldest), resync).await?;
    }
    let lost = std::mem::take(&mut resumption.lost);
    for name in lost {
        let registered = exchange.register(&name).await?;
        let list = match registered {
            Some(true) => &mut resumption.restored,
            _ => &mut resumption.lost,
        };
        list.push(name);
    }
    let has = |ids: &[Value], id: i64| ids.iter().any(|one| one.as_i64() == Some(id));
    for (id, kept) in written {
        if has(&resumed.running, id) {
            continue;
        }
        let doubtful = if has(&resumed.not_seen, id) {
            Doubtful::NotSeen
        } else if has(&resumed.replies_lost, id) {
            Doubtful::Done
        } else {
            Doubtful::Unknown
        };
        again.extend(settle(exchange, id, &kept, doubtful).await?);
    }
    Ok((again, resumption))
}

/// The daemon knows nothing of the session.
async fn begin_anew(
    exchange: &mut Exchange<'_>,
    way_back: &WayBack,
) -> Result<(VecDeque<Outgoing>, Resumption), Trouble> {
    let authenticated = exchange.ask::<Auth>(&way_back.auth).await?;
    let authenticated = authenticated
        .map_err(|error| Trouble::refused("the daemon refuses the credential", &error))?;
    exchange.reader.begin_anew();
    let written = exchange.reader.pending.written();
    if let Some(past) = &mut exchange.reader.past {
        past.token = None;
        past.granted(authenticated.resume_token, authenticated.grace_ms);
    }
    let mut resumption = Resumption {
        begun_anew: true,
        ..Resumption::default()
    };
    for name in BELONGINGS {
        let there = match *name {
            "subscriptions" => Some(exchange.subscribe_again(&mut resumption.resync).await?),
            name => exchange.register(name).await?,
        };
        let list = match there {
            Some(true) => &mut resumption.restored,
            _ => &mut resumption.lost,
        };
        list.push((*name).to_owned());
    }
    let mut again = VecDeque::new();
    for (id, kept) in written {
        again.extend(settle(exchange, id, &kept, Doubtful::Unknown).await?);
    }
    Ok((again, resumption))
}

impl Exchange<'_> {
    /// Registers what this client has brought along once more; whether all of it went well. None for what is not its own
    /// to register.
    async fn register(&mut self, name: &str) -> Result<Option<bool>, Trouble> {
        let Some(Past { belongings, .. }) = self.reader.past.as_deref() else {
            return Ok(None);
        };
        let mut well = true;
        match name {
            "tools" => {
                let tools: Vec<_> = belongings.tools.values().cloned().collect();
                if !tools.is_empty() {
                    well = self.ask::<tools::Register>(&tools).await?.is_ok();
                }
            }
            "policies" => {
                let policies: Vec<_> = belongings.policies.values().cloned().collect();
                for policy in policies {
                    let params = policy::RegisterParams {
                        policy,
                        session_id: None,
                        scope: None,
                    };
                    well &= self.ask::<policy::Register>(&params).await?.is_ok();
                }
            }
            "agents" => {
                let agents: Vec<_> = belongings.agents.values().cloned().collect();
                for agent in agents {
                    well &= self.ask_as::<RegisterAgent, _>(&agent).await?.is_ok();
                }
            }
            _ => return Ok(None),
        }
        Ok(Some(well))
    }
}
