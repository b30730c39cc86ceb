use std::sync::Arc;

use car_protocol::rpc::approvals::Approval;
use car_state::approval::route::{Route, RouteName};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::desktop::{Desktop, Note};

/// How much of the arguments a notification shows, in bytes.
const MAX_SHOWN: usize = 512;

/// A notification on the desktop of the machine. It stays until somebody has seen it.
#[derive(Debug)]
pub struct DesktopRoute(Arc<Desktop>);

impl DesktopRoute {
    /// Over this desktop.
    #[must_use]
    pub fn new(desktop: Arc<Desktop>) -> Self {
        Self(desktop)
    }

    async fn show(&self, approval: Approval) -> Result<String, String> {
        let (title, body) = words(&approval);
        let note = Note {
            title: &title,
            body: &body,
            sound: None,
            urgent: true,
        };
        match self.0.show(note).await {
            Ok(_) => Ok("a notification was shown".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Route for DesktopRoute {
    fn name(&self) -> RouteName {
        RouteName::Desktop
    }

    fn tell(&self, approval: Approval) -> BoxFuture<'_, Result<String, String>> {
        self.show(approval).boxed()
    }
}

/// What a person reads: what is to be done, why they are asked, and how they decide.
fn words(approval: &Approval) -> (String, String) {
    let act = approval.act.as_ref();
    let what = act.and_then(|act| act.method.as_deref().or(act.tool.as_deref()));
    let title = format!("May this run? {}", what.unwrap_or(&approval.action));
    let mut lines = Vec::new();
    if let Some(because) = act.and_then(|act| act.because.as_deref()) {
        lines.push(because.to_owned());
    }
    let shown = act.map_or(&approval.details, |act| &act.preview);
    if !shown.is_null() {
        let mut text = shown.to_string();
        if text.len() > MAX_SHOWN {
            text.truncate(text.floor_char_boundary(MAX_SHOWN));
            text.push('…');
        }
        lines.push(text);
    }
    lines.push(format!("car-server approvals show {}", approval.id));
    (title, lines.join("\n"))
}
