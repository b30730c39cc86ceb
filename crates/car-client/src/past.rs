//! What a client that can come back remembers of its session: how it gets in again, how far it has read, and what it has
//! brought along.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::jsonrpc::{self, Message, decode_message, decode_params};
use car_protocol::method::{Method, ServerNotification as _};
use car_protocol::rpc::agents_chat::{Chat, ChatAccepted};
use car_protocol::rpc::events::{
    Cursor, Ended, EndedParams, Lagged, LaggedParams, Place, Since, SinceWord, Subscribe,
    SubscribeParams, Subscribed, Unsubscribe, UnsubscribeParams,
};
use car_protocol::rpc::host::{self, RegisterAgent, UnregisterAgent};
use car_protocol::rpc::session::{
    Auth, Authenticated, Closing, ClosingParams, Init, InitParams, Initialized, ResumeAttempt,
    ResumeToken,
};
use car_protocol::rpc::{policy, tools};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::answers::Answers;
use crate::reconnect::random;

/// Streams whose place is remembered. A daemon feeds about a thousand to a connection.
const MOST_STREAMS: usize = 8_192;
/// Things of each kind that are remembered to be registered again.
const MOST_THINGS: usize = 4_096;

/// The methods whose answers are looked at.
const OF_INTEREST: &[&str] = &[
    Auth::NAME,
    Init::NAME,
    Subscribe::NAME,
    Unsubscribe::NAME,
    Chat::NAME,
    tools::Register::NAME,
    tools::Unregister::NAME,
    policy::Register::NAME,
    policy::Unregister::NAME,
    RegisterAgent::NAME,
    UnregisterAgent::NAME,
];

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The newest token; none where the daemon gave none.
    pub(crate) token: Option<ResumeToken>,
    /// The last attempt to come back.
    attempt: Option<ResumeAttempt>,
    /// How long the daemon keeps the session.
    pub(crate) grace: Duration,
    /// The last event of each stream that came.
    pub(crate) seen: BTreeMap<String, Cursor>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) belongings: Belongings,
    /// Why there is no way back, where the daemon has said so.
    pub(crate) fenced: Option<String>,
}

/// What a client has brought into its session, as it was said.
#[derive(Debug, Default)]
pub(crate) struct Belongings {
    pub(crate) tools: BTreeMap<String, tools::ToolDefinition>,
    pub(crate) policies: BTreeMap<String, policy::PolicyDefinition>,
    pub(crate) agents: BTreeMap<String, Value>,
    pub(crate) subscriptions: Vec<SubscribeParams>,
}

impl Belongings {
    /// Nobody subscribes to these any more.
    fn forget(&mut self, names: &[String]) {
        for one in &mut self.subscriptions {
            one.streams.retain(|name| !names.contains(name));
        }
        self.subscriptions.retain(|one| !one.streams.is_empty());
    }
}

/// Where an event stands.
#[derive(Deserialize)]
pub(crate) struct Placed<'a> {
    #[serde(borrow)]
    pub(crate) stream: Cow<'a, str>,
    #[serde(default)]
    pub(crate) epoch: Option<u64>,
    #[serde(default)]
    pub(crate) seq: Option<u64>,
}

impl Placed<'_> {
    pub(crate) fn cursor(&self) -> Option<Cursor> {
        let (epoch, seq) = self.epoch.zip(self.seq)?;
        Some(Cursor { epoch, seq })
    }
}

impl Past {
    /// Another attempt to come back. One that is still on its way when its connection is lost does not take the session
    /// from a later one.
    pub(crate) fn attempts(&mut self) -> ResumeAttempt {
        let attempt = self.attempt.get_or_insert_with(|| ResumeAttempt {
            client: format!("{:016x}", random()),
            number: 0,
        });
        attempt.number += 1;
        attempt.clone()
    }

