//! A session that is to come back whole, instead of subscriptions that begin anew.

use car_protocol::rpc::events::Cursor;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::follower::cursor;
use super::line::{Line, Lost};

/// How long a session stays without a connection.
const GRACE: Duration = Duration::from_secs(120);

/// What a client knows of its session.
#[derive(Debug, Default)]
pub struct Resumed {
    /// The newest token that it has heard of.
    token: Option<Value>,
    /// When the client dialled that connection on which it last had its session for certain.
    dialled: Option<Instant>,
    /// Connections that were made with a session to come back to.
    pub returns: u64,
    /// How often the session came back.
    pub times: u64,
    /// How often it could not: it was gone for longer than its grace.
    pub ended: u64,
}

/// How a connection begins.
pub(super) enum Begun {
    /// Nothing is subscribed.
    Anew,
    /// The stream goes on after this place.
    After(Cursor),
}

impl Resumed {
    /// Resumes the session, or begins one that can be resumed.
    pub(super) async fn begin(
        &mut self,
        line: &mut Line,
        stream: &str,
        place: Option<Cursor>,
    ) -> Result<Begun, Lost> {
        let dialled = Instant::now();
        if let Some(token) = &self.token {
            self.returns += 1;
            let seen = place.map(|place| json!({ stream: place }));
            // One that a slow link brings after the next is not to take the session from that.
            let attempt = json!({ "client": "follower", "number": self.returns });
            let params = json!({ "token": token, "seen": seen, "attempt": attempt });
            let mut answer = line.ask("session.resume", &params).await?;
            if answer.get("error").is_none() {
                let result = &mut answer["result"];
                self.times += 1;
                self.dialled = Some(dialled);
                self.token = Some(result["resume_token"].take());
                if place.is_none() {
                    // If its stream is fed, that goes on after what was written in vain.
                    return Ok(Begun::Anew);
                }
                let streams = result["streams"].as_array().into_iter().flatten();
                let mut fed = streams.filter(|fed| fed["stream"] == stream);
                let from = fed.find_map(|fed| fed.get("from"));
                return Ok(from.map_or(Begun::Anew, |from| Begun::After(cursor(from))));
            }
            // It was not lost before it was there.
            let away = self.dialled.map_or(GRACE, |dialled| dialled.elapsed());
            assert!(away >= GRACE, "gone after {away:?}: {answer}");
            self.ended += 1;
            self.token = None;
        }
        let answer = line.ask("session.init", &json!({ "resume": true })).await?;
        let token = &answer["result"]["resume_token"];
        assert!(token.is_string(), "{answer}");
        self.token = Some(token.clone());
        self.dialled = Some(dialled);
        Ok(Begun::Anew)
    }

    /// Ends the session with the connection.
    pub(super) async fn end(line: &mut Line) {
        let _ = line.request("session.close", &json!({})).await;
    }
}
