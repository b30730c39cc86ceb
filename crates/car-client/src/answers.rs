//! What this client has answered, so that a request which is sent again does not run again.

use std::collections::{HashMap, VecDeque};

use car_protocol::rpc::session::OpenCallback;
use car_transport::ByteString;
use parking_lot::Mutex;

/// Answers that are kept.
const MOST: usize = 1_024;
/// Bytes of them.
const MOST_BYTES: usize = 4 << 20;

/// The requests of the daemon by their ids: those that run, and the last ones that were answered.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    /// Counts the daemons that gave ids: each begins with the first again.
    life: u32,
    known: HashMap<String, State>,
    /// The answered ones, oldest first.
    order: VecDeque<String>,
    bytes: usize,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum State {
    Running,
    Answered(ByteString),
    /// Answered, with more than is kept.
    TooLong,
}

/// What becomes of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Begun {
    /// It runs.
    New,
    /// It runs already; there will be one answer.
    Running,
    /// This was its answer.
    Answered(ByteString),
    /// It ran, and its answer is not kept.
    NotKept,
}

/// What is owed for the callbacks that a daemon still waits for.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Owed {
    /// Answers that it did not get.
    pub(crate) answers: Vec<ByteString>,
    /// Requests that never came here, and will not.
    pub(crate) unheard: Vec<String>,
    /// Requests that ran here, and whose answers are not kept.
    pub(crate) not_kept: Vec<String>,
    /// Requests that run here and that nobody waits for.
    pub(crate) unwanted: Vec<String>,
}

impl Answers {
    /// The daemon of this moment.
    pub(crate) fn life(&self) -> u32 {
        self.0.lock().life
    }

    /// A request came, for the first time or again.
    pub(crate) fn begin(&self, id: &str) -> Begun {
        let mut book = self.0.lock();
        match book.known.get(id) {
            Some(State::Running) => Begun::Running,
            Some(State::Answered(text)) => Begun::Answered(text.clone()),
            Some(State::TooLong) => Begun::NotKept,
            None => {
                book.known.insert(id.to_owned(), State::Running);
                Begun::New
            }
        }
    }

    /// A request of the daemon of `life` has its answer; no where that daemon is gone, and nobody wants it.
    pub(crate) fn answered(&self, life: u32, id: &str, text: &ByteString) -> bool {
        let mut book = self.0.lock();
        if book.life != life {
            return false;
        }
        let Some(state) = book.known.get_mut(id) else {
            return false;
        };
        if *state != State::Running {
            return false;
        }
        if text.len() > MOST_BYTES / 4 {
            *state = State::TooLong;
        } else {
            *state = State::Answered(text.clone());
            book.bytes += text.len();
        }
        book.order.push_back(id.to_owned());
        while book.order.len() > MOST || book.bytes > MOST_BYTES {
            let Some(oldest) = book.order.pop_front() else {
                break;
            };
            if let Some(State::Answered(text)) = book.known.remove(&oldest) {
                book.bytes -= text.len();
            }
        }
        true
    }

    /// A request was taken back: its answer is not owed.
    pub(crate) fn forget(&self, id: &str) {
        let mut book = self.0.lock();
        if book.known.get(id) == Some(&State::Running) {
            book.known.remove(id);
        }
    }

    /// What runs.
    pub(crate) fn running(&self) -> Vec<String> {
        let book = self.0.lock();
        let running = book.known.iter();
        let running = running.filter(|(_, state)| **state == State::Running);
        running.map(|(id, _)| id.clone()).collect()
    }

