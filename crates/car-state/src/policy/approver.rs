//! Who asks a person about a call that policies want one for.

use std::fmt;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

/// Asks a person, however that is done.
pub trait Approver: Send + Sync + 'static {
    /// Asks and waits. Whoever drops the future withdraws the question. Answers the parameters that a person put in the
    /// place of those that were asked about, where one did; the call runs with them if its tool and the policies take them.
    ///
    /// # Errors
    /// Nobody agreed: why, for whoever made the call.
    fn ask(&self, question: Question) -> BoxFuture<'_, Result<Option<Value>, String>>;
}

impl fmt::Debug for dyn Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Approver")
    }
}

/// What a person is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The tool that is to be called.
    pub tool: String,
    /// What it is to be called with.
    pub parameters: Value,
    /// What else they need to know: the call with its parameters, shortened and as a digest, and the policies.
    pub details: Value,
}

/// For programs without anybody to ask: nobody agrees.
#[derive(Clone, Copy, Debug, Default)]
pub struct NobodyToAsk;

impl Approver for NobodyToAsk {
    fn ask(&self, _: Question) -> BoxFuture<'_, Result<Option<Value>, String>> {
        std::future::ready(Err("there is nobody to ask".to_owned())).boxed()
    }
}
