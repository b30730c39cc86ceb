//! Which requests of a session are under way, answered, and known to have their reply: bookkeeping without a lock.

use std::collections::VecDeque;

use bytestring::ByteString;
use car_protocol::jsonrpc::Id;

/// How many requests are remembered as answered when their reply is not kept.
const REMEMBERED: usize = 1_024;

/// The book. `L` names connections.
#[derive(Debug)]
pub(crate) struct ReplyBook<L> {
    most: usize,
    most_bytes: usize,
    running: Vec<Id>,
    kept: VecDeque<Kept<L>>,
    bytes: usize,
    /// The number of the newest reply.
    last: u64,
    /// That number at the last ping.
    pinged: u64,
    /// Requests whose reply has arrived, or is not kept, oldest first.
    answered: VecDeque<(u64, Id)>,
    forgotten: Forgotten,
}

#[derive(Debug)]
struct Kept<L> {
    number: u64,
    id: Id,
    /// The connection that it came on, where it has its reply alone.
    on: Option<L>,
    text: ByteString,
}

/// Requests that nothing is known of any more.
#[derive(Debug)]
struct Forgotten {
    /// The highest of those with a whole number. Clients count upwards, so whoever is above is none of them.
    integer: i64,
    /// Whether there is one with another id.
    other: bool,
}

/// What a client missed.
#[derive(Debug, Default)]
pub(crate) struct Missed {
    /// The replies, oldest first.
    pub(crate) replies: Vec<ByteString>,
    pub(crate) running: Vec<Id>,
    /// Answered, and the reply is not kept.
    pub(crate) lost: Vec<Id>,
    /// Never arrived.
    pub(crate) not_seen: Vec<Id>,
    /// Whether they arrived is forgotten.
    pub(crate) unknown: Vec<Id>,
    /// Replies to requests that came behind the one that resumes, oldest first.
    pub(crate) pipelined: Vec<ByteString>,
    /// The number of the newest reply at this moment.
    pub(crate) through: u64,
}

impl<L: Copy + Eq> ReplyBook<L> {
    /// An empty book for so many replies and bytes. It begins with the request `since`; what came before it is
    /// forgotten, unless that is the `first` one.
    pub(crate) fn new(most: usize, most_bytes: usize, since: &Id, first: bool) -> Self {
        Self {
            most,
            most_bytes,
            running: Vec::new(),
            kept: VecDeque::new(),
            bytes: 0,
            last: 0,
            pinged: 0,
            answered: VecDeque::new(),
            forgotten: Forgotten {
                integer: since
                    .as_i64()
                    .unwrap_or(if first { i64::MIN } else { i64::MAX }),
                other: !first,
            },
        }
    }

    pub(crate) fn begun(&mut self, id: &Id) {
        self.running.push(id.clone());
    }

    pub(crate) fn answered(&mut self, id: &Id, text: Option<ByteString>, on: Option<L>) {
        if let Some(place) = self.running.iter().position(|running| running == id) {
            self.running.swap_remove(place);
        }
        self.last += 1;
        let number = self.last;
        let fits = |text: &ByteString| text.len() <= self.most_bytes && self.most > 0;
        let Some(text) = text.filter(fits) else {
            return self.remember(number, id.clone());
        };
        self.bytes += text.len();
        let id = id.clone();
        self.kept.push_back(Kept {
            number,
            id,
            on,
            text,
        });
        while self.kept.len() > self.most || self.bytes > self.most_bytes {
            self.drop_oldest();
        }
    }

    pub(crate) fn mark(&mut self) -> u64 {
        std::mem::replace(&mut self.pinged, self.last)
    }

    /// The replies up to this one have arrived.
    pub(crate) fn delivered(&mut self, through: u64) {
        while self.kept.front().is_some_and(|kept| kept.number <= through) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(kept) = self.kept.pop_front() {
            self.bytes -= kept.text.len();
            self.remember(kept.number, kept.id);
        }
    }

    fn remember(&mut self, number: u64, id: Id) {
        self.answered.push_back((number, id));
        if self.answered.len() > REMEMBERED
            && let Some((_, id)) = self.answered.pop_front()
        {
            match id.as_i64() {
                Some(id) => self.forgotten.integer = self.forgotten.integer.max(id),
                None => self.forgotten.other = true,
            }
        }
    }

    /// The number of the newest reply.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// What became of these requests. The client is back on `back_on`; `since` is the newest reply from before it was.
    pub(crate) fn missed(&self, waiting: Option<&[Id]>, back_on: L, since: u64) -> Missed {
        let pipelined = |kept: &&Kept<L>| kept.number > since && kept.on == Some(back_on);
        let texts = |wanted: &dyn Fn(&Id) -> bool| -> Vec<ByteString> {
            let kept = self.kept.iter().filter(|kept| !pipelined(kept));
            let kept = kept.filter(|kept| wanted(&kept.id));
            kept.map(|kept| kept.text.clone()).collect()
        };
        let behind = self.kept.iter().filter(pipelined);
        let mut missed = Missed {
            pipelined: behind.map(|kept| kept.text.clone()).collect(),
            through: self.last,
            ..Missed::default()
        };
        let Some(waiting) = waiting else {
            missed.replies = texts(&|_| true);
            missed.running = self.running.clone();
            return missed;
        };
        missed.replies = texts(&|id| waiting.contains(id));
        for id in waiting {
            let list = if self.kept.iter().any(|kept| kept.id == *id) {
                continue;
            } else if self.running.contains(id) {
                &mut missed.running
            } else if self.answered.iter().any(|(_, answered)| answered == id) {
                &mut missed.lost
            } else if self.may_be_forgotten(id) {
                &mut missed.unknown
            } else {
                &mut missed.not_seen
            };
            list.push(id.clone());
        }
        missed
    }

