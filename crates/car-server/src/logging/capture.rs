//! Takes warnings and errors out of the stream of log events.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use car_state::clock::{Clock, SystemClock};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::config::secret::{HIDDEN, is_secret};
use crate::operations::Notices;

/// A layer that writes what it is given into [`Notices`].
pub(super) struct Capture {
    notices: Arc<Notices>,
    clock: Arc<dyn Clock>,
}

impl Capture {
    pub(super) fn into(notices: Arc<Notices>) -> Self {
        Self {
            notices,
            clock: Arc::new(SystemClock),
        }
    }
}

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let level = match *metadata.level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            _ => return,
        };
        let mut said = Said::default();
        event.record(&mut said);
        let text = said.message + &said.fields;
        self.notices
            .add(self.clock.now(), level, metadata.target(), text);
    }
}

/// An event as one line: what it says, then its fields.
#[derive(Default)]
struct Said {
    message: String,
    fields: String,
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name if is_secret(name) => write!(self.fields, " {name}={HIDDEN}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::prelude::*;

    use super::*;

    #[test]
    fn warnings_and_errors_are_kept_with_their_fields_but_no_secret() {
        let notices = Arc::<Notices>::default();
        let capture = Capture::into(Arc::clone(&notices)).with_filter(LevelFilter::WARN);
        let subscriber = tracing_subscriber::registry().with(capture);
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("nothing to worry about");
            tracing::warn!(limit = 7, name = "tcp", "no room");
            tracing::error!(token = "abc", error = %"broken", "it failed");
        });
        let said: Vec<_> = notices
            .all()
            .into_iter()
            .map(|notice| (notice.level, notice.message))
            .collect();
        let wanted = [
            ("warn", "no room limit=7 name=\"tcp\""),
            ("error", "it failed token=(hidden) error=broken"),
        ];
        assert_eq!(said, wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }
}
