//! `notifications.*`.

use std::sync::Arc;

use car_protocol::rpc::notifications::{Local, LocalParams, Shown};
use car_protocol::{RpcError, kind};

use crate::cx::Cx;
use crate::desktop::{Desktop, DesktopError, Note};
use crate::failure::Failure;
use crate::router::{Route, Routes};

/// The bounds of each text, in bytes.
const MAX_TITLE: usize = 256;
const MAX_BODY: usize = 4 * 1024;
const MAX_SOUND: usize = 128;

pub(super) fn routes(desktop: Arc<Desktop>) -> Vec<Route> {
    Routes::with(desktop).on::<Local, _>(show).into_routes()
}

async fn show(desktop: Arc<Desktop>, _: Cx, params: LocalParams) -> Result<Shown, Failure> {
    bounded("title", Some(&params.title), 1, MAX_TITLE)?;
    bounded("body", Some(&params.body), 0, MAX_BODY)?;
    bounded("subtitle", params.subtitle.as_deref(), 0, MAX_TITLE)?;
    bounded("sound", params.sound.as_deref(), 0, MAX_SOUND)?;
    // The desktop of this platform knows a title and a body.
    let body = match &params.subtitle {
        Some(subtitle) if !subtitle.is_empty() => format!("{subtitle}\n{}", params.body),
        _ => params.body,
    };
    let note = Note {
        title: &params.title,
        body: &body,
        sound: params.sound.as_deref().filter(|sound| !sound.is_empty()),
        urgent: false,
    };
    let id = desktop.show(note).await?;
    Ok(Shown { shown: true, id })
}

fn bounded(
    field: &'static str,
    text: Option<&str>,
    least: usize,
    most: usize,
) -> Result<(), Failure> {
    let length = text.map_or(least, str::len);
    if (least..=most).contains(&length) {
        return Ok(());
    }
    let message = format!("{field} is {least} to {most} bytes");
    Err(RpcError::invalid_params(Some(field), message)
        .with_limit(most as u64)
        .into())
}

impl From<DesktopError> for Failure {
    fn from(error: DesktopError) -> Self {
        RpcError::domain(kind::UNAVAILABLE, error.to_string()).into()
    }
}
