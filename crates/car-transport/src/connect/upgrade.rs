use car_state::sink::BoxSink;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::ConnectError;
use crate::source::BoxSource;
use crate::websocket::{Config, Meter, Stream, halves};

/// How much of a refusal's body is kept, in bytes.
const MAX_SAID: usize = 256;

/// Does the client's half of the handshake on a fresh stream. `host` goes into the `Host` header, `path` into the
/// request line.
///
/// # Errors
/// [`ConnectError`]; there is no deadline here.
pub async fn upgrade<IO: Stream>(
    io: IO,
    host: &str,
    path: &str,
    config: &Config,
) -> Result<(BoxSink, BoxSource), ConnectError> {
    let request = format!("ws://{host}{path}")
        .into_client_request()
        .map_err(connect_error)?;
    let meter = Meter::new(io, bytes::Bytes::new(), config);
    let upgraded = client_async_with_config(request, meter, Some(config.sizes())).await;
    let (socket, _response) = upgraded.map_err(connect_error)?;
    Ok(halves(socket, config))
}

fn connect_error(error: Error) -> ConnectError {
    match error {
        Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            let said = String::from_utf8_lossy(&body[..body.len().min(MAX_SAID)])
                .trim()
                .to_owned();
            ConnectError::Refused {
                status: response.status(),
                said,
            }
        }
        Error::Io(error) => ConnectError::Io(error),
        other => ConnectError::NotWebSocket(other.to_string()),
    }
}
