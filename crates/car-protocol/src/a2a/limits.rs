//! Every bound of the A2A messages, in one place. The [`Reader`](super::Reader) enforces them while it parses: what
//! breaks one is refused before anything larger than the text itself has been built.

/// Bytes of one JSON text, unless the [`Reader`](super::Reader) is told otherwise.
pub const MAX_PAYLOAD_BYTES: usize = 512 * 1024;

/// How deep arrays and objects may nest, the outermost included.
pub const MAX_DEPTH: usize = 64;

/// Bytes of one id: of a task, a context, a message, an artifact, a push configuration.
pub const MAX_ID_BYTES: usize = 256;

/// How many violations of one text are reported; those after it are counted.
pub const MAX_VIOLATIONS: usize = 64;

/// Characters of a peer's own words that an error repeats.
pub const MAX_QUOTED_CHARS: usize = 64;

/// Tasks on one page of `ListTasks`, at most (A2A 1.0, §3.1.4).
pub const MAX_PAGE_SIZE: u32 = 100;

/// Tasks on one page of `ListTasks` when the client names no number.
pub const DEFAULT_PAGE_SIZE: u32 = 50;

/// Signatures of one agent card that are tried, at most.
pub const MAX_SIGNATURES: usize = 16;
