//! The rules of approval by themselves: what a call costs about which no rule is, and what one costs that a hundred rules
//! are about. No daemon and no socket take part.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use car_protocol::rpc;
use car_state::approval::rules::cedar::CedarRules;
use car_state::approval::rules::{Arguments, Called, Rules, Speaking, Subject};
use car_state::clock::{Clock as _, SystemClock};
use car_state::identity::{Identity, Principal, Role, SessionId};
use car_state::traffic::MethodIndex;
use serde_json::json;
use tempfile::TempDir;

use super::Effort;
use super::table::{Row, Target, Unit};

/// What of the rules.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gate {
    /// The look that every call costs.
    Look,
    /// What a hundred rules say about a call, and each looks at its arguments.
    Judge,
}

/// The rows, after those of the log.
pub(super) const ROWS: &[(&str, Gate)] =
    &[("gate-ungated", Gate::Look), ("rules-100", Gate::Judge)];

/// How many rules there are.
const RULES: usize = 100;
/// What a look may cost, in microseconds.
const LOOK: f64 = 1.0;
/// How often something is done before the clock is asked.
const BETWEEN: u32 = 1_000;

/// Measures one row.
pub(super) fn row(what: Gate, effort: Effort) -> Result<Row> {
    let target = match what {
        Gate::Look => Target::ValueAtMost(LOOK),
        Gate::Judge => Target::Known,
    };
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let rules = hundred(&folder)?;
    let mut row = Row::new(Unit::Microseconds, target);
    for _ in 0..effort.repetitions {
        row.add_alone(match what {
            Gate::Look => look(&rules, effort)?,
            Gate::Judge => judge(&rules, effort),
        });
    }
    Ok(row)
}

/// As many rules about one method, none of which matches.
fn hundred(folder: &TempDir) -> Result<Arc<dyn Rules>> {
    let mut text = String::new();
    for number in 0..RULES {
        writeln!(
            text,
            "@decision(\"ask\") permit (principal, action == Action::\"state.set\", resource)\n\
             when {{ context.arguments.hasTag(\"/key\") && context.arguments.getTag(\"/key\") like \"secret/{number}/*\" }};"
        )?;
    }
    fs::write(folder.path().join("hundred.cedar"), text)?;
    let rules = CedarRules::open(folder.path(), Arc::new(SystemClock))?;
    Ok(Arc::new(rules))
}

/// Microseconds of one look at a method that no rule is about.
fn look(rules: &Arc<dyn Rules>, effort: Effort) -> Result<f64> {
    let spec = rpc::methods()
        .find(|spec| spec.name == "state.get")
        .context("the table has state.get")?;
    let index = MethodIndex::of(spec);
    Ok(mean(effort, || {
        black_box(black_box(rules).reach().has(black_box(index)));
    }))
}

/// Microseconds until a hundred rules have said nothing about a call.
fn judge(rules: &Arc<dyn Rules>, effort: Effort) -> f64 {
    let identity = Identity {
        session: SessionId::new("0a1b2c3d4e5f"),
        principal: Principal::Client,
        role: Role::Client,
        auth_enabled: true,
    };
    let arguments = json!({ "key": "open/7", "value": { "n": 1, "text": "some" } });
    let at = SystemClock.now();
    mean(effort, || {
        let subject = Subject {
            called: Called::Method("state.set"),
            arguments: Arguments::Value(&arguments),
            identity: &identity,
            speaking: &Speaking::default,
            at,
        };
        black_box(rules.judge(black_box(&subject)));
    })
}

/// Microseconds of one turn, over the time of a measurement.
fn mean(effort: Effort, mut turn: impl FnMut()) -> f64 {
    let timed = |time, turn: &mut dyn FnMut()| {
        let (began, mut turns) = (Instant::now(), 0_u32);
        while began.elapsed() < time {
            for _ in 0..BETWEEN {
                turn();
            }
            turns += BETWEEN;
        }
        began.elapsed().as_secs_f64() * 1e6 / f64::from(turns)
    };
    timed(effort.warm_up, &mut turn);
    timed(effort.measure, &mut turn)
}
