//! An agent of the Agent Client Protocol that does what it is told, and nothing by chance.
//!
//! A prompt is a script, a step on a line:
//!
//! | step | what it does |
//! |---|---|
//! | `say TEXT` | says the text, word by word |
//! | `think` | a thought, a plan, a tool call and its end |
//! | `ask COMMAND` | asks for permission to run it, and says what the answer was |
//! | `read PATH`, `write PATH TEXT` | through its client; says what came of it |
//! | `peek PATH`, `dial PORT` | reads a file, reaches a port of this machine, by itself; says what came of it |
//! | `where` | says the folder that it works in |
//! | `look` | says what came along, a block on a line |
//! | `flood N` | says N numbers |
//! | `wait` | until it is cancelled |
//! | `deaf` | for ever |
//! | `refuse`, `fail` | ends with the stop reason `refusal`, with an error |
//! | `crash` | ends the process, or the connection, in mid-turn |

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use agent_client_protocol::v1::ConnectionTo;
use agent_client_protocol::v1::schema::{
    AgentCapabilities, CancelNotification, ContentBlock, ContentChunk, EmbeddedResourceResource,
    InitializeRequest, InitializeResponse, NewSessionRequest, NewSessionResponse, PermissionOption,
    PermissionOptionKind, Plan, PlanEntry, PlanEntryPriority, PlanEntryStatus, PromptCapabilities,
    PromptRequest, PromptResponse, ReadTextFileRequest, RequestPermissionOutcome,
    RequestPermissionRequest, SessionId, SessionNotification, SessionUpdate, StopReason,
    TextContent, ToolCall, ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields, ToolKind,
    WriteTextFileRequest,
};
use agent_client_protocol::{Agent, ByteStreams, Client, Error};
use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};
use tokio_util::sync::CancellationToken;

/// Its sessions: where each works, and what cancels what it is doing.
#[derive(Debug, Default)]
struct Sessions(Mutex<HashMap<SessionId, (PathBuf, CancellationToken)>>);

impl Sessions {
    fn add(&self, cwd: PathBuf) -> SessionId {
        let mut sessions = self.0.lock();
        let id = SessionId::new(format!("s{}", sessions.len() + 1));
        sessions.insert(id.clone(), (cwd, CancellationToken::new()));
        id
    }

    /// A prompt begins.
    fn begin(&self, id: &SessionId) -> Option<(PathBuf, CancellationToken)> {
        let mut sessions = self.0.lock();
        let (cwd, cancel) = sessions.get_mut(id)?;
        *cancel = CancellationToken::new();
        Some((cwd.clone(), cancel.clone()))
    }

    fn cancel(&self, id: &SessionId) {
        if let Some((_, cancel)) = self.0.lock().get(id) {
            cancel.cancel();
        }
    }
}

