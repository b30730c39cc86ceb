use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::thread;

use car_state::channel::{is_only_fed, to_feed};

use super::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// Connections of one thread, and what counts their wakes.
fn connections(relay: &Arc<Relay>, count: usize) -> (Vec<Arc<Count>>, Vec<Relayed>) {
    let tasks: Vec<_> = (0..count).map(|_| Arc::<Count>::default()).collect();
    let relayed = tasks
        .iter()
        .map(|task| Relayed::new(&Waker::from(Arc::clone(task)), relay));
    let relayed = relayed.collect();
    (tasks, relayed)
}

fn from_outside(wake: impl Fn() + Sync) {
    thread::scope(|scope| scope.spawn(&wake).join()).unwrap();
}

#[test]
fn who_is_fed_from_outside_is_woken_by_its_thread_which_is_woken_once() {
    let (relay, thread_waker) = (Arc::<Relay>::default(), Arc::<Count>::default());
    let waker = Waker::from(Arc::clone(&thread_waker));
    let mut cx = Context::from_waker(&waker);
    let mut running = pin!(relay.run());
    assert!(running.as_mut().poll(&mut cx).is_pending());

    let (tasks, relayed) = connections(&relay, 3);
    let outside = || {
        for relayed in relayed.iter().chain(&relayed) {
            to_feed(|| relayed.waker.wake_by_ref());
        }
    };
    for _ in 0..2 {
        from_outside(outside);
        assert_eq!(thread_waker.take(), 1);
        assert_eq!(relay.woken.lock().list.len(), 3);
        assert!(tasks.iter().all(|task| task.take() == 0));
        assert!(running.as_mut().poll(&mut cx).is_pending());
        assert!(tasks.iter().all(|task| task.take() == 1));
    }
    assert!(!relayed[0].lets_go_first());

    // On its own thread nobody else is needed.
    to_feed(|| relayed[0].waker.wake_by_ref());
    assert_eq!((tasks[0].take(), thread_waker.take()), (1, 0));
    assert!(!relayed[1].lets_go_first());
}

#[test]
fn whoever_has_a_turn_wakes_another_thread_at_its_end() {
    let (relay, thread_waker) = (Arc::<Relay>::default(), Arc::<Count>::default());
    let waker = Waker::from(Arc::clone(&thread_waker));
    let mut running = pin!(relay.run());
    let mut cx = Context::from_waker(&waker);
    assert!(running.as_mut().poll(&mut cx).is_pending());
    let (tasks, relayed) = connections(&relay, 2);
    let other = Arc::<Relay>::default();
    let (_, publishers) = connections(&other, 1);

    let turn = |wake: &dyn Fn()| {
        publishers[0].turn(|_| {
            to_feed(|| {
                relayed
                    .iter()
                    .for_each(|relayed| relayed.waker.wake_by_ref())
            });
            wake();
        });
    };
    thread::scope(|scope| {
        let in_turn = || {
            HERE.set(other.address());
            turn(&|| assert_eq!(thread_waker.take(), 0));
        };
        scope.spawn(in_turn).join().unwrap();
    });
    assert_eq!(thread_waker.take(), 1);
    assert!(running.as_mut().poll(&mut cx).is_pending());
    assert!(tasks.iter().all(|task| task.take() == 1));

    // Whoever has no turn does not leave it to them.
    thread::scope(|scope| {
        let in_turn = || {
            HERE.set(other.address());
            turn(&|| {
                from_outside(|| to_feed(|| relayed[0].waker.wake_by_ref()));
                assert_eq!(thread_waker.take(), 0);
                let (_, more) = connections(&relay, 1);
                from_outside(|| to_feed(|| more[0].waker.wake_by_ref()));
                assert_eq!(thread_waker.take(), 1);
            });
        };
        scope.spawn(in_turn).join().unwrap();
    });
    assert_eq!(thread_waker.take(), 0);
    assert!(running.as_mut().poll(&mut cx).is_pending());

    // A turn at whose end nobody is left to be woken.
    let outside = || to_feed(|| relayed[0].waker.wake_by_ref());
    thread::scope(|scope| {
        let in_turn = || {
            HERE.set(other.address());
            turn(&|| drop(std::mem::take(&mut *relay.woken.lock())));
        };
        scope.spawn(in_turn).join().unwrap();
    });
    relayed.iter().for_each(|relayed| {
        relayed.remote.listed.store(false, Ordering::Release);
    });
    from_outside(outside);
    assert_eq!(thread_waker.take(), 1);
    assert!(running.as_mut().poll(&mut cx).is_pending());

    // Also where the turn ends in a panic.
    thread::scope(|scope| {
        let panics = || {
            HERE.set(other.address());
            turn(&|| panic!("in a turn"));
        };
        scope.spawn(panics).join().unwrap_err();
    });
    assert_eq!(thread_waker.take(), 1);
}

#[test]
fn who_is_woken_for_something_else_goes_first() {
    let relay = Arc::<Relay>::default();
    let (tasks, relayed) = connections(&relay, 2);
    let (hurried, fed) = (&relayed[0], &relayed[1]);
    from_outside(|| hurried.waker.wake_by_ref());
    assert_eq!((tasks[0].take(), relay.woken.lock().list.len()), (1, 0));
    assert!(fed.lets_go_first());
    assert!(!hurried.lets_go_first());
    assert!(!fed.lets_go_first());

    // Also on the thread itself, unless it is its own turn in which it wants another one.
    HERE.set(relay.address());
    hurried.waker.wake_by_ref();
    assert!(fed.lets_go_first());
    assert!(!hurried.lets_go_first());
    hurried.turn(|cx| cx.waker().wake_by_ref());
    assert_eq!(tasks[0].take(), 2);
    assert!(!fed.lets_go_first());
}

#[test]
fn who_is_woken_to_be_fed_and_for_nothing_else_is_only_fed() {
    let relay = Arc::<Relay>::default();
    let (_, relayed) = connections(&relay, 1);
    let (one, wake) = (&relayed[0], &relayed[0].waker);
    let feed = || to_feed(|| wake.wake_by_ref());
    let fed = || one.turn(|_| is_only_fed());
    // It has yet to say what is to wake it.
    from_outside(feed);
    assert!(!fed());
    from_outside(feed);
    assert!(fed() && !is_only_fed());
    from_outside(|| wake.wake_by_ref());
    from_outside(feed);
    assert!(!fed());
    HERE.set(relay.address());
    feed();
    assert!(fed());
    wake.wake_by_ref();
    assert!(!fed());
    // Also where it wants another turn in its own one.
    one.turn(|cx| cx.waker().wake_by_ref());
    feed();
    assert!(!fed());
    feed();
    assert!(fed());
}

#[test]
fn nobody_waits_for_one_who_has_left() {
    let relay = Arc::<Relay>::default();
    let (_, mut relayed) = connections(&relay, 2);
    let left = relayed.remove(0);
    let waker = left.waker.clone();
    waker.wake_by_ref();
    assert!(relayed[0].lets_go_first());
    drop(left);
    assert!(!relayed[0].lets_go_first());
    waker.wake_by_ref();
    assert!(!relayed[0].lets_go_first());
}
