//! The metrics page, in the text format of OpenMetrics 1.0 (which is Prometheus' own format, made strict).
//!
//! Labels have few values: methods and kinds of the protocol, families, lanes, reasons. No id and no name that a
//! client chose is ever one. Methods and kinds that nothing was counted under are left out.

use std::fmt;

use car_protocol::rpc::diagnostics::ProcessStatus;
use car_protocol::rpc::server::ServerStatus;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;

use super::Operations;
use super::counts::Counts;
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
    append_seconds: f64,
    appends: Vec<(f64, u64)>,
}

impl Look {
    fn at(operations: &Operations) -> Self {
        let traffic = operations.state.traffic();
        let appends = operations.state.appends();
        let drops = [
            ("outbox_full", traffic.frames_dropped()),
            ("retention", traffic.events_lost()),
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
            append_seconds: appends.durations().sum(),
            appends: appends.durations().classes().collect(),
        }
    }
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

impl Collector for Look {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        self.daemon(&mut page)?;
        self.clients(&mut page)?;
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

    fn queues(&self, page: &mut Page<'_>) -> fmt::Result {
        let queues = &self.counts.queues;
        let fast = |count| [([("lane", "fast")], count)];
        let bulk = |count| [([("lane", "bulk")], count)];
        let help = "Frames that are not written yet, over all connections";
        page.gauges("car_queue_frames", help, &fast(queues.fast_frames))?;
        let help = "Bytes that are not written yet, over all connections";
        page.gauges("car_queue_bytes", help, &fast(queues.fast_bytes))?;
        let help = "Events that are not written to their subscribers yet";
        page.gauges("car_lag_events", help, &bulk(queues.bulk_lag_events))?;
        let help = "The same of the subscription that is furthest behind";
        page.gauges("car_lag_events_max", help, &bulk(queues.bulk_lag_most))?;
        let help = "Streams that are fed to connections";
        page.gauge("car_subscriptions", help, queues.subscriptions)?;
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
        let help = "How long appending an event took";
        page.histogram(
            "car_log_append_seconds",
            help,
            self.append_seconds,
            &self.appends,
        )
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
