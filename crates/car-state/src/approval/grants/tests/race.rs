//! Every order of three uses, a revocation and the end of the process, each cut into the steps that the book takes: in the
//! table, on the disk, and told.

use std::collections::HashMap;

use super::*;

const TIMES: u32 = 2;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Actor {
    Use(u8),
    Revoke,
    Kill,
}

/// Rows as the statements of the store leave them.
#[derive(Clone, Default)]
struct Disk(HashMap<GrantId, u32>);

#[derive(Clone)]
struct World {
    table: Grants,
    disk: Disk,
    /// What each has done, and what it took.
    steps: HashMap<u8, (u8, Option<u32>)>,
    revoking: u8,
    killed: bool,
    ran: u32,
    /// The revocation was told.
    revoked: bool,
}

impl World {
    fn new() -> Self {
        Self {
            table: table([grant("g", Life::Times, Some(TIMES))]),
            disk: Disk(HashMap::from([(GrantId::new("g"), TIMES)])),
            steps: HashMap::from([0, 1, 2].map(|who| (who, (0, None)))),
            revoking: 0,
            killed: false,
            ran: 0,
            revoked: false,
        }
    }

    fn can(&self, actor: Actor) -> bool {
        match actor {
            Actor::Use(who) => self.steps[&who].0 < 3,
            Actor::Revoke => self.revoking < 3,
            Actor::Kill => !self.killed,
        }
    }

    fn step(&mut self, actor: Actor) {
        let id = GrantId::new("g");
        match actor {
            Actor::Use(who) => {
                let (step, took) = self.steps[&who];
                let next = match step {
                    0 => match self.table.take(&act(), at(1)) {
                        Some(used) => {
                            assert!(!self.revoked, "used after it was revoked");
                            (1, used.remaining)
                        }
                        None => (3, None),
                    },
                    1 => {
                        if let Some(left) = self.disk.0.get_mut(&id) {
                            *left = (*left).min(took.unwrap());
                            if *left == 0 {
                                self.disk.0.remove(&id);
                            }
                        }
                        (2, took)
                    }
                    _ => {
                        self.ran += 1;
                        (3, took)
                    }
                };
                self.steps.insert(who, next);
            }
            Actor::Revoke => match self.revoking {
                0 => {
                    // Unknown: it was used up. Nothing is left to be done.
                    self.revoking = if self.table.remove(&id).is_some() {
                        1
                    } else {
                        3
                    };
                }
                1 => {
                    self.disk.0.remove(&id);
                    self.revoking = 2;
                }
                _ => {
                    self.revoked = true;
                    self.revoking = 3;
                }
            },
            Actor::Kill => {
                self.killed = true;
                self.restart();
            }
        }
    }

    /// What was under way is gone; what is on the disk is there.
    fn restart(&mut self) {
        for step in self.steps.values_mut() {
            if step.0 > 0 {
                step.0 = 3;
            }
        }
        if self.revoking > 0 {
            self.revoking = 3;
        }
        let kept = self.disk.0.iter();
        self.table = table(kept.map(|(id, left)| grant(id.as_str(), Life::Times, Some(*left))));
    }
}

fn explore(world: &World, seen: &mut u32) {
    let uses = [0, 1, 2].map(Actor::Use);
    let mut last = true;
    for actor in uses
        .into_iter()
        .chain([Actor::Revoke, Actor::Kill])
        .filter(|actor| world.can(*actor))
    {
        last = false;
        let mut next = world.clone();
        next.step(actor);
        explore(&next, seen);
    }
    if last {
        *seen += 1;
        // The next daemon goes on until it has to ask.
        let mut end = world.clone();
        end.restart();
        while end.table.take(&act(), at(1)).is_some() {
            assert!(!end.revoked, "used after it was revoked");
            end.ran += 1;
        }
        assert!(end.ran <= TIMES, "{} of {TIMES}", end.ran);
    }
}

#[test]
fn no_order_of_uses_revocation_and_kill_uses_a_grant_too_often_or_too_late() {
    let mut seen = 0;
    explore(&World::new(), &mut seen);
    assert!(seen > 10_000, "{seen}");
}
