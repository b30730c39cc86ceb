//! Every interleaving of calls, recording, beginning, ending, cutting, storing and restarts, over one key.

use std::collections::HashSet;

use super::super::shelf::{End, Entry, Phase, Shelf, Submit};
use super::*;

/// What somebody does next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    /// The client sends the call.
    Submit,
    /// It sends the key with other params.
    SubmitOther,
    /// The record that the act runs is on disk, and the act begins.
    Begin,
    /// The record is on disk, and the act is taken back before it begins.
    RecordInVain,
    /// The act has ended.
    End,
    /// The session of the act ends.
    Cut,
    /// What was last handed to storage reaches it.
    Store,
    /// The daemon is killed, and another one starts.
    Restart,
}

const STEPS: [Step; 8] = [
    Step::Submit,
    Step::SubmitOther,
    Step::Begin,
    Step::RecordInVain,
    Step::End,
    Step::Cut,
    Step::Store,
    Step::Restart,
];

/// The row on disk.
type Row = Option<(RowId, Option<Status>)>;

#[derive(Clone, Debug)]
struct World {
    shelf: Shelf<u8>,
    /// The act under way, and whether it has begun.
    act: Option<(RowId, bool)>,
    disk: Row,
    /// What is on its way to disk: the row as it will be.
    queue: Vec<(RowId, Row)>,
    next: u64,
    /// How often the act was carried out, to its end or not.
    runs: u32,
    /// How it ended, where somebody was told.
    told: Option<Status>,
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

impl World {
    fn new() -> Self {
        Self {
            shelf: Shelf::new(OutcomeLimits::default(), NOW),
            act: None,
            disk: None,
            queue: Vec::new(),
            next: 1,
            runs: 0,
            told: None,
        }
    }

    /// Takes a step; `false` where there is nothing to do for it.
    fn step(&mut self, step: Step) -> bool {
        let key = key("k");
        match step {
            Step::Submit => self.submit(),
            Step::SubmitOther => {
                let known = self.shelf.get(&key, NOW).is_some();
                if known {
                    let method = Arc::from("m");
                    let other = self
                        .shelf
                        .submit(&key, params("[1]"), &method, RowId(99), NOW);
                    assert!(matches!(other, Err(OutcomeError::Conflict)));
                }
                known
            }
            Step::Begin => self.not_begun(|world, row| {
                world.disk = Some((row, None));
                world.shelf.act(&key, row);
                world.act = Some((row, true));
                world.runs += 1;
            }),
            Step::RecordInVain => self.not_begun(|world, row| {
                world.disk = Some((row, None));
                world.shelf.release(&key, row);
                world.act = None;
                world.queue.push((row, None));
            }),
            Step::End => match self.act {
                Some((row, true)) => {
                    self.ends(row, Status::Done);
                    true
                }
                _ => false,
            },
            Step::Cut => match self.act {
                Some((row, true)) => {
                    self.ends(row, Status::Unknown);
                    true
                }
                Some((row, false)) => {
                    self.shelf.release(&key, row);
                    self.act = None;
                    true
                }
                None => false,
            },
            Step::Store => {
                if self.queue.is_empty() {
                    return false;
                }
                let (row, becomes) = self.queue.remove(0);
                if becomes.is_some() || self.disk.is_some_and(|(stored, _)| stored == row) {
                    self.disk = becomes;
                }
                true
            }
            Step::Restart => {
                self.restart();
                true
            }
        }
    }

