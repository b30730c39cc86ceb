//! A proposal that calls a tool of the client that submitted it: two round trips for the wire, and all of the engine.

use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Effort;
use super::load::{Outcome, Samples, Template, Window, replied};
use super::server::Server;
use super::wire::{Address, Connection, push_text, push_text_of};

pub(super) const TOOL: &str =
    r#"[{"name":"bench","description":"Answers at once.","parameters":{}}]"#;
const PROPOSAL: &str =
    r#"{"proposal":{"actions":[{"id":"a","type":"tool_call","tool":"bench","parameters":{}}]}}"#;

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    method: &'a str,
}

/// Keeps `depth` proposals in flight on one connection and answers the calls that come back.
pub(super) async fn proposals(
    server: &Server,
    address: &Address,
    depth: usize,
    effort: Effort,
) -> Result<Outcome> {
    let mut connection = Connection::open(address, 64 * 1024).await?;
    let register =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools.register","params":{TOOL}}}"#);
    let registered = connection.ask(&register).await?;
    if registered.contains("\"error\":") {
        bail!("the tool was not registered: {registered}");
    }
    let window = Window::starting_now(effort);
    let driver = tokio::spawn(drive(connection, depth, window));
    let busy = window.watch(server).await;
    driver
        .await
        .context("the driver panicked")??
        .outcome(window, busy)
}

async fn drive(mut connection: Connection, depth: usize, window: Window) -> Result<Samples> {
    let template = Template::new("proposal.submit", PROPOSAL);
    let mut samples = Samples::default();
    let mut sent = vec![Instant::now(); depth];
    let mut out = Vec::new();
    (0..depth).for_each(|n| template.push(&mut out, n));
    connection.send(&out).await?;
    let mut in_flight = depth;
    while in_flight > 0 {
        out.clear();
        connection
            .receive(|text| {
                if memchr::memmem::find(text, br#""method":"#).is_some() {
                    return execute(text, &mut out);
                }
                let n = replied(text)?;
                if memchr::memmem::find(text, br#""succeeded""#).is_none() {
                    bail!(
                        "the action did not succeed: {}",
                        String::from_utf8_lossy(text)
                    );
                }
                let now = Instant::now();
                samples.add(window, sent[n % depth], now);
                if now < window.until {
                    sent[n % depth] = now;
                    template.push(&mut out, n + depth);
                } else {
                    in_flight -= 1;
                }
                Ok(())
            })
            .await?;
        if !out.is_empty() {
            connection.send(&out).await?;
        }
    }
    Ok(samples)
}

/// Appends the answer to a call of the tool; other notifications are nobody's business here.
///
/// Like everything that this generator reads, a call is looked at and not parsed: it takes no more work than the floor's
/// answers do, since what it takes is measured with the daemon.
pub(super) fn execute(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let Some(id) = id_of_call(text) else {
        return execute_at_length(text, out);
    };
    let (head, tail) = (br#"{"jsonrpc":"2.0","id":"#, br#","result":{"ok":true}}"#);
    push_text_of(out, &[head, id, tail]);
    Ok(())
}

/// The id of a call of the tool, where it stands at the end behind nothing but params.
fn id_of_call(text: &[u8]) -> Option<&[u8]> {
    let call = text.starts_with(br#"{"jsonrpc":"2.0","method":"tools.execute","params":{"#);
    let text = text.strip_suffix(b"}")?;
    let number = text.strip_suffix(br#"""#)?;
    let digits = number.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let head = &number[..number.len() - digits.count()];
    let before = head.strip_suffix(br#"},"id":"cb-"#)?;
    call.then_some(&text[before.len() + 7..])
}

fn execute_at_length(text: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let Ok(call) = serde_json::from_slice::<Call<'_>>(text) else {
        return Ok(());
    };
    if call.method != "tools.execute" {
        bail!("an unexpected call: {}", String::from_utf8_lossy(text));
    }
    let answer = format!(
        r#"{{"jsonrpc":"2.0","id":{},"result":{{"ok":true}}}}"#,
        call.id.get()
    );
    push_text(out, answer.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_answered_the_short_way_as_it_is_the_long_way() {
        let call = br#"{"jsonrpc":"2.0","method":"tools.execute","params":{"parameters":{},"request_id":"cb-17"},"id":"cb-17"}"#;
        assert_eq!(id_of_call(call), Some(&br#""cb-17""#[..]));
        let (mut short, mut long) = (Vec::new(), Vec::new());
        execute(call, &mut short).unwrap();
        execute_at_length(call, &mut long).unwrap();
        assert_eq!(short, long);
        let spaced =
            br#"{"jsonrpc": "2.0", "id": "cb-17", "method": "tools.execute", "params": {}}"#;
        assert_eq!(id_of_call(spaced), None);
        let mut other = Vec::new();
        execute(spaced, &mut other).unwrap();
        assert_eq!(other, long);
    }
}
