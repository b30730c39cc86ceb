//! `agents.chat*`: prompts to an agent, and what it says.
//!
//! A chat is named by its `session_id` and has one turn at a time; each ends exactly once, with an event whose `kind` is
//! `done` or `error` and whose `outcome` says how.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::events::Cursor;
use super::results::{ChunkEncoding, ResultHandle};
use crate::Timestamp;

crate::methods! {
    /// Sends a prompt to an agent. Answers when the agent has taken it, within 5 seconds, or says why it has not.
    ///
    /// The agent is one that is attached with `session.auth`, or one that a client registered with
    /// `host.register_agent`. What it says comes as `agents.chat.event`, also to everybody who subscribes to the stream
    /// `chat/<session_id>`.
    #[mutates]
    Chat = "agents.chat" (ChatParams) -> ChatAccepted;

    /// Ends the running turn of a chat, and those that wait behind it. The agent is told.
    #[mutates]
    Cancel = "agents.chat.cancel" (CancelParams) -> Cancelled;

    /// The turns of a chat, newest first. They are kept beyond the end of the daemon.
    History = "agents.chat.history" (HistoryParams) -> ChatHistory;

    /// The chats, the one that changed last first.
    List = "agents.chat.list" (ListParams) -> ChatList;

    /// What an agent says in a chat. Taken from the session alone that was given the prompt; usually a notification.
    #[mutates]
    Say = "agent.chat.event" (SayParams) -> Said;
}

crate::callbacks! {
    /// Gives an agent a prompt. Any result means that the agent has taken it, an error that it has not.
    Prompt = "agent.chat" (PromptParams) -> Value;
}

crate::notifications! {
    /// Something happened in a chat.
    Event = "agents.chat.event" (ChatEvent);

    /// Tells an agent that nobody wants the rest of a turn. What it says about it from now on is dropped.
    CancelPrompt = "agent.chat.cancel" (CancelPromptParams);
}

/// What becomes of a chat when the client that began it goes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatOnDisconnect"))]
#[serde(rename_all = "snake_case")]
pub enum OnDisconnect {
    /// It goes on.
    #[default]
    Detach,
    /// It is cancelled, with the outcome `host_gone`.
    Cancel,
}

/// What becomes of a prompt while a turn of the same chat runs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatWhenBusy"))]
#[serde(rename_all = "snake_case")]
pub enum WhenBusy {
    /// It is refused with `conflict`.
    #[default]
    Reject,
    /// It waits for its turn.
    Queue,
    /// The turn that runs is cancelled, and those that wait.
    Interrupt,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatOutcome"))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The agent is done.
    Done,
    /// The agent failed, or refused the prompt.
    Error,
    /// Somebody cancelled it.
    Cancelled,
    /// The agent's session has ended, another one took its place, or the daemon was started again.
    AgentGone,
    /// The client that began it has gone, and wanted that.
    HostGone,
    /// The agent took too long: to take the prompt, to say something, or in all.
    Timeout,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::AgentGone => "agent_gone",
            Self::HostGone => "host_gone",
            Self::Timeout => "timeout",
        }
    }
}

/// Something that comes with a prompt or with what an agent says.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatAttachmentGiven"))]
pub struct Attach {
    /// 1 to 256 bytes.
    pub name: String,
    /// The content: a text as it is, everything else as JSON.
    pub content: Value,
    /// What the content is, where it is a text: `image/png`, `text/markdown`; 1 to 128 bytes. When left out plain text, or
    /// `application/octet-stream` where it is `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// How bytes stand in the content: `text` when left out. Of `base64`, with padding, the bytes are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<ChunkEncoding>,
}

/// Something that came along, to be read with `results.read`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatAttachment"))]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its content.
    pub handle: ResultHandle,
}

