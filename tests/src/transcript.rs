//! A conversation as a reviewer reads it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use car_protocol::snapshot::Normalizer;
use parking_lot::Mutex;
use tokio::time::Instant;

/// What was said, by whom, in order. Clones write to the same page.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<Mutex<Page>>);

#[derive(Debug, Default)]
struct Page {
    text: String,
    /// When the last line was written, where the page tells the time.
    last: Option<Instant>,
    /// What frames look like on the page.
    normalizer: Normalizer,
}

impl Transcript {
    /// A page that notes how much time passes between two lines. For a paused clock: another one never says the same
    /// twice.
    #[must_use]
    pub fn timed() -> Self {
        let page = Page {
            last: Some(Instant::now()),
            normalizer: Normalizer::new().ids("resume_token", "resume token"),
            ..Page::default()
        };
        Self(Arc::new(Mutex::new(page)))
    }

    /// Writes `shown` in the place of `secret` from now on.
    pub fn hide(&self, secret: impl Into<String>, shown: &'static str) {
        self.0.lock().normalizer.hide(secret, shown);
    }

    /// What a client sends.
    pub fn said(&self, client: &str, frame: &str) {
        self.0.lock().line(client, "-->", frame);
    }

    /// What a client reads.
    pub fn heard(&self, client: &str, frame: &str) {
        self.0.lock().line(client, "<--", frame);
    }

    /// A remark.
    pub fn remark(&self, text: &str) {
        let mut page = self.0.lock();
        page.pass_time();
        page.text.push_str(&format!("# {text}\n"));
    }
}

impl Page {
    fn line(&mut self, client: &str, arrow: &str, frame: &str) {
        self.pass_time();
        let frame = self.normalizer.frame(frame);
        self.text.push_str(&format!("{client} {arrow} {frame}\n"));
    }

    fn pass_time(&mut self) {
        let Some(last) = self.last else { return };
        let passed = Duration::from_millis(
            u64::try_from(last.elapsed().as_millis()).expect("tests take less than an aeon"),
        );
        if !passed.is_zero() {
            self.text.push_str(&format!("# {passed:?} later\n"));
        }
        self.last = Some(Instant::now());
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.lock().text)
    }
}
