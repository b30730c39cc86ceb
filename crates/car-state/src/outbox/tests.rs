use super::*;

fn small() -> Outbox {
    Outbox::new(OutboxLimits {
        requests: 2,
        request_bytes: 100,
        frames: 2,
        bytes: 50,
        ..OutboxLimits::default()
    })
}

fn write_all(outbox: &mut Outbox) -> usize {
    let mut batch = VecDeque::new();
    outbox.take(&mut batch);
    let mut written = Written::default();
    batch.iter().for_each(|queued| written.add(queued));
    outbox.written(written);
    batch.len()
}

#[test]
fn requests_under_way_overload_and_unwritten_replies_hold_reading_back() {
    let mut outbox = small();
    assert_eq!(outbox.admit(), Admission::Admitted);
    assert_eq!(outbox.admit(), Admission::Admitted);
    assert_eq!(outbox.admit(), Admission::Overloaded);
    outbox.reply("{}".into(), 1);
    assert_eq!(outbox.admit(), Admission::Wait);
    assert_eq!(write_all(&mut outbox), 1);
    assert_eq!(outbox.admit(), Admission::Admitted);
}

#[test]
fn a_refusal_is_written_before_the_next_request_is_read() {
    let mut outbox = small();
    outbox.admit();
    outbox.admit();
    outbox.admit_replied("{}".into());
    assert_eq!(outbox.admit(), Admission::Wait);
    write_all(&mut outbox);
    assert_eq!(outbox.admit(), Admission::Overloaded);
}

#[test]
fn unwritten_bytes_hold_reading_back() {
    let mut outbox = small();
    outbox.admit();
    outbox.reply("x".repeat(51).into(), 1);
    assert_eq!(outbox.admit(), Admission::Wait);
    assert_eq!(
        outbox.push(Frame::Ping(bytes::Bytes::new())),
        Err(SendError::Full)
    );
    write_all(&mut outbox);
    assert_eq!(outbox.admit(), Admission::Admitted);
}

#[test]
fn frames_that_are_no_replies_are_bounded_on_their_own() {
    let mut outbox = small();
    for _ in 0..2 {
        outbox.push(Frame::Text("n".into())).unwrap();
    }
    assert_eq!(outbox.push(Frame::Text("n".into())), Err(SendError::Full));
    outbox.admit();
    outbox.reply("{}".into(), 1);
    assert_eq!(write_all(&mut outbox), 3);
    outbox.push(Frame::Text("n".into())).unwrap();
}

#[test]
fn a_single_request_may_be_as_big_as_a_frame() {
    let mut outbox = small();
    assert!(outbox.hold(1_000));
    assert!(!outbox.hold(1));
    outbox.unhold(1_000);
    assert!(outbox.hold(60) && outbox.hold(40) && !outbox.hold(1));
}

#[test]
fn closing_writes_what_is_queued_and_takes_nothing_more() {
    let mut outbox = small();
    outbox.admit();
    outbox.reply("{}".into(), 1);
    outbox.close(Some(CloseReason::new(1000, "bye")));
    assert_eq!(
        outbox.push(Frame::Text("late".into())),
        Err(SendError::Closed)
    );
    let mut batch = VecDeque::new();
    assert_eq!(
        outbox.take(&mut batch),
        Next::Close(Some(CloseReason::new(1000, "bye")))
    );
    assert_eq!(batch.len(), 1);
}

#[test]
fn after_the_end_nobody_waits_for_bytes_to_be_written() {
    let mut outbox = small();
    outbox.admit();
    outbox.reply("x".repeat(51).into(), 1);
    assert_eq!(outbox.admit(), Admission::Wait);
    outbox.end();
    assert_eq!(outbox.admit(), Admission::Admitted);
}

#[test]
fn after_the_end_everything_is_settled_at_once() {
    let mut outbox = small();
    outbox.admit();
    outbox.end();
    outbox.reply("{}".into(), 1);
    assert_eq!(outbox.requests(), 0);
    assert_eq!(outbox.take(&mut VecDeque::new()), Next::Ended);
}

/// What may happen to an outbox.
#[derive(Clone, Copy, Debug)]
enum Happens {
    /// A request is taken on, if it may be.
    Admit,
    /// One that was taken on is answered, with so many bytes.
    Reply(usize),
    /// One that was taken on needs no answer.
    Forget,
    /// A frame that is no reply.
    Push(usize),
    /// The writer takes what there is.
    Take,
    /// And has written it.
    Written,
    Close,
    Shed,
    End,
}

/// What an outbox is believed to hold.
#[derive(Clone, Debug, Default)]
struct Model {
    /// Taken on and neither answered nor forgotten.
    open: usize,
    /// Bytes and settled requests of each frame that waits.
    queued: Vec<(usize, usize)>,
    /// The same in the writer's hands.
    hands: Vec<(usize, usize)>,
    is_closing: bool,
    is_ended: bool,
}

