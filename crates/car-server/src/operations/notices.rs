//! The last warnings and errors, kept for whoever asks what went wrong.

use std::collections::VecDeque;

use car_protocol::Timestamp;
use car_protocol::rpc::diagnostics::Notice;
use parking_lot::Mutex;

/// How many are kept.
const KEPT: usize = 64;
/// How long one may be, in bytes.
const LONGEST: usize = 512;

/// The last warnings and errors of this process: 64 of them, of 512 bytes each at most. One that is said again and
/// again is kept once, with how often it was said, so that it drives out nothing else.
#[derive(Debug, Default)]
pub struct Notices(Mutex<VecDeque<Notice>>);

impl Notices {
    /// Keeps one. It must hold no secret.
    pub fn add(&self, at: Timestamp, level: &str, target: &str, mut message: String) {
        if message.len() > LONGEST {
            message.truncate(message.floor_char_boundary(LONGEST));
            message.push('…');
        }
        let mut kept = self.0.lock();
        if let Some(last) = kept.back_mut()
            && last.message == message
            && last.target == target
            && last.level == level
        {
            last.count += 1;
            last.at = at;
            return;
        }
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(Notice {
            at,
            level: level.to_owned(),
            target: target.to_owned(),
            message,
            count: 1,
        });
    }

    /// All that are kept, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Notice> {
        self.0.lock().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_millis(second * 1_000)
    }

    #[test]
    fn what_is_said_again_is_kept_once() {
        let notices = Notices::default();
        for second in 0..1_000 {
            notices.add(at(second), "warn", "here", "no room".to_owned());
        }
        notices.add(at(1_000), "error", "here", "no room".to_owned());
        let all = notices.all();
        assert_eq!((all.len(), all[0].count, all[0].at), (2, 1_000, at(999)));
    }

    #[test]
    fn the_oldest_go_and_long_ones_are_cut() {
        let notices = Notices::default();
        for second in 0..100 {
            notices.add(
                at(second),
                "warn",
                "here",
                format!("{second} {}", "é".repeat(400)),
            );
        }
        let all = notices.all();
        assert_eq!((all.len(), all[0].at), (KEPT, at(36)));
        assert!(all.iter().all(|notice| notice.message.len() <= LONGEST + 3));
    }
}