    fn submit(&mut self) -> bool {
        let (key, method, row) = (key("k"), Arc::from("m"), RowId(self.next));
        self.next += 1;
        match self.shelf.submit(&key, params("{}"), &method, row, NOW) {
            Ok(Submit::Fresh) => {
                assert_eq!(self.act, None, "two acts under one key");
                assert_eq!(self.runs, 0, "what was done is to be done again");
                self.act = Some((row, false));
            }
            Ok(Submit::Joined) => assert!(self.act.is_some(), "nobody will answer"),
            Ok(Submit::Past(_, end)) => {
                assert_eq!(end.status, Status::Done);
                assert_eq!(self.told.unwrap_or(Status::Done), Status::Done);
                self.told = Some(Status::Done);
            }
            Err(OutcomeError::Unknown) => {
                assert_ne!(self.told, Some(Status::Done), "it was known before");
            }
            Err(other) => panic!("{other}"),
        }
        true
    }

    /// What is written waits until what was written before is there, as in the one queue of the database.
    fn not_begun(&mut self, work: impl FnOnce(&mut Self, RowId)) -> bool {
        match self.act {
            Some((row, false)) => {
                while self.step(Step::Store) {}
                work(self, row);
                true
            }
            _ => false,
        }
    }

    fn ends(&mut self, row: RowId, status: Status) {
        let end = End {
            status,
            at: NOW,
            kept: Some(1),
        };
        self.shelf.end(&key("k"), row, end);
        self.act = None;
        self.queue.push((row, Some((row, Some(status)))));
    }

    fn restart(&mut self) {
        self.shelf = Shelf::new(OutcomeLimits::default(), NOW);
        self.act = None;
        self.queue.clear();
        // Whoever was told heard it after it was stored.
        self.told = None;
        if let Some((row, status)) = self.disk {
            let entry = Entry {
                row,
                print: params("{}"),
                method: Arc::from("m"),
                begun: NOW,
                phase: Phase::Waiting(Vec::new()),
            };
            let end = End {
                status: status.unwrap_or(Status::Unknown),
                at: NOW,
                kept: Some(1),
            };
            self.disk = Some((row, Some(end.status)));
            self.shelf.restore(key("k"), entry, end, NOW);
        }
    }

    fn check(&mut self, way: &[Step]) {
        assert!(self.runs <= 1, "the act ran twice: {way:?}");
        let known = self.shelf.get(&key("k"), NOW).is_some();
        assert!(
            known || self.runs == 0,
            "an act that ran is not known: {way:?}"
        );
        assert!(known || self.act.is_none(), "{way:?}");
    }

    /// All that decides what can happen next. Only whether two numbers are the same matters of them.
    fn shape(&mut self) -> String {
        let mut rows: Vec<RowId> = Vec::new();
        let mut name = |row: RowId| {
            rows.iter()
                .position(|other| *other == row)
                .unwrap_or_else(|| {
                    rows.push(row);
                    rows.len() - 1
                })
        };
        let act = self.act.map(|(row, begun)| (name(row), begun));
        let disk = self.disk.map(|(row, status)| (name(row), status));
        let queue: Vec<_> = self
            .queue
            .iter()
            .map(|(row, becomes)| (name(*row), becomes.map(|(_, status)| status)))
            .collect();
        let entry = self.shelf.get(&key("k"), NOW).map(|entry| {
            let phase = match &entry.phase {
                Phase::Waiting(_) => "waiting",
                Phase::Acting(_) => "acting",
                Phase::Ended { end, .. } => end.status.as_str(),
            };
            (name(entry.row), phase)
        });
        format!(
            "{act:?} {disk:?} {queue:?} {entry:?} {} {:?}",
            self.runs, self.told
        )
    }
}

#[test]
fn under_one_key_an_act_runs_at_most_once_whatever_happens_when() {
    let (mut seen, mut open) = (HashSet::new(), vec![(World::new(), Vec::new())]);
    while let Some((world, way)) = open.pop() {
        for step in STEPS {
            let (mut next, mut way) = (world.clone(), way.clone());
            way.push(step);
            if next.step(step) {
                next.check(&way);
                if seen.insert(next.shape()) {
                    open.push((next, way));
                }
            }
        }
    }
    // Every state that can be reached was, from each of which every step was taken.
    assert_eq!(seen.len(), 12, "{seen:#?}");
}
