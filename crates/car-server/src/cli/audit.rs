//! `car-server audit`: the chain of what was asked, decided and done with consent.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use car_protocol::Timestamp;
use car_protocol::rpc::audit::{Redact, RedactParams};
use car_server::config::{Config, Environment, Flags};
use car_server::root_lock::{self, Occupancy};
use car_state::audit::{AuditFileError, Head, Stretch, Who, export, redact_file, verify_file};
use car_state::clock::{Clock as _, SystemClock};
use car_state::db::DbError;
use car_state::identity::Role as Standing;
use clap::Subcommand;
use serde_json::json;

use super::conversation::{Role, converse};
use super::failure::{Exit, Failure};
use super::output;
use super::running::Running;

/// How long the daemon may take to redact.
const DEADLINE: Duration = Duration::from_secs(60);

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Checks the chain and reports the first break, with and without a running daemon.
    ///
    /// Exit codes: 0 it is whole, 1 it cannot be looked at, 2 the command line is wrong, 5 it is broken.
    Verify {
        /// A head that was kept elsewhere: the chain must contain it. Only so is it found when somebody who can write the
        /// whole file has cut off its end, or made a chain of their own.
        #[arg(long, value_name = "SEQ:HASH", value_parser = head)]
        head: Option<Head>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints every record as a line of JSON, the oldest first, and the head on standard error.
    Export,
    /// Removes what was written and shown with records, and records that. The chain stays whole.
    #[command(group = clap::ArgGroup::new("stretch").required(true))]
    Redact {
        /// One record.
        #[arg(group = "stretch")]
        seq: Option<u64>,
        /// All records before this moment (RFC 3339).
        #[arg(long, value_name = "MOMENT", group = "stretch")]
        before: Option<Timestamp>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

fn head(text: &str) -> Result<Head, String> {
    text.parse()
        .map_err(|error: car_state::audit::NotAHead| error.to_string())
}

/// Does what is asked for.
pub(super) fn run(
    flags: &Flags,
    environment: &Environment,
    what: Audit,
) -> Result<ExitCode, Failure> {
    let places = Config::places(flags, environment)?;
    let root = places.home();
    match what {
        Audit::Verify { head, json } => {
            let told = match verify_file(root, head)? {
                Ok(summary) => json!({
                    "whole": true,
                    "records": summary.records,
                    "first": summary.first,
                    "redacted": summary.redacted,
                    "head": summary.head.to_string(),
                }),
                Err(broken) => json!({
                    "whole": false,
                    "broken": {
                        "seq": broken.seq,
                        "what": broken.what.as_str(),
                        "message": broken.what.to_string(),
                    },
                }),
            };
            let whole = told["whole"] == true;
            if json {
                output::print_json(&told)?;
            } else if whole {
                output::print(&format!(
                    "the chain is whole: {} records from {} on, {} of them redacted\nhead {}\n",
                    told["records"],
                    told["first"],
                    told["redacted"],
                    told["head"].as_str().unwrap_or_default()
                ))?;
            } else {
                let broken = &told["broken"];
                let message = broken["message"].as_str().unwrap_or_default();
                output::print(&format!(
                    "the chain is broken at record {}: {message}\n",
                    broken["seq"]
                ))?;
            }
            Ok(if whole {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(Exit::Broken as u8)
            })
        }
        Audit::Export => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            let exported = export(root, &mut out).and_then(|head| {
                out.flush()?;
                Ok(head)
            });
            match exported {
                Ok(head) => output::warn(&format!("head {head}")),
                // A reader that went away, as behind `| head`, is no failure.
                Err(AuditFileError::Out(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
                Err(error) => return Err(error.into()),
            }
            Ok(ExitCode::SUCCESS)
        }
        Audit::Redact { seq, before, json } => {
            let params = RedactParams {
                seq,
                before: before.map(|before| before.to_string()),
            };
            let (first, last, texts) = match root_lock::look(root)? {
                Occupancy::Held(_) => {
                    let running = Running::find(flags, environment)?;
                    let role = match running.client_token()? {
                        Some(_) => Role::Host,
                        None => Role::Client,
                    };
                    let redacted = converse(&running, role, DEADLINE, async |client| {
                        client.call::<Redact>(params).await
                    })?;
                    (redacted.first, redacted.last, redacted.texts)
                }
                Occupancy::Free => {
                    let stretch = match (seq, before) {
                        (Some(seq), _) => Stretch::One(seq),
                        (_, Some(before)) => Stretch::Before(before),
                        _ => return Err(Failure::usage("which records?")),
                    };
                    // Whoever owns the file.
                    let who = Who {
                        principal: "owner".to_owned(),
                        role: Standing::Host,
                        session: "offline".to_owned(),
                    };
                    let redacted = redact_file(root, stretch, who, SystemClock.now())?;
                    (redacted.first, redacted.last, redacted.texts)
                }
            };
            if json {
                output::print_json(&json!({ "first": first, "last": last, "texts": texts }))?;
            } else {
                output::print(&format!("{texts} texts are removed\n"))?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl From<AuditFileError> for Failure {
    fn from(error: AuditFileError) -> Self {
        match error {
            AuditFileError::Database(error @ DbError::InUse { .. }) => {
                Self::error(error).advise("once more: a daemon has just been started there")
            }
            AuditFileError::Database(error) => error.into(),
            AuditFileError::None(_) => {
                Self::error(error).advise("--home with the root of the daemon that is meant")
            }
            error => Self::error(error),
        }
    }
}