    fn may_be_forgotten(&self, id: &Id) -> bool {
        match id.as_i64() {
            Some(id) => id <= self.forgotten.integer,
            None => self.forgotten.other,
        }
    }

    /// The replies after this one.
    pub(crate) fn since(&self, through: u64) -> Vec<ByteString> {
        let kept = self.kept.iter().filter(|kept| kept.number > through);
        kept.map(|kept| kept.text.clone()).collect()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.running = Vec::new();
        self.kept = VecDeque::new();
        self.answered = VecDeque::new();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: i64) -> Id {
        Id::integer(number)
    }

    fn book(most: usize, most_bytes: usize) -> ReplyBook<u8> {
        ReplyBook::new(most, most_bytes, &id(1), true)
    }

    fn answer(book: &mut ReplyBook<u8>, number: i64, text: &'static str) {
        book.begun(&id(number));
        book.answered(&id(number), Some(text.into()), None);
    }

    fn waits(book: &ReplyBook<u8>, ids: &[i64]) -> String {
        let ids: Vec<Id> = ids.iter().map(|number| id(*number)).collect();
        let missed = book.missed(Some(&ids), 0, u64::MAX);
        let shown = |ids: &[Id]| ids.iter().map(Id::to_string).collect::<Vec<_>>().join(",");
        format!(
            "replies {} running {} lost {} not seen {} unknown {}",
            missed
                .replies
                .iter()
                .map(|text| &**text)
                .collect::<Vec<_>>()
                .join(","),
            shown(&missed.running),
            shown(&missed.lost),
            shown(&missed.not_seen),
            shown(&missed.unknown),
        )
    }

    #[test]
    fn what_is_answered_before_its_client_is_told_of_the_rest_is_told_behind_it() {
        let mut book = book(4, 100);
        answer(&mut book, 2, "waited for");
        let since = book.last();
        answer(&mut book, 3, "waited for too");
        book.begun(&id(4));
        book.answered(&id(4), Some("pipelined".into()), Some(1));
        let missed = book.missed(Some(&[id(2), id(3)]), 1, since);
        assert_eq!(missed.replies, ["waited for", "waited for too"]);
        assert_eq!(missed.pipelined, ["pipelined"]);
        let missed = book.missed(None, 1, since);
        assert_eq!(missed.replies, ["waited for", "waited for too"]);
        assert_eq!(missed.pipelined, ["pipelined"]);
        // Once more lost, it is a reply like any other.
        let missed = book.missed(None, 2, since);
        assert_eq!((missed.replies.len(), missed.pipelined.len()), (3, 0));
    }

    #[test]
    fn each_request_that_is_waited_for_is_told_what_became_of_it() {
        let mut book = book(2, 100);
        for (number, text) in [(2, "two"), (3, "three"), (4, "four")] {
            answer(&mut book, number, text);
        }
        book.begun(&id(5));
        book.begun(&id(6));
        book.answered(&id(6), None, None);
        assert_eq!(
            waits(&book, &[1, 2, 4, 3, 5, 6, 7]),
            "replies three,four running 5 lost 2,6 not seen 7 unknown 1"
        );
        let missed = book.missed(None, 0, u64::MAX);
        assert_eq!((missed.replies.len(), missed.running), (2, vec![id(5)]));
    }

    #[test]
    fn what_has_arrived_is_not_kept_but_remembered() {
        let mut book = book(10, 100);
        answer(&mut book, 2, "two");
        assert_eq!(book.mark(), 0);
        answer(&mut book, 3, "three");
        let mark = book.mark();
        book.delivered(0);
        assert_eq!(book.bytes(), 8);
        book.delivered(mark);
        assert_eq!(
            waits(&book, &[2, 3]),
            "replies three running  lost 2 not seen  unknown "
        );
        assert_eq!(book.bytes(), 5);
    }

    #[test]
    fn neither_replies_nor_bytes_nor_names_grow_without_bound() {
        let mut book = book(4, 12);
        for number in 0..10_000 {
            answer(&mut book, number, "12345");
            assert!(book.kept.len() <= 2 && book.bytes <= 12);
        }
        answer(&mut book, 10_000, "longer than all");
        assert_eq!(book.kept.len(), 2);
        assert_eq!(book.answered.len(), REMEMBERED);
        assert_eq!(
            waits(&book, &[100, 9_000, 9_999, 10_000, 10_001]),
            "replies 12345 running  lost 9000,10000 not seen 10001 unknown 100"
        );
    }

    #[test]
    fn what_came_before_the_book_is_unknown() {
        let book = ReplyBook::new(4, 12, &id(7), false);
        assert_eq!(
            waits(&book, &[6, 8]),
            "replies  running  lost  not seen 8 unknown 6"
        );
        let named = book.missed(Some(&[Id::string("a")]), 0, u64::MAX);
        assert_eq!(named.unknown, [Id::string("a")]);
        let first = ReplyBook::new(4, 12, &Id::string("a"), true);
        let named = first.missed(Some(&[Id::string("b"), id(1)]), 0, u64::MAX);
        assert_eq!(named.not_seen, [Id::string("b"), id(1)]);
    }

    #[test]
    fn what_is_answered_after_a_look_is_told_apart() {
        let mut book = book(4, 100);
        answer(&mut book, 2, "two");
        let through = book.missed(None, 0, u64::MAX).through;
        answer(&mut book, 3, "three");
        assert_eq!(book.since(through), ["three"]);
    }
}
