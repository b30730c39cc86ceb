//! The grammar of `approvals`.

use std::time::Duration;

use car_protocol::rpc::approvals::{ConsentScope, Narrowing};
use clap::{Args, Subcommand};

use super::super::arguments::time;
use super::super::failure::Failure;

/// What to do with questions to a person.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Approvals {
    /// What waits for a person, newest first.
    List {
        /// Only about this agent.
        #[arg(long, value_name = "ID")]
        agent: Option<String>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows questions as they come, rings, and asks `y`, `n` or `s` in place. Without a terminal it prints a line for
    /// each question and each decision. A daemon that ends is waited for.
    Watch {
        /// Prints each as a line of JSON and asks nothing.
        #[arg(long)]
        json: bool,
        /// Ends after so many decisions.
        #[arg(long, value_name = "NUMBER")]
        count: Option<u64>,
    },
    /// One question with everything that is known of it.
    Show {
        /// Its id; `approval-` may be left out.
        id: String,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Agrees, to this call only or to more.
    Approve {
        /// Its id; `approval-` may be left out.
        id: String,
        #[command(flatten)]
        consent: Consent,
        /// For whoever asked, and everybody who hears of it.
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
        /// Runs with these arguments instead, as JSON, where the call allows that.
        #[arg(long, value_name = "JSON")]
        edits: Option<String>,
        /// Agrees only where this is what is asked, as `show` tells it.
        #[arg(long, value_name = "HEX")]
        digest: Option<String>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Refuses.
    Deny {
        /// Its id; `approval-` may be left out.
        id: String,
        /// For whoever asked: why not, or what else to do.
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// What is over, newest first.
    History {
        /// How many; 1 to 500.
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        limit: u32,
        /// Only before the question with this number.
        #[arg(long, value_name = "NUMBER")]
        before: Option<u64>,
        /// Only about this agent.
        #[arg(long, value_name = "ID")]
        agent: Option<String>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Consents that cover more than one call.
    #[command(subcommand)]
    Grants(Grants),
}

/// How far a consent reaches.
#[derive(Args, Debug, Default)]
pub(in crate::cli) struct Consent {
    /// To the same from this session, until it ends.
    #[arg(long, group = "scope")]
    session: bool,
    /// To the same from whoever asked, until it is revoked.
    #[arg(long, group = "scope")]
    always: bool,
    /// To the same from whoever asked, for a while: `15m`.
    #[arg(long = "for", value_name = "TIME", value_parser = time, group = "scope")]
    duration: Option<Duration>,
    /// To the same from whoever asked, this often, this time included.
    #[arg(long, value_name = "NUMBER", group = "scope")]
    times: Option<u32>,
    /// With `--session`, `--always`, `--for` or `--times`: only where an argument is like this. A JSON pointer, `=`, and a
    /// text in which `*` stands for anything: `/path=/tmp/*`. May be given several times.
    #[arg(long = "where", value_name = "POINTER=PATTERN", requires = "scope")]
    arguments: Vec<String>,
    /// The same: only with exactly these arguments.
    #[arg(long, requires = "scope")]
    same_arguments: bool,
    /// The same: only for this agent.
    #[arg(long = "only-agent", value_name = "ID", requires = "scope")]
    agent: Option<String>,
}

impl Consent {
    /// As the wire has it.
    pub(super) fn scope(&self) -> Option<ConsentScope> {
        match (self.session, self.always, self.duration, self.times) {
            (true, ..) => Some(ConsentScope::Session),
            (_, true, ..) => Some(ConsentScope::Always),
            (_, _, Some(duration), _) => Some(ConsentScope::For {
                ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            }),
            (.., Some(n)) => Some(ConsentScope::Times { n }),
            _ => None,
        }
    }

    pub(super) fn narrowing(&self) -> Result<Option<Narrowing>, Failure> {
        let mut arguments = std::collections::BTreeMap::new();
        for text in &self.arguments {
            let (pointer, pattern) = text
                .split_once('=')
                .ok_or_else(|| Failure::usage(format!("--where {text}: there is no `=` in it")))?;
            arguments.insert(pointer.to_owned(), pattern.to_owned());
        }
        let narrowing = Narrowing {
            arguments: (!arguments.is_empty()).then_some(arguments),
            same_arguments: self.same_arguments.then_some(true),
            agent_id: self.agent.clone(),
        };
        Ok((narrowing != Narrowing::default()).then_some(narrowing))
    }
}

/// What to do with consents.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Grants {
    /// Those in force, with their last use.
    List {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ends one. No call begins under it from then on.
    Revoke {
        /// Its id; `grant-` may be left out.
        id: String,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}