/// Params of `agents.chat`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatParams"))]
pub struct ChatParams {
    /// The agent.
    pub agent_id: String,
    /// What to say to it; at most 1 MiB.
    pub prompt: String,
    /// The chat that it goes on with, of letters, digits and `-_.:@`, at most 128 bytes; a new one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Whether the agent is to speak as it thinks; `true` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Whether the prompt was spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice_input: Option<bool>,
    /// At most 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<Attach>>,
    /// Where the agent is to work, as an absolute path, if it heeds that; counts in the first turn of a chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// What becomes of it when the caller's session ends; `detach` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disconnect: Option<OnDisconnect>,
    /// What becomes of it while a turn of this chat runs; `reject` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when_busy: Option<WhenBusy>,
    /// How long the agent may be silent, in milliseconds; what the daemon allows when left out, and at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout_ms: Option<u64>,
    /// How long the turn may take in all, in milliseconds, waiting for its turn included; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// Result of `agents.chat`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatAccepted"))]
pub struct ChatAccepted {
    /// Always `true`.
    pub accepted: bool,
    /// The chat.
    pub session_id: String,
    /// The turn.
    pub turn_id: String,
    /// Whether it waits for others of this chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<bool>,
    /// The stream that tells of it.
    pub stream: String,
    /// The place in it before the turn's prompt.
    pub from: Cursor,
}

/// Params of `agents.chat.cancel`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatCancelParams"))]
pub struct CancelParams {
    /// The chat.
    pub session_id: String,
    /// Only this turn, whether it runs or waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<String>,
}

/// Result of `agents.chat.cancel`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatCancelled"))]
pub struct Cancelled {
    /// Whether there was something to cancel.
    pub cancelled: bool,
    /// The chat, where there was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Why there was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Params of `agents.chat.history`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatHistoryParams"))]
pub struct HistoryParams {
    /// The chat.
    pub session_id: String,
    /// Only turns before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// 1 to 100; 20 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Result of `agents.chat.history`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatHistory {
    /// The chat.
    pub session_id: String,
    /// Newest first.
    pub turns: Vec<Turn>,
    /// Whether there are older ones: ask again with `before`.
    pub more: bool,
}

/// One turn of a chat.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatTurn"))]
pub struct Turn {
    /// Its number; the newest has the highest.
    pub number: u64,
    /// Its id.
    pub turn_id: String,
    /// The agent.
    pub agent_id: String,
    /// What it was asked, without secrets that go by their names.
    pub prompt: String,
    /// What it said, likewise: its tokens one after the other, at most 1 MiB of them. Of a turn that the daemon did not outlive,
    /// as far as it was written down.
    pub text: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; absent while it runs or waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Params of `agents.chat.list`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatListParams"))]
pub struct ListParams {
    /// Only those with this agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Only those with a turn that runs or waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
}

/// Result of `agents.chat.list`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatList {
    /// The one that changed last first; at most 1,000.
    pub chats: Vec<ChatRow>,
}

/// One chat.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatRow {
    /// Its id.
    pub session_id: String,
    /// The agent.
    pub agent_id: String,
    /// Its stream.
    pub stream: String,
    /// The turn that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<String>,
    /// How many turns wait.
    pub waiting: u64,
    /// When it last changed: a turn began or ended.
    pub updated_at: Timestamp,
    /// How its last turn ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_outcome: Option<Outcome>,
}

/// Params of `agent.chat`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatPromptParams"))]
pub struct PromptParams {
    /// The chat, to be named in what is said about it.
    pub session_id: String,
    /// What is said to the agent.
    pub prompt: String,
    /// Whether the agent is to speak as it thinks.
    pub stream: bool,
    /// Who asks, and how.
    pub context: PromptContext,
    /// The turn.
    #[serde(default)]
    pub turn_id: String,
    /// The agent that is meant, where a session speaks for several.
    #[serde(default)]
    pub agent_id: String,
    /// What came along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Where the agent is to work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
}

/// Who asks an agent.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatPromptContext"))]
pub struct PromptContext {
    /// The session that asks.
    pub host_client_id: String,
    /// Whether the prompt was spoken.
    pub voice_input: bool,
}

/// Params of `agent.chat.cancel`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatCancelPromptParams"))]
pub struct CancelPromptParams {
    /// The chat.
    pub session_id: String,
    /// The turn.
    #[serde(default)]
    pub turn_id: String,
    /// Why: how the turn ended.
    #[serde(default)]
    pub reason: String,
}

/// Params of `agent.chat.event`. Members beside these are passed on.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatSayParams"))]
pub struct SayParams {
    /// The chat.
    pub session_id: String,
    /// `token`, `tool_call`, `done`, `error`, or a word of the agent's own of at most 64 bytes. The words that the daemon
    /// says itself are not taken: `prompt`, `approval_pending`, `approval_resolved`.
    pub kind: String,
    /// The turn; the one that runs when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_id: Option<String>,
    /// The text of a `token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<String>,
    /// Whatever belongs to it, for example the tool and its parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    /// Why it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// What went wrong, usually a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// At most 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<Attach>>,
    /// The others.
    #[serde(flatten)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub rest: Map<String, Value>,
}

/// Result of `agent.chat.event`, where it is a request.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatSaid"))]
pub struct Said {
    /// `false` where the turn has ended already.
    pub taken: bool,
}

/// One event of the stream `chat/<session_id>`. Members that the agent added stand beside these.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatEvent {
    /// The chat.
    pub session_id: String,
    /// The agent.
    pub agent_id: String,
    /// The turn.
    pub turn_id: String,
    /// `prompt` at its beginning; `token`, `tool_call` and the like while it runs; `approval_pending` and
    /// `approval_resolved` when a person is asked; `done` or `error` at its end.
    pub kind: String,
    /// What is said to the agent, in a `prompt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What the agent says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<String>,
    /// Where several events came as one to a subscriber that coalesces, the number of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_seq: Option<u64>,
    /// Whatever belongs to it; of an approval its row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
    /// What came along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Why the agent is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// How the turn ended, in its last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The stream.
    pub stream: String,
    /// Its epoch.
    pub epoch: u64,
    /// The event's number in it.
    pub seq: u64,
}
