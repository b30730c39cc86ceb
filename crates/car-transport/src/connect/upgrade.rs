use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf as _, BytesMut};
use car_state::sink::BoxSink;
use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL,
    UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::ConnectError;
use crate::handshake::{accept_key, has_token};
use crate::source::BoxSource;
use crate::websocket::{Config, Split, over};

/// How long the head of the answer may be, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// How much of a refusal's body is kept, in bytes.
const MAX_SAID: usize = 256;

/// Does the client's half of the handshake on a fresh stream. `host` goes into the `Host` header, `path` into the
/// request line.
///
/// # Errors
/// [`ConnectError`]; there is no deadline here.
pub async fn upgrade<IO: Split>(
    mut io: IO,
    host: &str,
    path: &str,
    config: &Config,
) -> Result<(BoxSink, BoxSource), ConnectError> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(std::io::Error::other)?;
    let key = STANDARD.encode(nonce);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    );
    io.write_all(request.as_bytes()).await?;
    io.flush().await?;

    let mut bytes = BytesMut::with_capacity(1 << 10);
    let head = loop {
        if io.read_buf(&mut bytes).await? == 0 {
            return Err(ConnectError::NotWebSocket("it closed the connection"));
        }
        if let Some(head) = Head::take(&mut bytes)? {
            break head;
        }
        if bytes.len() > MAX_HEAD {
            return Err(ConnectError::NotWebSocket("its answer has no end"));
        }
    };
    if head.status != StatusCode::SWITCHING_PROTOCOLS {
        return Err(head.refusal(&bytes));
    }
    head.check(&key)?;
    Ok(over(io, bytes.freeze(), config))
}

struct Head {
    status: StatusCode,
    headers: HeaderMap,
}

impl Head {
    /// Takes the head of an answer off the front, if it is whole.
    fn take(bytes: &mut BytesMut) -> Result<Option<Self>, ConnectError> {
        let unreadable = ConnectError::NotWebSocket("its answer is not HTTP");
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut fields);
        let size = match response.parse(bytes) {
            Ok(httparse::Status::Complete(size)) => size,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(unreadable),
        };
        let status = response
            .code
            .and_then(|code| StatusCode::from_u16(code).ok());
        let Some(status) = status else {
            return Err(unreadable);
        };
        let mut headers = HeaderMap::new();
        for field in response.headers.iter() {
            let name = HeaderName::from_bytes(field.name.as_bytes());
            let value = HeaderValue::from_bytes(field.value);
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(unreadable);
            };
            headers.append(name, value);
        }
        bytes.advance(size);
        Ok(Some(Self { status, headers }))
    }

    fn refusal(&self, body: &[u8]) -> ConnectError {
        let said = String::from_utf8_lossy(&body[..body.len().min(MAX_SAID)]);
        ConnectError::Refused {
            status: self.status,
            said: said.trim().to_owned(),
        }
    }

    /// Whether the server means what we asked for.
    fn check(&self, key: &str) -> Result<(), ConnectError> {
        let accept = self.headers.get(SEC_WEBSOCKET_ACCEPT);
        let wrong = if !has_token(&self.headers, &UPGRADE, "websocket")
            || !has_token(&self.headers, &CONNECTION, "upgrade")
        {
            "it switches to another protocol"
        } else if accept
            .is_none_or(|accept| accept.as_bytes() != accept_key(key.as_bytes()).as_bytes())
        {
            "it does not know the handshake"
        } else if self.headers.contains_key(SEC_WEBSOCKET_EXTENSIONS)
            || self.headers.contains_key(SEC_WEBSOCKET_PROTOCOL)
        {
            "it chose an extension or a protocol that was not offered"
        } else {
            return Ok(());
        };
        Err(ConnectError::NotWebSocket(wrong))
    }
}
