//! The metrics page, in the text format of OpenMetrics 1.0 (which is Prometheus' own format, made strict).
//!
//! Labels have few values: methods and kinds of the protocol, families, lanes, reasons. No id and no name that a
//! client chose is ever one. Methods and kinds that nothing was counted under are left out.

use std::fmt;

use car_protocol::rpc::diagnostics::ProcessStatus;
use car_protocol::rpc::server::ServerStatus;
use car_state::outcomes::KeptCounts;
use car_state::quota::{Account, Resource};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;

use super::Operations;
use super::counts::{Class, Counts};
use super::process;
use crate::VERSION;

/// What the page is.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The page.
pub(super) fn page(operations: &Operations) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Look::at(operations)));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// One or two labels and a number.
type Series<const N: usize> = ([(&'static str, &'static str); N], u64);

/// Every number of one look.
#[derive(Debug)]
struct Look {
    status: ServerStatus,
    process: ProcessStatus,
    counts: Counts,
    opened: u64,
    ended: Vec<Series<1>>,
    resumes: Vec<Series<1>>,
    http_refused: Vec<Series<1>>,
    requests: Vec<Series<2>>,
    errors: Vec<Series<1>>,
    events: Vec<Series<1>>,
    drops: Vec<Series<1>>,
    kept: KeptCounts,
    repeats: Vec<Series<1>>,
    keys_refused: Vec<Series<1>>,
    identity_use: Vec<Series<2>>,
    identity_refused: Vec<Series<2>>,
    budget_limit: u64,
    budget_held: Vec<Series<1>>,
    payments: Vec<Series<1>>,
    durable: Vec<Timed>,
    append_seconds: f64,
    appends: Vec<(f64, u64)>,
}

impl Look {
    fn at(operations: &Operations) -> Self {
        let traffic = operations.state.traffic();
        let appends = operations.state.appends();
        let budget = operations.state.budget();
        let paid = budget.paid();
        let payments = [
            ("given_back", paid.given_back.get()),
            ("let_go", paid.let_go.get()),
            ("evicted", paid.evicted.get()),
            ("closed", paid.closed.get()),
        ];
        let drops = [
            ("outbox_full", traffic.frames_dropped()),
            ("retention", traffic.events_lost()),
            ("coalesced", traffic.events_replaced()),
            ("memory_budget", paid.evicted.get()),
            ("log_refused", appends.refused()),
        ];
        Self {
            status: operations.info.status(),
            process: process::status(),
            counts: Counts::gather(operations),
            opened: operations.life.opened(),
            ended: labelled("reason", operations.life.ended()),
            resumes: labelled("event", operations.state.resumes().counts.all()),
            http_refused: labelled("reason", operations.refusals.counts()),
            requests: traffic
                .requests()
                .filter(|(_, _, count)| *count > 0)
                .map(|(method, outcome, count)| {
                    ([("method", method), ("outcome", outcome.as_str())], count)
                })
                .collect(),
            errors: labelled("kind", traffic.errors().filter(|(_, count)| *count > 0)),
            events: labelled("family", appends.families()),
            drops: labelled("reason", drops),
            kept: operations.state.outcomes().counts(),
            repeats: labelled("how", operations.state.outcomes().repeats()),
            keys_refused: labelled("reason", operations.state.outcomes().refusals()),
            identity_use: identities(operations, |account| {
                account.in_use().map(|(what, used)| (what, used as u64))
            }),
            identity_refused: identities(operations, Account::refused),
            budget_limit: budget.limit() as u64,
            budget_held: labelled(
                "holder",
                [
                    ("outboxes", budget.outboxes() as u64),
                    ("rings", budget.rings() as u64),
                ],
            ),
            payments: labelled("how", payments),
            durable: durable(operations),
            append_seconds: appends.durations().sum(),
            appends: appends.durations().classes().collect(),
        }
    }
}

/// A histogram of one label: its label, the sum in seconds, and the classes.
type Timed = ([(&'static str, &'static str); 1], f64, Vec<(f64, u64)>);

/// How long events take until they are durable, where they ever are.
fn durable(operations: &Operations) -> Vec<Timed> {
    let waits = operations.state.durable_after();
    let timed = waits.into_iter().map(|(durability, durations)| {
        let label = [("durability", durability.as_str())];
        (label, durations.sum(), durations.classes().collect())
    });
    timed.collect()
}