    /// What is owed to a daemon that still waits for these. Those that are sent again are none of it. `ran` is what ran
    /// when the daemon was asked: what it has begun since it may not have told of.
    pub(crate) fn owed(&self, open: &[OpenCallback], ran: &[String]) -> Owed {
        let mut book = self.0.lock();
        let mut owed = Owed::default();
        for callback in open.iter().filter(|callback| !callback.delivered) {
            let id = &callback.request_id;
            match book.known.get(id) {
                Some(State::Running) => {}
                Some(State::Answered(text)) => owed.answers.push(text.clone()),
                Some(State::TooLong) => owed.not_kept.push(id.clone()),
                None => owed.unheard.push(id.clone()),
            }
        }
        let is_open = |id: &str| open.iter().any(|callback| callback.request_id == id);
        let runs = |id: &str| book.known.get(id) == Some(&State::Running);
        let unwanted = ran.iter().filter(|id| runs(id) && !is_open(id));
        owed.unwanted = unwanted.cloned().collect();
        for id in &owed.unwanted {
            book.known.remove(id);
        }
        owed
    }

    /// Another daemon gives ids from now on.
    pub(crate) fn begin_anew(&self) {
        let mut book = self.0.lock();
        let life = book.life.wrapping_add(1);
        *book = Book {
            life,
            ..Book::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(id: &str, delivered: bool) -> OpenCallback {
        OpenCallback {
            request_id: id.to_owned(),
            method: "tools.execute".to_owned(),
            delivery: 1,
            delivered,
            timeout_ms: 1,
        }
    }

    #[test]
    fn a_request_runs_once_and_its_answer_is_given_again() {
        let answers = Answers::default();
        assert_eq!(answers.begin("cb-1"), Begun::New);
        assert_eq!(answers.begin("cb-1"), Begun::Running);
        assert!(answers.answered(0, "cb-1", &"one".into()));
        assert_eq!(answers.begin("cb-1"), Begun::Answered("one".into()));
        assert!(!answers.answered(0, "cb-1", &"two".into()));
    }

    #[test]
    fn another_daemon_has_ids_of_its_own() {
        let answers = Answers::default();
        answers.begin("cb-1");
        answers.begin_anew();
        assert_eq!(answers.begin("cb-1"), Begun::New);
        assert!(!answers.answered(0, "cb-1", &"of before".into()));
        assert!(answers.answered(answers.life(), "cb-1", &"of now".into()));
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_bytes() {
        let answers = Answers::default();
        let text = ByteString::from("x".repeat(MOST_BYTES / 4));
        for n in 0..5 {
            let id = format!("long-{n}");
            answers.begin(&id);
            answers.answered(0, &id, &text);
        }
        assert_eq!(answers.begin("long-0"), Begun::New);
        assert_eq!(answers.begin("long-4"), Begun::Answered(text.clone()));
        for n in 0..=MOST {
            let id = format!("short-{n}");
            answers.begin(&id);
            answers.answered(0, &id, &"s".into());
        }
        assert_eq!(answers.begin("short-0"), Begun::New);
        assert_eq!(answers.begin("short-1"), Begun::Answered("s".into()));
        let text = ByteString::from(format!("{text}x"));
        answers.begin("longest");
        assert!(answers.answered(0, "longest", &text));
        assert_eq!(answers.begin("longest"), Begun::NotKept);
    }

    #[test]
    fn a_daemon_gets_what_it_waits_for_and_what_it_does_not_want_ends() {
        let answers = Answers::default();
        for id in ["answered", "runs", "unwanted"] {
            answers.begin(id);
        }
        answers.answered(0, "answered", &"a".into());
        let ran = answers.running();
        answers.begin("since");
        let open = [
            open("answered", false),
            open("runs", false),
            open("never", false),
            open("again", true),
        ];
        let owed = answers.owed(&open, &ran);
        assert_eq!(owed.answers, [ByteString::from("a")]);
        assert_eq!(owed.unheard, ["never"]);
        assert_eq!(owed.unwanted, ["unwanted"]);
        assert_eq!(answers.begin("unwanted"), Begun::New);
        assert_eq!(answers.begin("runs"), Begun::Running);
        assert_eq!(answers.begin("since"), Begun::Running);
    }
}
