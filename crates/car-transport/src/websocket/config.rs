use tokio_tungstenite::tungstenite::protocol::{self, WebSocketConfig};

use crate::limits::Limits;

/// Which end of the connection this is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// The end that accepted: what it reads is masked, what it writes is not.
    Server,
    /// The end that dialled: the other way round.
    Client,
}

impl From<Role> for protocol::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Server => Self::Server,
            Role::Client => Self::Client,
        }
    }
}

/// Sizes of one connection, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Which end this is.
    pub role: Role,
    /// The longest message that is taken at first, over all of its fragments. Beyond it: close code 1009.
    pub max_message: usize,
    /// The longest message that may ever be taken on this connection.
    pub longest_message: usize,
    /// The block that is read into, which stays; messages longer than it get a buffer that does not.
    pub read_buffer: usize,
    /// How much is collected before it is written without being flushed. At most this and one frame are held.
    pub write_threshold: usize,
}

impl Config {
    /// The server's end before authentication: short messages.
    #[must_use]
    pub const fn server(limits: &Limits) -> Self {
        Self {
            role: Role::Server,
            max_message: limits.pre_auth_message_bytes,
            longest_message: limits.message_bytes,
            read_buffer: limits.read_buffer_bytes,
            write_threshold: limits.write_threshold_bytes,
        }
    }

    /// The client's end.
    #[must_use]
    pub const fn client(limits: &Limits) -> Self {
        Self {
            role: Role::Client,
            max_message: limits.message_bytes,
            longest_message: limits.message_bytes,
            read_buffer: limits.read_buffer_bytes,
            write_threshold: limits.write_threshold_bytes,
        }
    }

    /// The same with another longest message, from the first to the last.
    #[must_use]
    pub const fn with_max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes;
        self.longest_message = bytes;
        self
    }

    /// The same for the library.
    pub(crate) fn sizes(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(self.read_buffer)
            .write_buffer_size(self.write_threshold)
            // What waits to be written is bounded by the outbox; here it is the threshold and one frame.
            .max_write_buffer_size(usize::MAX)
            .max_message_size(Some(self.longest_message))
            .max_frame_size(Some(self.longest_message))
    }
}