/// Series of one label.
fn labelled(
    label: &'static str,
    counts: impl IntoIterator<Item = (&'static str, u64)>,
) -> Vec<Series<1>> {
    let counts = counts.into_iter();
    counts
        .map(|(value, count)| ([(label, value)], count))
        .collect()
}

/// A series for each identity and resource.
fn identities<'a, I: Iterator<Item = (Resource, u64)>>(
    operations: &'a Operations,
    numbers: impl Fn(&'a Account) -> I,
) -> Vec<Series<2>> {
    let accounts = operations.state.quotas().all();
    let series = accounts.flat_map(|account| {
        let identity = account.class().as_str();
        numbers(account).map(move |(what, number)| {
            let labels = [("identity", identity), ("resource", what.as_str())];
            (labels, number)
        })
    });
    series.collect()
}

impl Collector for Look {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        self.daemon(&mut page)?;
        self.clients(&mut page)?;
        self.keys(&mut page)?;
        self.identities(&mut page)?;
        self.queues(&mut page)?;
        self.log(&mut page)?;
        self.process(&mut page)
    }
}

impl Look {
    fn daemon(&self, page: &mut Page<'_>) -> fmt::Result {
        let build = [
            ("version", VERSION),
            ("os", std::env::consts::OS),
            ("arch", std::env::consts::ARCH),
        ];
        page.gauges("car_build_info", "What runs; always 1", &[(build, 1)])?;
        let help = "For how long the daemon has run";
        page.seconds("car_uptime_seconds", help, seconds(self.status.uptime_ms))?;
        let draining = u64::from(self.status.shutting_down);
        page.gauge("car_shutting_down", "1 while the daemon drains", draining)
    }

    fn clients(&self, page: &mut Page<'_>) -> fmt::Result {
        let status = &self.status;
        page.gauge("car_connections", "Open connections", status.connections)?;
        let help = "Connections that were opened";
        page.counters("car_connections_opened", help, &[([], self.opened)])?;
        let help = "Connections that are over, by reason";
        page.counters("car_connections_ended", help, &self.ended)?;
        let help = "HTTP requests and handshakes that were refused, by reason";
        page.counters("car_http_refused", help, &self.http_refused)?;
        page.gauge("car_sessions", "Live sessions", status.sessions)?;
        let queues = &self.counts.queues;
        let help = "Sessions without a connection, which wait for their clients";
        page.gauge("car_sessions_detached", help, queues.sessions_detached)?;
        let help = "Sessions of before the start of the daemon whose clients may come back";
        page.gauge("car_sessions_noted", help, queues.sessions_noted)?;
        let help = "Bytes of replies that are kept until they are known to have arrived";
        page.gauge("car_kept_reply_bytes", help, queues.reply_bytes)?;
        let help = "What happened to sessions that can be resumed";
        page.counters("car_session_resumes", help, &self.resumes)?;
        let help = "Requests under way or with an answer that is not written";
        page.gauge("car_requests_in_flight", help, status.requests_in_flight)?;
        let help = "Requests that have ended, by method and outcome";
        page.counters("car_requests", help, &self.requests)?;
        let help = "Requests that were answered with an error, by its kind";
        page.counters("car_request_errors", help, &self.errors)?;
        let help = "Callbacks that wait for a client";
        page.gauge("car_callbacks_open", help, status.callbacks_open)?;
        let help = "Approvals that wait for a person";
        page.gauge("car_approvals_pending", help, status.approvals_pending)?;
        page.gauge("car_host_agents", "Registered agents", status.host_agents)
    }

    fn keys(&self, page: &mut Page<'_>) -> fmt::Result {
        let (running, ended) = (self.kept.running as u64, self.kept.ended as u64);
        let help = "Idempotency keys: of calls under way, and of those that have ended";
        let states = [
            ([("state", "running")], running),
            ([("state", "ended")], ended),
        ];
        page.gauges("car_outcome_keys", help, &states)?;
        let help = "Bytes of the answers that are kept for them";
        page.gauge("car_outcome_bytes", help, self.kept.bytes as u64)?;
        let help =
            "Calls that had the answer of another one with their key: joined under way, or kept";
        page.counters("car_outcome_repeats", help, &self.repeats)?;
        let help = "Calls with a key that were refused, by reason";
        page.counters("car_outcome_refused", help, &self.keys_refused)
    }

    fn identities(&self, page: &mut Page<'_>) -> fmt::Result {
        let help = "What each identity takes now";
        page.gauges("car_identity_in_use", help, &self.identity_use)?;
        let help = "What each identity was refused";
        page.counters("car_identity_refused", help, &self.identity_refused)
    }

