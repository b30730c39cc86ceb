//! Two that come at the same time, in every order.
//!
//! Each step takes one lock and gives it back, so that all that can happen is some order of the steps. They are run in
//! each of these orders, and by threads that a scheduler interleaves.

use std::sync::Arc;

use super::*;
use crate::clock::CountingIds;
use crate::engine::cache::{Bounds, Claim, Kept, Key};
use crate::engine::handle::Ending;
use crate::store::{CommitError, StateView as _, StoreLimits, Transaction};

/// All orders in which two rows of steps can come, as which row has the next step.
fn orders(mine: usize, theirs: usize) -> Vec<Vec<bool>> {
    if mine == 0 {
        return vec![vec![false; theirs]];
    }
    if theirs == 0 {
        return vec![vec![true; mine]];
    }
    let first = |mine_first: bool, rest: Vec<Vec<bool>>| {
        rest.into_iter().map(move |order| {
            let mut all = vec![mine_first];
            all.extend(order);
            all
        })
    };
    first(true, orders(mine - 1, theirs))
        .chain(first(false, orders(mine, theirs - 1)))
        .collect()
}

/// A proposal that adds one to a number, step by step.
struct Adding {
    state: Option<Transaction>,
    seen: i64,
    ended: Option<Result<(), CommitError>>,
}

impl Adding {
    const STEPS: usize = 3;

    fn new() -> Self {
        Self {
            state: None,
            seen: 0,
            ended: None,
        }
    }

    fn step(&mut self, store: &Arc<StateStore>) {
        match &mut self.state {
            None => self.state = Some(Transaction::begin(store, &Tenant::common())),
            Some(state) if state.written().next().is_none() => {
                self.seen = state.get("n").and_then(Value::as_i64).unwrap_or_default();
                state.write("n", json!(self.seen + 1)).unwrap();
            }
            Some(state) => self.ended = Some(state.commit()),
        }
    }
}

fn one_of_two_adds(store: &Arc<StateStore>, ended: [&Result<(), CommitError>; 2]) {
    let committed = ended.iter().filter(|ended| ended.is_ok()).count();
    let n = store.snapshot(&Tenant::common())["n"].as_i64().unwrap();
    // Whoever is told that it committed is counted, and nobody else; at least one of them is.
    assert_eq!(n, i64::try_from(committed).unwrap());
    assert!(committed > 0);
    for ended in ended.into_iter().filter(|ended| ended.is_err()) {
        assert!(matches!(ended, Err(CommitError::Conflict { key }) if key == "n"));
    }
}

#[test]
fn of_two_proposals_on_one_key_none_is_lost_in_any_order() {
    for order in orders(Adding::STEPS, Adding::STEPS) {
        let store = Arc::new(StateStore::new(StoreLimits::default()));
        let (mut mine, mut theirs) = (Adding::new(), Adding::new());
        for is_mine in order {
            if is_mine { &mut mine } else { &mut theirs }.step(&store);
        }
        one_of_two_adds(
            &store,
            [mine.ended.as_ref().unwrap(), theirs.ended.as_ref().unwrap()],
        );
    }
}

#[test]
fn a_cancel_and_the_end_agree_in_any_order() {
    for order in orders(2, 1) {
        let (mut ending, mut asked, mut decided) = (Ending::default(), Vec::new(), None);
        for is_cancel in order {
            if is_cancel {
                asked.push(ending.ask(Some("enough")));
            } else {
                decided = Some(ending.decide());
            }
        }
        // The end is the cancel's if and only if a cancel before it was told so; the first reason stands.
        let cancelled = decided.unwrap().is_err();
        assert_eq!(asked[0], cancelled);
        assert!(asked[0] || !asked[1]);
    }
}

const BOUNDS: Bounds = Bounds {
    entries: 8,
    bytes: 10_000,
};

fn key() -> Key {
    Key::new(Tenant::common(), "t".into(), 1, json!({}))
}