    /// Something was told.
    pub(crate) fn heard(&mut self, note: &jsonrpc::Notification<'_>) {
        match &*note.method {
            Lagged::NAME => {
                if let Ok(lagged) = decode_params::<LaggedParams>(note.params) {
                    self.lagged(&lagged);
                }
            }
            Ended::NAME => {
                if let Ok(ended) = decode_params::<EndedParams>(note.params) {
                    self.seen.remove(&ended.stream);
                }
            }
            Closing::NAME => {
                if let Ok(closing) = decode_params::<ClosingParams>(note.params)
                    && closing.reason == car_protocol::kind::FENCED
                {
                    self.fenced = Some(closing.message);
                }
            }
            _ => {
                let placed = note.params.map(|params| serde_json::from_str(params.get()));
                if let Some(Ok::<Placed<'_>, _>(placed)) = placed
                    && let Some(cursor) = placed.cursor()
                {
                    self.see(&placed.stream, cursor);
                }
            }
        }
    }

    /// A stream is read up to here.
    pub(crate) fn see(&mut self, stream: &str, cursor: Cursor) {
        if let Some(seen) = self.seen.get_mut(stream) {
            *seen = cursor;
        } else if self.seen.len() < MOST_STREAMS {
            self.seen.insert(stream.to_owned(), cursor);
        }
    }

    /// Events are gone. Where others of the same notice still come, those say how far it is.
    fn lagged(&mut self, lagged: &LaggedParams) {
        let all = lagged.to_seq.saturating_sub(lagged.from_seq) + 1;
        if lagged.skipped == all {
            let (epoch, seq) = (lagged.epoch, lagged.to_seq);
            self.see(&lagged.stream, Cursor { epoch, seq });
        }
    }

    /// A request has its result. In the order of the wire, so that an event which follows comes later.
    pub(crate) fn learn(&mut self, request: &str, result: &RawValue) {
        let Ok(Message::Request(request)) = decode_message(request) else {
            return;
        };
        if OF_INTEREST.contains(&&*request.method) {
            // What cannot be read is nothing that could be said again.
            let _ = self.take(&request, result.get());
        }
    }

    fn take(
        &mut self,
        request: &jsonrpc::Request<'_>,
        result: &str,
    ) -> Result<(), car_protocol::RpcError> {
        let held = &mut self.belongings;
        let unreadable = |_| car_protocol::RpcError::internal();
        match &*request.method {
            Auth::NAME => {
                let done: Authenticated = serde_json::from_str(result).map_err(unreadable)?;
                self.granted(done.resume_token, done.grace_ms);
            }
            Init::NAME => {
                let asked: InitParams = decode_params(request.params)?;
                let done: Initialized = serde_json::from_str(result).map_err(unreadable)?;
                let skipped = |name: &str| done.policies_skipped.iter().any(|one| one.name == name);
                for tool in asked.tools.into_iter().flatten() {
                    keep(&mut held.tools, tool.name.clone(), tool);
                }
                for policy in asked.policies.into_iter().flatten() {
                    if !skipped(&policy.name) {
                        keep(&mut held.policies, policy.name.clone(), policy);
                    }
                }
                self.granted(done.resume_token, done.grace_ms);
            }
            Subscribe::NAME => {
                let asked: SubscribeParams = decode_params(request.params)?;
                let done: Subscribed = serde_json::from_str(result).map_err(unreadable)?;
                for stream in done.streams {
                    self.see(&stream.stream, stream.from);
                }
                let held = &mut self.belongings;
                held.forget(&asked.streams);
                if held.subscriptions.len() < MOST_THINGS {
                    held.subscriptions.push(asked);
                }
            }
            Unsubscribe::NAME => {
                let asked: UnsubscribeParams = decode_params(request.params)?;
                held.forget(&asked.streams);
            }
            Chat::NAME => {
                let done: ChatAccepted = serde_json::from_str(result).map_err(unreadable)?;
                let known = self.seen.get(&done.stream).map(|seen| seen.epoch);
                if known != Some(done.from.epoch) {
                    self.see(&done.stream, done.from);
                }
            }
            tools::Register::NAME => {
                let asked: Vec<tools::ToolDefinition> = decode_params(request.params)?;
                for tool in asked {
                    keep(&mut held.tools, tool.name.clone(), tool);
                }
            }
            tools::Unregister::NAME => {
                let asked: tools::UnregisterParams = decode_params(request.params)?;
                held.tools.remove(&asked.name);
            }
            policy::Register::NAME => {
                let asked: policy::RegisterParams = decode_params(request.params)?;
                // Those of a scope end with the scope, and those of the daemon are no part of the session.
                if asked.session_id.is_none() && asked.scope.is_none() {
                    keep(&mut held.policies, asked.policy.name.clone(), asked.policy);
                }
            }
            policy::Unregister::NAME => {
                let asked: policy::UnregisterParams = decode_params(request.params)?;
                if asked.session_id.is_none() && asked.scope.is_none() {
                    held.policies.remove(&asked.name);
                }
            }
            RegisterAgent::NAME => {
                let mut asked: Value = decode_params(request.params)?;
                let done: host::HostAgent = serde_json::from_str(result).map_err(unreadable)?;
                // Under the name that it has, whoever chose it.
                if let Some(members) = asked.as_object_mut() {
                    members.insert("id".to_owned(), done.id.clone().into());
                }
                keep(&mut held.agents, done.id, asked);
            }
            UnregisterAgent::NAME => {
                let asked: host::AgentParams = decode_params(request.params)?;
                held.agents.remove(&asked.agent_id);
            }
            _ => {}
        }
        Ok(())
    }

    pub(crate) fn granted(&mut self, token: Option<ResumeToken>, grace_ms: Option<u64>) {
        if let Some(token) = token {
            self.token = Some(token);
            self.grace = Duration::from_millis(grace_ms.unwrap_or_default());
        }
    }

    /// What to ask for in order to go on with a subscription in another session: each stream after its last event. One
    /// that a pattern covers and that nobody has seen has begun meanwhile.
    pub(crate) fn again(&self, asked: &SubscribeParams) -> SubscribeParams {
        let mut places = BTreeMap::new();
        for name in &asked.streams {
            let Some(start) = name.strip_suffix('*') else {
                // The stream of the session itself has another name by now.
                let place = self.seen.get(name).map(|seen| Place::After(*seen));
                places.insert(name.clone(), place.unwrap_or(Place::Word(SinceWord::Start)));
                continue;
            };
            places.insert(name.clone(), Place::Word(SinceWord::Start));
            let covered = self.seen.iter().filter(|(seen, _)| seen.starts_with(start));
            places.extend(covered.map(|(seen, at)| (seen.clone(), Place::After(*at))));
        }
        SubscribeParams {
            streams: asked.streams.clone(),
            since: Some(Since::Places(places)),
            delivery: asked.delivery,
            snapshot: Some(false),
        }
    }
}

fn keep<T>(things: &mut BTreeMap<String, T>, name: String, thing: T) {
    if things.len() < MOST_THINGS || things.contains_key(&name) {
        things.insert(name, thing);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;

    fn learn(past: &mut Past, method: &str, params: &Value, result: &Value) {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        past.learn(&request.to_string(), &to_raw_value(result).unwrap());
    }

    fn hear(past: &mut Past, method: &str, params: &Value) {
        let note = json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string();
        match decode_message(&note) {
            Ok(Message::Notification(note)) => past.heard(&note),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_registered_is_remembered_until_it_is_taken_back() {
        let mut past = Past::default();
        let tools = json!([{ "name": "one" }, { "name": "two" }]);
        learn(&mut past, "tools.register", &tools, &json!(2));
        learn(
            &mut past,
            "tools.unregister",
            &json!({ "name": "one" }),
            &json!({ "removed": 1 }),
        );
        assert_eq!(past.belongings.tools.keys().collect::<Vec<_>>(), ["two"]);
        let policy = |name: &str, scope: &str| json!({ "name": name, "rule": "deny_tool", "target": "x", "session_id": scope });
        let result = json!({ "registered": "p" });
        learn(
            &mut past,
            "policy.register",
            &policy("scoped", "s"),
            &result,
        );
        let own = json!({ "name": "own", "rule": "deny_tool", "target": "x" });
        learn(&mut past, "policy.register", &own, &result);
        assert_eq!(past.belongings.policies.keys().collect::<Vec<_>>(), ["own"]);
    }

    #[test]
    fn the_place_of_a_stream_is_that_of_its_last_event_or_of_what_is_gone() {
        let mut past = Past::default();
        let event = |seq: u64| json!({ "stream": "host", "epoch": 1, "seq": seq, "kind": "x" });
        hear(&mut past, "host.event", &event(4));
        assert_eq!(past.seen["host"], Cursor { epoch: 1, seq: 4 });
        let lagged = |skipped: u64| json!({ "stream": "host", "epoch": 1, "from_seq": 5, "to_seq": 9, "skipped": skipped });
        hear(&mut past, "events.lagged", &lagged(3));
        assert_eq!(past.seen["host"].seq, 4);
        hear(&mut past, "events.lagged", &lagged(5));
        assert_eq!(past.seen["host"].seq, 9);
        let ended = json!({ "stream": "host", "epoch": 1, "seq": 9 });
        hear(&mut past, "events.ended", &ended);
        assert!(past.seen.is_empty());
    }

    #[test]
    fn a_subscription_goes_on_after_what_was_seen_and_from_the_start_of_what_was_not() {
        let mut past = Past::default();
        for stream in ["chat/a", "chat/b", "host"] {
            let event = json!({ "stream": stream, "epoch": 2, "seq": 7 });
            hear(&mut past, "some.event", &event);
        }
        let asked = SubscribeParams {
            streams: vec!["chat/*".to_owned(), "host".to_owned(), "session".to_owned()],
            ..SubscribeParams::default()
        };
        let again = serde_json::to_value(past.again(&asked)).unwrap();
        let seen = json!({ "epoch": 2, "seq": 7 });
        let since = json!({ "chat/*": "start", "chat/a": seen, "chat/b": seen, "host": seen, "session": "start" });
        assert_eq!(again["since"], since);
    }
}
