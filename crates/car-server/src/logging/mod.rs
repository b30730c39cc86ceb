//! Where log events go: to standard error, pretty or as JSON, and the last warnings and errors into [`Notices`].
//!
//! Secrets have types that do not print themselves, and params of calls are not logged; nothing is filtered here.

mod capture;

use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::util::TryInitError;

use tracing_subscriber::prelude::*;

use self::capture::Capture;
use crate::config::value::{LogFilter, LogFormat};
use crate::operations::Notices;

/// Starts logging for the whole process. What it answers is filled with the last warnings and errors, whatever the
/// filter says about standard error.
///
/// # Errors
/// Something else in this process logs already.
pub fn start(filter: &LogFilter, format: LogFormat) -> Result<Arc<Notices>, TryInitError> {
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
    let notices = Arc::<Notices>::default();
    let capture = Capture::into(Arc::clone(&notices));
    tracing_subscriber::registry()
        .with(layer.with_filter(filter.to_filter()))
        .with(capture.with_filter(LevelFilter::WARN))
        .try_init()?;
    Ok(notices)
}