    fn queues(&self, page: &mut Page<'_>) -> fmt::Result {
        let queues = &self.counts.queues;
        let classes = &self.counts.classes;
        let each = |of: fn(&Class) -> u64| {
            let rows = [
                ("lossless", &classes.lossless),
                ("coalesce", &classes.coalesce),
            ];
            rows.map(|(class, row)| ([("lane", "bulk"), ("class", class)], of(row)))
        };
        let lanes = |fast, bulk| [([("lane", "fast")], fast), ([("lane", "bulk")], bulk)];
        let help = "Frames that are not written yet, over all connections";
        let fast = [([("lane", "fast")], queues.fast_frames)];
        page.gauges("car_queue_frames", help, &fast)?;
        let help = "Bytes that are here for a connection alone and are not written yet";
        let bytes = lanes(queues.fast_bytes, queues.bulk_bytes);
        page.gauges("car_queue_bytes", help, &bytes)?;
        let help = "Events that are not written to their subscribers yet";
        page.gauges("car_lag_events", help, &each(|class| class.lag))?;
        let help = "The same of the subscription that is furthest behind";
        page.gauges("car_lag_events_max", help, &each(|class| class.most))?;
        let help = "Streams that are fed to connections";
        page.gauges(
            "car_subscriptions",
            help,
            &each(|class| class.subscriptions),
        )?;
        let help = "What connections and streams may hold in memory together";
        page.gauge("car_memory_budget_limit_bytes", help, self.budget_limit)?;
        let help = "What they hold";
        page.gauges("car_memory_budget_bytes", help, &self.budget_held)?;
        let help = "What was paid to stay inside that: times, events, events, connections";
        page.counters("car_memory_budget_paid", help, &self.payments)?;
        let help = "Bytes of the requests under way";
        page.gauge("car_request_bytes", help, queues.request_bytes)?;
        let help = "Connections whose socket takes nothing at the moment";
        page.gauge("car_stalled_connections", help, queues.stalled_connections)?;
        let help = "The longest time that a socket has taken nothing now";
        let longest = self.counts.longest_stall.as_secs_f64();
        page.seconds("car_stall_seconds_max", help, longest)?;
        let help = "What was dropped: frames at a full outbox, events by retention or by the log";
        page.counters("car_dropped", help, &self.drops)
    }

    fn log(&self, page: &mut Page<'_>) -> fmt::Result {
        page.gauge("car_streams", "Streams of events", self.status.streams)?;
        let help = "Events that were appended to the log, by family";
        page.counters("car_events", help, &self.events)?;
        let help = "How long appending an event took, of families that are stored";
        page.histogram(
            "car_log_append_seconds",
            help,
            self.append_seconds,
            &self.appends,
        )?;
        if self.durable.is_empty() {
            return Ok(());
        }
        let help = "How long it took until appended events were as durable as their family demands";
        page.histograms("car_log_durable_seconds", help, &self.durable)
    }

    fn process(&self, page: &mut Page<'_>) -> fmt::Result {
        let started = seconds(u64::try_from(self.status.started_at.unix_millis()).unwrap_or(0));
        let help = "When the daemon started, since 1970-01-01T00:00:00Z";
        page.seconds("process_start_time_seconds", help, started)?;
        let numbers = [
            (
                "process_resident_memory_bytes",
                "Memory that is resident",
                self.process.resident_bytes,
            ),
            (
                "process_open_fds",
                "Descriptors that are open",
                self.process.open_descriptors,
            ),
            (
                "process_max_fds",
                "Descriptors that may be open",
                self.process.max_descriptors,
            ),
            ("process_threads", "Threads", self.process.threads),
        ];
        for (name, help, number) in numbers {
            if let Some(number) = number {
                page.gauge(name, help, number)?;
            }
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1e3
}

/// The page as it is written.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.0
            .encode_descriptor(name, help, None, MetricType::Gauge)?
            .encode_gauge(&value)
    }

    fn seconds(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.0
            .encode_descriptor(name, help, None, MetricType::Gauge)?
            .encode_gauge(&value)
    }

    fn gauges<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        series: &[Series<N>],
    ) -> fmt::Result {
        let mut family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in series {
            family.encode_family(labels)?.encode_gauge(value)?;
        }
        Ok(())
    }

    /// The name is written with `_total` behind it.
    fn counters<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        series: &[Series<N>],
    ) -> fmt::Result {
        let mut family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in series {
            let plain = None::<&Exemplar<NoLabelSet, u64>>;
            if N == 0 {
                family.encode_counter(value, plain)?;
            } else {
                family.encode_family(labels)?.encode_counter(value, plain)?;
            }
        }
        Ok(())
    }

    fn histograms(&mut self, name: &str, help: &str, rows: &[Timed]) -> fmt::Result {
        let mut family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (labels, sum, classes) in rows {
            let count = classes.iter().map(|(_, count)| count).sum();
            family
                .encode_family(labels)?
                .encode_histogram::<NoLabelSet>(*sum, count, classes, None)?;
        }
        Ok(())
    }

    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        sum: f64,
        classes: &[(f64, u64)],
    ) -> fmt::Result {
        let count = classes.iter().map(|(_, count)| count).sum();
        self.0
            .encode_descriptor(name, help, None, MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(sum, count, classes, None)
    }
}
