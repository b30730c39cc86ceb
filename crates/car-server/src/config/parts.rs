//! What the daemon is made of, as this configuration wants it.

use std::sync::Arc;

use car_state::approval::ApprovalGate;
use car_state::approval::route::{Route, RouteName, RouteTable};
use car_state::chat::ChatLimits;
use car_state::engine::EngineLimits;
use car_state::outcomes::OutcomeLimits;
use car_state::policy::{GlobalPolicies, PolicyError};
use car_state::quota::{Class, IdentityLimits};
use car_state::results::ResultLimits;
use car_state::voice::{VoiceAgents, VoiceLimits};
use car_transport::Limits;
use car_transport::handshake::{InvalidRule, Rules};

#[cfg(feature = "voice")]
use car_voice::stt::SttError;
#[cfg(feature = "voice")]
use car_voice::stt::command::{CommandStt, Program};

use super::Config;
#[cfg(feature = "voice")]
use super::value::Recogniser;
use crate::desktop::Desktop;
#[cfg(feature = "voice")]
use crate::hearing::Hearing;
#[cfg(unix)]
use crate::routes::CommandRoute;
use crate::routes::DesktopRoute;

impl Config {
    /// The bounds of connections.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::default().with(|limits| {
            limits.connections = self.limits_connections.value.0;
            limits.message_bytes = self.limits_message_bytes.value.0;
            limits.pre_auth_message_bytes = self.limits_pre_auth_message_bytes.value.0;
            limits.outbox.requests = self.limits_outbox_requests.value.0;
            limits.outbox.request_bytes = self.limits_outbox_request_bytes.value.0;
            limits.outbox.frames = self.limits_outbox_frames.value.0;
            limits.outbox.bytes = self.limits_outbox_bytes.value.0;
            limits.outbox.turn_bytes = self.limits_outbox_turn_bytes.value.0;
            limits.outbox.subscriptions = self.limits_outbox_subscriptions.value.0;
            limits.session.grace = self.limits_session_grace.value.0;
            limits.session.detached = self.limits_session_detached.value.0;
            limits.session.replies = self.limits_session_replies.value.0;
            limits.session.reply_bytes = self.limits_session_reply_bytes.value.0;
            limits.outbox.covered = self.limits_outbox_covered.value.0;
            limits.memory_budget_bytes = self.limits_memory_budget_bytes.value.0;
            limits.parked_approvals = self.limits_parked_approvals.value.0;
            limits.header_timeout = self.limits_header_timeout.value.0;
            limits.header_bytes = self.limits_header_bytes.value.0;
            limits.auth_deadline = self.limits_auth_deadline.value.0;
            limits.auth_failure_delay = self.limits_auth_failure_delay.value;
            limits.auth_failures =
                u32::try_from(self.limits_auth_failures.value.0).unwrap_or(u32::MAX);
            limits.ping_interval = self.limits_ping_interval.value.0;
            limits.silence = self.limits_silence.value.0;
            limits.write_deadline = self.limits_write_deadline.value.0;
            limits.close_deadline = self.limits_close_deadline.value.0;
            limits.drain = self.drain_time.value;
            limits.read_buffer_bytes = self.limits_read_buffer_bytes.value.0;
            limits.write_threshold_bytes = self.limits_write_threshold_bytes.value.0;
            limits.linger_looks =
                u32::try_from(self.limits_linger_looks.value.0).unwrap_or(u32::MAX);
        })
    }

    /// What the identities of a class may take.
    #[must_use]
    pub fn identity_limits(&self, class: Class) -> IdentityLimits {
        IdentityLimits {
            connections: self.identity_connections.value.of(class).0,
            sessions: self.identity_sessions.value.of(class).0,
            calls: self.identity_calls.value.of(class).0,
            subscriptions: self.identity_subscriptions.value.of(class).0,
            approvals: self.identity_approvals.value.of(class).0,
            rate: self.identity_rate.value.of(class).0,
        }
    }

    /// How much is kept of calls that have an idempotency key.
    #[must_use]
    pub fn outcome_limits(&self) -> OutcomeLimits {
        OutcomeLimits {
            keys: self.outcomes_keys.value.0,
            bytes: self.outcomes_bytes.value.0,
            result_bytes: self.outcomes_result_bytes.value.0,
            age: self.outcomes_age.value.0,
            ..OutcomeLimits::default()
        }
    }

    /// How much is taken on of chats.
    #[must_use]
    pub fn chat_limits(&self) -> ChatLimits {
        ChatLimits {
            ack: self.chat_ack.value.0,
            idle: self.chat_idle.value.0,
            total: self.chat_total.value.0,
            chats: self.chat_chats.value.0,
            waiting: self.chat_waiting.value.0,
            text_bytes: self.chat_text_bytes.value.0,
            kept_of_chat: self.chat_turns_of_chat.value.0,
            kept: self.chat_turns.value.0,
            age: self.chat_age.value.0,
            ..ChatLimits::default()
        }
    }

    /// The bounds of proposals.
    #[must_use]
    pub fn engine_limits(&self) -> EngineLimits {
        EngineLimits {
            cancel_grace: self.cancel_grace.value,
            result_bytes: self.results_inline_bytes.value.0,
            ..EngineLimits::default()
        }
    }

    /// Which hosts are served and which pages may connect. The address that is listened on is a host of its own: what
    /// names it cannot be a page that only pretends to be here.
    ///
    /// # Errors
    /// Never for a loaded configuration: its values were tried.
    pub fn rules(&self) -> Result<Rules, InvalidRule> {
        let mut rules = Rules::default();
        if !self.bind.value.is_unspecified() {
            let address = self.address().to_string();
            rules = rules.allow_host(&address)?;
        }
        for host in &self.allowed_hosts.value {
            rules = rules.allow_host(host.as_str())?;
        }
        for origin in &self.allowed_origins.value {
            rules = rules.allow_origin(origin.as_str())?;
        }
        Ok(rules)
    }

    /// The bounds of stored results.
    #[must_use]
    pub fn result_limits(&self) -> ResultLimits {
        ResultLimits {
            entries: self.results_entries.value.0,
            bytes: self.results_total_bytes.value.0 as u64,
            session_bytes: self.results_session_bytes.value.0 as u64,
            keep: self.results_keep.value.0,
        }
    }

    /// How many streams of audio there may be, and how long each.
    #[must_use]
    pub fn voice_limits(&self) -> VoiceLimits {
        VoiceLimits {
            session: self.voice_streams.value.0,
            total: self.voice_total.value.0,
            longest: self.voice_longest.value.0,
            grace: self.voice_grace.value.0,
            ..VoiceLimits::default()
        }
    }

    /// Who answers turns of voice that name nobody.
    #[must_use]
    pub fn voice_agents(&self) -> VoiceAgents {
        let mut agents = self.voice_agents.value.iter().cloned();
        VoiceAgents {
            fast: agents.next(),
            sidecar: agents.next(),
        }
    }

    /// What hears audio, with the recognisers that are programs.
    ///
    /// # Errors
    /// Never for a loaded configuration: its commands were tried.
    #[cfg(feature = "voice")]
    pub fn hearing(&self) -> Result<Hearing, SttError> {
        let mut hearing = Hearing::new();
        for Recogniser { name, command } in &self.voice_providers.value {
            let Some((path, args)) = command.split_first() else {
                continue;
            };
            let program = Program {
                path: path.into(),
                args: args.to_vec(),
                env: Vec::new(),
            };
            let stt = CommandStt::new(name, program)?;
            hearing = hearing.with(Arc::new(stt), format!("the program {path}"));
        }
        Ok(hearing)
    }

    /// The policies of all sessions.
    ///
    /// # Errors
    /// Never for a loaded configuration: its policies were tried.
    pub fn global_policies(&self) -> Result<GlobalPolicies, PolicyError> {
        let definitions = self.policies.value.iter();
        GlobalPolicies::fixed(definitions.map(|policy| policy.0.clone()).collect())
    }

    /// How a person hears of a question when no host is connected.
    #[must_use]
    pub fn approval_routes(&self, desktop: &Arc<Desktop>) -> RouteTable {
        let mut routes: Vec<Arc<dyn Route>> = Vec::new();
        for word in &self.approvals_routes.value {
            match word.0 {
                RouteName::Desktop => routes.push(Arc::new(DesktopRoute::new(Arc::clone(desktop)))),
                #[cfg(unix)]
                RouteName::Command => {
                    let deadline = self.approvals_command_timeout.value.0;
                    let command = CommandRoute::new(&self.approvals_command.value, deadline);
                    routes.extend(command.map(|command| Arc::new(command) as Arc<dyn Route>));
                }
                #[cfg(not(unix))]
                RouteName::Command => {}
            }
        }
        RouteTable::new(routes)
    }

    /// Which calls need a person.
    #[must_use]
    pub fn approval_gate(&self) -> ApprovalGate {
        if self.no_approvals.value {
            return ApprovalGate::disabled();
        }
        let methods = self.gate.value.iter().map(|method| method.as_str());
        let gate = methods.fold(ApprovalGate::from_table(), ApprovalGate::with_method);
        let gate = self
            .gate_tools
            .value
            .iter()
            .fold(gate, ApprovalGate::with_tool);
        gate.with_timeout(self.gate_timeout.value)
            .with_reach(self.gate_reach.value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Environment, Flags};
    use super::*;

    fn load(toml: &str, flags: Flags) -> Config {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("car.toml"), toml).unwrap();
        let flags = flags.with("home", root.path().to_str().unwrap());
        Config::load(&flags, &Environment::default()).unwrap()
    }

    #[test]
    fn without_configuration_the_limits_are_those_of_the_transport() {
        assert_eq!(load("", Flags::default()).limits(), Limits::default());
    }

    #[test]
    fn every_limit_can_be_set_by_its_name() {
        let defaults = load("", Flags::default());
        for shown in defaults.shown() {
            let Some(name) = shown.spec.key.and_then(|key| key.strip_prefix("limits.")) else {
                continue;
            };
            let other = match shown.value {
                crate::config::Raw::Integer(number) => (number + 1).to_string(),
                _ if name.ends_with("bytes") => "12345".to_owned(),
                _ if name == "silence" => "'7m'".to_owned(),
                _ => "'7s'".to_owned(),
            };
            let changed = load(&format!("[limits]\n{name} = {other}\n"), Flags::default());
            assert_ne!(changed.limits(), Limits::default(), "{name}");
        }
    }

    #[test]
    fn no_limit_is_left_out() {
        // `Limits { connections: …, outbox: OutboxLimits { requests: …, … }, … }`
        let shown = format!("{:?}", Limits::default());
        let options = crate::config::OPTIONS;
        let mut prefix = "limits.";
        for word in shown.split_whitespace().skip(2) {
            if let Some(name) = word.strip_suffix(':') {
                let key = format!("{prefix}{name}");
                let known = options.iter().any(|option| option.key == Some(&key));
                assert!(
                    known
                        || ["limits.outbox", "limits.session", "limits.drain"]
                            .contains(&key.as_str()),
                    "{key}"
                );
            } else if word == "OutboxLimits" {
                prefix = "limits.outbox.";
            } else if word == "ResumeLimits" {
                prefix = "limits.session.";
            } else if word.starts_with('}') {
                prefix = "limits.";
            }
        }
    }

    #[test]
    fn what_an_identity_may_take_and_what_is_kept_can_be_set() {
        let defaults = load("", Flags::default());
        for class in Class::ALL {
            let usual = IdentityLimits::of(class);
            assert_eq!(defaults.identity_limits(class), usual, "{class:?}");
        }
        assert_eq!(defaults.outcome_limits(), OutcomeLimits::default());
        let config = load(
            "[identity]\nconnections = 1\nsessions = 2\ncalls = [3, 'host=30']\nsubscriptions = 4\napprovals = [5, 'host=50']\nrate = ['unlimited', 'client=5']\n\
             [outcomes]\nkeys = 6\nbytes = 7\nresult_bytes = 8\nage = '9s'\n",
            Flags::default(),
        );
        let client = config.identity_limits(Class::Client);
        let counts = [
            client.connections,
            client.sessions,
            client.calls,
            client.subscriptions,
            client.approvals,
        ];
        assert_eq!(counts, [1, 2, 3, 4, 5]);
        assert_eq!(client.rate.map(std::num::NonZero::get), Some(5));
        let host = config.identity_limits(Class::Host);
        assert_eq!((host.calls, host.approvals, host.rate), (30, 50, None));
        let kept = config.outcome_limits();
        assert_eq!((kept.keys, kept.bytes, kept.result_bytes), (6, 7, 8));
        assert_eq!(kept.age.as_secs(), 9);
    }

    #[test]
    fn what_is_taken_on_of_chats_can_be_set() {
        let defaults = load("", Flags::default());
        assert_eq!(defaults.chat_limits(), ChatLimits::default());
        let config = load(
            "[chat]\nack = '1s'\nidle = '2s'\ntotal = '3s'\nchats = 4\nwaiting = 5\ntext_bytes = 6\n\
             turns_of_chat = 7\nturns = 8\nage = '9s'\n",
            Flags::default(),
        );
        let limits = config.chat_limits();
        let times = [limits.ack, limits.idle, limits.total, limits.age];
        assert_eq!(times.map(|time| time.as_secs()), [1, 2, 3, 9]);
        let counts = [
            limits.chats,
            limits.waiting,
            limits.text_bytes,
            limits.kept_of_chat,
            limits.kept,
        ];
        assert_eq!(counts, [4, 5, 6, 7, 8]);
    }

    #[test]
    fn the_gate_is_that_of_the_table_and_what_is_added() {
        let gate = load(
            "gate_timeout = '5s'",
            Flags::default()
                .with("gate", "verify")
                .with("gate_tools", "rm"),
        )
        .approval_gate();
        assert!(gate.requires_approval("verify") && gate.requires_approval("state.clear"));
        assert!(gate.tool_requires_approval("rm"));
        assert_eq!(gate.timeout().as_secs(), 5);
        let open = load(
            "",
            Flags::default()
                .with("gate", "verify")
                .with("no_approvals", "true"),
        );
        assert!(!open.approval_gate().requires_approval("verify"));
    }

    #[cfg(unix)]
    #[test]
    fn the_routes_are_those_that_are_wanted_and_there() {
        let desktop = Arc::default();
        let names = |toml: &str| {
            load(toml, Flags::default())
                .approval_routes(&desktop)
                .plan(&[])
        };
        assert_eq!(names(""), [RouteName::Desktop]);
        let both = "[approvals]\nroutes = ['command', 'desktop']\ncommand = ['tell', '-q']\n";
        assert_eq!(names(both), [RouteName::Command, RouteName::Desktop]);
        assert_eq!(names("[approvals]\nroutes = []\ncommand = ['tell']\n"), []);
    }

    #[test]
    fn the_address_that_is_listened_on_is_served() {
        let flags = Flags::default().with("bind", "192.0.2.1");
        let wanted = Rules::default().allow_host("192.0.2.1").unwrap();
        assert_eq!(load("", flags).rules(), Ok(wanted));
    }
}