impl Model {
    fn bytes(&self) -> usize {
        let frames = self.queued.iter().chain(&self.hands);
        frames.map(|(bytes, _)| bytes).sum()
    }

    fn unwritten_replies(&self) -> usize {
        let frames = self.queued.iter().chain(&self.hands);
        frames.map(|(_, settles)| settles).sum()
    }

    fn frames(&self) -> usize {
        let frames = self.queued.iter().chain(&self.hands);
        frames.filter(|(_, settles)| *settles == 0).count()
    }
}

fn step(outbox: &mut Outbox, model: &mut Model, happens: Happens, hands: &mut VecDeque<Queued>) {
    let limits = *outbox.limits();
    let text = |bytes: usize| ByteString::from("x".repeat(bytes));
    let takes = !model.is_closing && !model.is_ended;
    match happens {
        Happens::Admit => {
            let requests = model.open + model.unwritten_replies();
            let room = requests < limits.requests && model.bytes() <= limits.bytes;
            let expected = match () {
                () if model.is_ended && model.open < limits.requests => Admission::Admitted,
                () if model.is_ended => Admission::Overloaded,
                () if room => Admission::Admitted,
                () if model.unwritten_replies() > 0 || requests < limits.requests => {
                    Admission::Wait
                }
                () => Admission::Overloaded,
            };
            assert_eq!(outbox.admit(), expected);
            model.open += usize::from(expected == Admission::Admitted);
        }
        Happens::Reply(bytes) if model.open > 0 => {
            outbox.reply(text(bytes), 1);
            model.open -= 1;
            if takes {
                model.queued.push((bytes, 1));
            }
        }
        Happens::Forget if model.open > 0 => {
            outbox.settle(1);
            model.open -= 1;
        }
        Happens::Push(bytes) => {
            let expected = match () {
                () if !takes => Err(SendError::Closed),
                () if model.frames() >= limits.frames || model.bytes() > limits.bytes => {
                    Err(SendError::Full)
                }
                () => Ok(()),
            };
            assert_eq!(outbox.push(Frame::Text(text(bytes))), expected);
            if expected.is_ok() {
                model.queued.push((bytes, 0));
            }
        }
        Happens::Take if hands.is_empty() => {
            let next = outbox.take(hands);
            assert_eq!(hands.len(), model.queued.len());
            match next {
                Next::Write => assert!(takes && !hands.is_empty()),
                Next::Idle => assert!(takes && hands.is_empty()),
                Next::Close(_) => assert!(model.is_closing && !model.is_ended),
                Next::Ended => assert!(model.is_ended && hands.is_empty()),
            }
            model.hands = std::mem::take(&mut model.queued);
        }
        Happens::Written => {
            let mut written = Written::default();
            hands.drain(..).for_each(|queued| written.add(&queued));
            if !model.is_ended {
                outbox.written(written);
            }
            model.hands.clear();
        }
        Happens::Close => {
            outbox.close(None);
            model.is_closing |= !model.is_ended;
        }
        Happens::Shed => {
            let dropped = outbox.shed(CloseReason::new(1013, ""));
            let expected = if model.is_ended {
                0
            } else {
                model.queued.len()
            };
            assert_eq!(dropped.len(), expected);
            model.queued.clear();
            model.is_closing |= !model.is_ended;
        }
        Happens::End if !model.is_ended => {
            outbox.end();
            hands.clear();
            model.queued.clear();
            model.hands.clear();
            model.is_ended = true;
        }
        _ => {}
    }
}

/// Every order in which six things may happen to an outbox with a request.
#[test]
fn every_order_of_events_keeps_the_books() {
    const ALL: [Happens; 10] = [
        Happens::Admit,
        Happens::Reply(1),
        Happens::Reply(60),
        Happens::Forget,
        Happens::Push(30),
        Happens::Take,
        Happens::Written,
        Happens::Close,
        Happens::Shed,
        Happens::End,
    ];
    const LENGTH: u32 = 6;
    for number in 0..10_usize.pow(LENGTH) {
        let (mut outbox, mut model, mut hands) = (small(), Model::default(), VecDeque::new());
        // The first request is always there: without one little can happen.
        step(&mut outbox, &mut model, Happens::Admit, &mut hands);
        let mut rest = number;
        for _ in 0..LENGTH {
            step(&mut outbox, &mut model, ALL[rest % ALL.len()], &mut hands);
            rest /= ALL.len();
        }
        let depth = outbox.depth();
        let held = if model.is_ended { 0 } else { model.bytes() };
        assert_eq!(depth.bytes, held, "{number:07}");
        if !model.is_ended {
            let requests = model.open + model.unwritten_replies();
            assert_eq!(depth.requests, requests, "{number:07}");
            let frames = model.frames() + model.unwritten_replies();
            assert_eq!(depth.frames, frames, "{number:07}");
        }
        assert_eq!(outbox.is_open(), !model.is_closing && !model.is_ended);
    }
}