/// The proposal that runs an idempotent call, and then is rolled back.
fn lead(cache: &Cache) -> Option<Kept> {
    match cache.claim(&key()) {
        Claim::Lead(lead) => {
            let hour = Duration::from_secs(3600);
            Some(lead.tell(Arc::new(json!(1)), hour, BOUNDS))
        }
        Claim::Hit(_) | Claim::Wait(_) => None,
    }
}

/// Whether somebody else has the result of the one that is rolled back.
fn hits(cache: &Cache) -> bool {
    matches!(cache.claim(&key()), Claim::Hit(_))
}

#[test]
fn a_result_is_either_taken_back_or_taken_in_any_order() {
    for order in orders(2, 2) {
        let cache = Cache::default();
        let (mut kept, mut withdrawn, mut taken) = (None, None, false);
        for is_leader in order {
            match (is_leader, &kept) {
                (true, None) => kept = lead(&cache),
                (true, Some(kept)) => withdrawn = Some(cache.withdraw(kept)),
                (false, _) => taken |= hits(&cache),
            }
        }
        assert_eq!(withdrawn, Some(!taken));
    }
}

/// The same by threads, under every schedule.
mod under_every_schedule {
    use shuttle::thread;

    use super::*;
    use crate::engine::handle::Runs;

    fn every_schedule(test: impl Fn() + Send + Sync + 'static) {
        shuttle::check_dfs(test, None);
    }

    #[test]
    fn two_proposals_on_one_key() {
        every_schedule(|| {
            let store = Arc::new(StateStore::new(StoreLimits::default()));
            let add = |store: Arc<StateStore>| {
                move || {
                    let mut adding = Adding::new();
                    for _ in 0..Adding::STEPS {
                        thread::yield_now();
                        adding.step(&store);
                    }
                    adding.ended.unwrap()
                }
            };
            let theirs = thread::spawn(add(Arc::clone(&store)));
            let mine = add(Arc::clone(&store))();
            one_of_two_adds(&store, [&mine, &theirs.join().unwrap()]);
        });
    }

    #[test]
    fn an_abort_against_hits() {
        every_schedule(|| {
            let cache = Arc::new(Cache::default());
            let other = Arc::clone(&cache);
            let taker = thread::spawn(move || {
                (0..2).fold(false, |taken, _| {
                    thread::yield_now();
                    hits(&other) || taken
                })
            });
            let kept = loop {
                // Whoever claims a call that nobody runs gives it up here, and the next one has it.
                if let Some(kept) = lead(&cache) {
                    break kept;
                }
                thread::yield_now();
            };
            thread::yield_now();
            let withdrawn = cache.withdraw(&kept);
            assert_eq!(withdrawn, !taker.join().unwrap());
        });
    }

    #[test]
    fn cancels_against_completion() {
        every_schedule(|| {
            let runs = Arc::new(Runs::default());
            let session = CancellationToken::new();
            let ids = CountingIds::default();
            let id: Arc<str> = ids.hex12().into();
            let guard = runs.begin(Arc::clone(&id), &session, false);
            let cancel = |runs: Arc<Runs>, id: Arc<str>| {
                thread::spawn(move || {
                    thread::yield_now();
                    runs.cancel(&id, None)
                })
            };
            let threads = [
                cancel(Arc::clone(&runs), Arc::clone(&id)),
                cancel(Arc::clone(&runs), Arc::clone(&id)),
            ];
            thread::yield_now();
            let cancelled = guard.handle.decide().is_err();
            thread::yield_now();
            let outcome = if cancelled {
                Outcome::Cancelled
            } else {
                Outcome::Completed
            };
            runs.remember(&id, outcome, 8);
            thread::yield_now();
            drop(guard);
            let answers = threads.map(|thread| thread.join().unwrap().unwrap());
            let accepted = answers.contains(&CancelOutcome::Cancelled);
            assert_eq!(accepted, cancelled);
            // Whoever came later is told how it ended, or that it is ending.
            for answer in answers {
                assert!(answer != CancelOutcome::Ended(Outcome::Completed) || !cancelled);
            }
            assert_eq!(runs.len(), 0);
        });
    }
}