/// Serves one client until it is gone. `takes` is what prompts may hold, `crash` what it does to end in mid-turn.
///
/// # Errors
/// The connection broke.
pub async fn serve(
    input: impl AsyncRead + Send + 'static,
    output: impl AsyncWrite + Send + 'static,
    takes: PromptCapabilities,
    crash: fn(),
) -> Result<(), Error> {
    let sessions = Arc::<Sessions>::default();
    let (made, asked) = (Arc::clone(&sessions), Arc::clone(&sessions));
    Agent
        .v1()
        .name("scripted")
        .on_receive_request(
            async move |request: InitializeRequest, responder, _: ConnectionTo<Client>| {
                let answer = InitializeResponse::new(request.protocol_version);
                let can = AgentCapabilities::new().prompt_capabilities(takes.clone());
                responder.respond(answer.agent_capabilities(can))
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |request: NewSessionRequest, responder, _: ConnectionTo<Client>| {
                responder.respond(NewSessionResponse::new(made.add(request.cwd)))
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_request(
            async move |request: PromptRequest, responder, client: ConnectionTo<Client>| {
                let Some((cwd, cancel)) = asked.begin(&request.session_id) else {
                    return responder.respond_with_error(Error::invalid_params());
                };
                let turn = Turn {
                    client: client.clone(),
                    session: request.session_id,
                    cwd,
                    cancel,
                    came: request.prompt.iter().skip(1).map(shown).collect(),
                    crash,
                };
                let script = text(request.prompt.get(..1).unwrap_or_default());
                client.spawn(async move { responder.respond_with_result(turn.play(&script).await) })
            },
            agent_client_protocol::on_receive_request!(),
        )
        .on_receive_notification(
            async move |cancel: CancelNotification, _: ConnectionTo<Client>| {
                sessions.cancel(&cancel.session_id);
                Ok(())
            },
            agent_client_protocol::on_receive_notification!(),
        )
        .connect_to(ByteStreams::new(output.compat_write(), input.compat()))
        .await
}

fn text(prompt: &[ContentBlock]) -> String {
    let texts = prompt.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// What a block is, and how it begins.
fn shown(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => format!("text {}", text.text),
        ContentBlock::Image(image) => format!("image {} {}", image.mime_type, image.data),
        ContentBlock::Audio(audio) => format!("audio {} {}", audio.mime_type, audio.data),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            EmbeddedResourceResource::TextResourceContents(text) => {
                format!("resource {} {}", text.uri, text.text)
            }
            EmbeddedResourceResource::BlobResourceContents(blob) => {
                format!("blob {} {}", blob.uri, blob.blob)
            }
            _ => "another resource".to_owned(),
        },
        _ => "another block".to_owned(),
    }
}

/// One prompt.
struct Turn {
    client: ConnectionTo<Client>,
    session: SessionId,
    cwd: PathBuf,
    cancel: CancellationToken,
    /// What came along.
    came: Vec<String>,
    crash: fn(),
}

impl Turn {
    async fn play(&self, script: &str) -> Result<PromptResponse, Error> {
        for line in script.lines() {
            let (step, rest) = line.split_once(' ').unwrap_or((line, ""));
            match step {
                "say" => {
                    for word in rest.split_inclusive(' ') {
                        self.say(word)?;
                    }
                }
                "think" => self.think()?,
                "ask" => {
                    let answer = self.ask(rest).await?;
                    self.say(&answer)?;
                }
                "read" => {
                    let request = ReadTextFileRequest::new(self.session.clone(), rest);
                    let read = self.client.send_request(request).block_task().await;
                    self.say(&read.map_or_else(|error| error.message, |file| file.content))?;
                }
                "write" => {
                    let (path, text) = rest.split_once(' ').unwrap_or((rest, ""));
                    let request = WriteTextFileRequest::new(self.session.clone(), path, text);
                    let written = self.client.send_request(request).block_task().await;
                    self.say(&written.map_or_else(|error| error.message, |_| "written".into()))?;
                }
                "peek" => {
                    let read = std::fs::read_to_string(rest);
                    self.say(&read.unwrap_or_else(|error| error.to_string()))?;
                }
                "dial" => {
                    let port = rest.parse().unwrap_or_default();
                    let dialled = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
                    self.say(
                        &dialled.map_or_else(|error| error.to_string(), |_| "reached".into()),
                    )?;
                }
                "look" => self.say(&self.came.join("\n"))?,
                "where" => self.say(&self.cwd.display().to_string())?,
                "flood" => {
                    for number in 0..rest.parse().unwrap_or(0_u32) {
                        self.say(&format!("{number} "))?;
                    }
                }
                "wait" => self.cancel.cancelled().await,
                "deaf" => std::future::pending().await,
                "refuse" => return Ok(PromptResponse::new(StopReason::Refusal)),
                "fail" => return Err(Error::internal_error().data(json!("as it was told to"))),
                "crash" => (self.crash)(),
                _ => self.say("what?")?,
            }
            if self.cancel.is_cancelled() {
                return Ok(PromptResponse::new(StopReason::Cancelled));
            }
        }
        Ok(PromptResponse::new(StopReason::EndTurn))
    }

    fn tell(&self, update: SessionUpdate) -> Result<(), Error> {
        let session = self.session.clone();
        self.client
            .send_notification(SessionNotification::new(session, update))
    }

    fn say(&self, words: &str) -> Result<(), Error> {
        self.tell(SessionUpdate::AgentMessageChunk(chunk(words)))
    }

    fn think(&self) -> Result<(), Error> {
        self.tell(SessionUpdate::AgentThoughtChunk(chunk("hm")))?;
        let (high, pending) = (PlanEntryPriority::High, PlanEntryStatus::Pending);
        let plan = Plan::new(vec![PlanEntry::new("look", high, pending)]);
        self.tell(SessionUpdate::Plan(plan))?;
        let call = ToolCall::new("t1", "Looking").kind(ToolKind::Search);
        self.tell(SessionUpdate::ToolCall(call))?;
        let fields = ToolCallUpdateFields::new().status(ToolCallStatus::Completed);
        self.tell(SessionUpdate::ToolCallUpdate(ToolCallUpdate::new(
            "t1", fields,
        )))
    }

    async fn ask(&self, command: &str) -> Result<String, Error> {
        let fields = ToolCallUpdateFields::new()
            .title(command)
            .kind(ToolKind::Execute)
            .raw_input(json!({ "command": command }));
        let option = |id: &'static str, kind| PermissionOption::new(id, id, kind);
        let options = vec![
            option("for ever", PermissionOptionKind::AllowAlways),
            option("once", PermissionOptionKind::AllowOnce),
            option("no", PermissionOptionKind::RejectOnce),
        ];
        let call = ToolCallUpdate::new("t1", fields);
        let request = RequestPermissionRequest::new(self.session.clone(), call, options);
        let answer = self.client.send_request(request).block_task().await?;
        Ok(match answer.outcome {
            RequestPermissionOutcome::Selected(chosen) => chosen.option_id.to_string(),
            _ => "cancelled".to_owned(),
        })
    }
}

fn chunk(words: &str) -> ContentChunk {
    ContentChunk::new(ContentBlock::Text(TextContent::new(words)))
}
