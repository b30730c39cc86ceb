//! Where log events go: to standard error, pretty or as JSON.
//!
//! Secrets have types that do not print themselves, and params of calls are not logged; nothing is filtered here.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::TryInitError;

use tracing_subscriber::prelude::*;

use crate::config::value::{LogFilter, LogFormat};

/// Starts logging for the whole process.
///
/// # Errors
/// Something else in this process logs already.
pub fn start(filter: &LogFilter, format: LogFormat) -> Result<(), TryInitError> {
    let terminal = io::stderr().is_terminal();
    let pretty = match format {
        LogFormat::Pretty => true,
        LogFormat::Auto => terminal,
        _ => false,
    };
    let layer = tracing_subscriber::fmt::layer()
        .with_span_events(FmtSpan::NONE)
        .with_writer(io::stderr);
    let layer = if pretty {
        layer.with_ansi(terminal).with_target(false).boxed()
    } else {
        layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .boxed()
    };
    tracing_subscriber::registry()
        .with(filter.to_filter())
        .with(layer)
        .try_init()
}
