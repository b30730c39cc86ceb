//! What the daemon asks of this client.

use std::collections::HashMap;
use std::future::{Future, ready};
use std::sync::Arc;

use car_protocol::RpcError;
use car_protocol::jsonrpc::decode_params;
use car_protocol::method::Callback;
use car_protocol::rpc::Empty;
use car_protocol::rpc::agents::Ping;
use car_protocol::rpc::tools::{Execute, ExecuteParams};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::RwLock;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use thiserror::Error;

use crate::chat::RunChat;

/// Why a callback has no result. The message reaches whoever asked.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub struct CallbackError(pub String);

impl From<String> for CallbackError {
    fn from(message: String) -> Self {
        Self(message)
    }
}

impl From<&str> for CallbackError {
    fn from(message: &str) -> Self {
        Self(message.to_owned())
    }
}

/// One call of a tool: what the daemon sends with `tools.execute`.
pub type ToolCall = ExecuteParams;

pub(crate) type Outcome = Result<Box<RawValue>, RpcError>;
type Serve =
    Arc<dyn Fn(Option<&RawValue>) -> Result<BoxFuture<'static, Outcome>, RpcError> + Send + Sync>;
type RunTool =
    Arc<dyn Fn(ToolCall) -> BoxFuture<'static, Result<Value, CallbackError>> + Send + Sync>;

/// The functions that answer, by callback and by tool.
#[derive(Clone, Default)]
pub(crate) struct Handlers {
    callbacks: HashMap<&'static str, Serve>,
    pub(crate) chat: Option<RunChat>,
    tools: Arc<RwLock<HashMap<String, RunTool>>>,
}

impl Handlers {
    pub(crate) fn on<C, F, Fut>(&mut self, handler: F)
    where
        C: Callback,
        F: Fn(C::Params) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C::Result, CallbackError>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let serve = move |params: Option<&RawValue>| {
            let (handler, params) = (Arc::clone(&handler), decode_params(params)?);
            Ok(async move { outcome(handler(params).await) }.boxed())
        };
        self.callbacks.insert(C::NAME, Arc::new(serve));
    }

    pub(crate) fn add_tool<F, Fut>(&self, name: &str, run: F)
    where
        F: Fn(ToolCall) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Value, CallbackError>> + Send + 'static,
    {
        self.tools
            .write()
            .insert(name.to_owned(), Arc::new(move |call| run(call).boxed()));
    }

    pub(crate) fn remove_tool(&self, name: &str) {
        self.tools.write().remove(name);
    }

    /// The answer to a request of the daemon, to be awaited.
    pub(crate) fn serve(
        &self,
        method: &str,
        params: Option<&RawValue>,
    ) -> Result<BoxFuture<'static, Outcome>, RpcError> {
        if let Some(serve) = self.callbacks.get(method) {
            return serve(params);
        }
        if method == Ping::NAME {
            return Ok(ready(outcome(Ok(Empty {}))).boxed());
        }
        if method != Execute::NAME {
            return Err(RpcError::method_not_found(method));
        }
        let call: ToolCall = decode_params(params)?;
        let run = self.tools.read().get(&call.tool).cloned();
        let run = run
            .ok_or_else(|| RpcError::domain("not_found", format!("unknown tool: {}", call.tool)))?;
        Ok(async move { outcome(run(call).await) }.boxed())
    }
}

fn outcome<R: serde::Serialize>(answer: Result<R, CallbackError>) -> Outcome {
    let result = answer.map_err(|error| RpcError::domain("tool_failed", error.0))?;
    to_raw_value(&result).map_err(|error| RpcError::domain("tool_failed", error.to_string()))
}
