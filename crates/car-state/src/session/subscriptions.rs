//! The streams that are fed to a session's connection, by name and because a pattern covers them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Weak};

use car_protocol::rpc::events::{Cursor, Delivery, Uncovered, UncoveredParams};
use parking_lot::Mutex;

use super::Link;
use crate::channel::{SubscribeError, Subscription, Wanted, WhenOver};
use crate::identity::IdentityCell;
use crate::log::{EventLog, NameListener, Pattern, StreamName};

/// What a session is subscribed to.
///
/// A stream is claimed before it is fed, so that whoever feeds it because it has just appeared and whoever asks for it
/// by name do not feed it both.
#[derive(Debug)]
pub struct Subscriptions {
    log: Arc<dyn EventLog>,
    link: Arc<Link>,
    identity: Arc<IdentityCell>,
    table: Mutex<Table>,
    this: Weak<Self>,
}

#[derive(Debug, Default)]
struct Table {
    fed: HashMap<StreamName, Fed>,
    patterns: Vec<Covering>,
    /// Whether the log tells of new streams.
    listening: bool,
    /// Whether there was a stream that found no room.
    short: bool,
}

/// A pattern, and how the events of what it covers come.
#[derive(Clone, Debug)]
struct Covering {
    pattern: Pattern,
    delivery: Delivery,
}

#[derive(Debug)]
struct Fed {
    /// None while it is about to begin.
    subscription: Option<Subscription>,
    delivery: Delivery,
    /// Whether it was asked for by its name.
    named: bool,
}

/// What a session asks for at once.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Streams by their names.
    pub named: Vec<Wanted>,
    /// Patterns, with how the events of what they cover come.
    pub patterns: Vec<(Pattern, Delivery)>,
    /// The streams that the patterns cover now.
    pub covered: Vec<Wanted>,
}

/// A stream that is fed.
#[derive(Clone, Debug)]
pub struct FedStream {
    /// The stream.
    pub stream: StreamName,
    /// The number of the newest event that the connection's socket has taken, at most a page too small.
    pub written: u64,
    /// How its events come.
    pub delivery: Delivery,
    /// Whether it was asked for by its name.
    pub named: bool,
}

impl Table {
    /// Names and patterns.
    fn asked_for(&self) -> usize {
        self.patterns.len() + self.fed.values().filter(|fed| fed.named).count()
    }

    fn covered(&self) -> usize {
        self.fed.values().filter(|fed| !fed.named).count()
    }

    fn covering(&self, stream: &StreamName) -> Option<&Covering> {
        let mut patterns = self.patterns.iter();
        patterns.find(|covering| covering.pattern.covers(stream))
    }

    /// Takes out what has ended; it is dropped by the caller, outside of the lock.
    fn take_over(&mut self) -> Vec<Fed> {
        let over = |fed: &Fed| fed.subscription.as_ref().is_some_and(Subscription::is_over);
        let gone = self.fed.extract_if(|_, fed| over(fed));
        gone.map(|(_, fed)| fed).collect()
    }
}

impl Subscriptions {
    pub(crate) fn new(
        log: Arc<dyn EventLog>,
        link: Arc<Link>,
        identity: Arc<IdentityCell>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            log,
            link,
            identity,
            table: Mutex::default(),
            this: Weak::clone(this),
        })
    }

    /// Feeds one stream without loss. A subscription to it that is there already is replaced.
    ///
    /// # Errors
    /// [`SubscribeError`]; `Ok(false)` where there is no connection. Nothing has changed then.
    pub fn subscribe(&self, stream: StreamName, cursor: Cursor) -> Result<bool, SubscribeError> {
        let wanted = Wanted {
            stream,
            cursor,
            delivery: Delivery::Lossless,
            when_over: None,
        };
        self.subscribe_all(Asked {
            named: vec![wanted],
            ..Asked::default()
        })
    }

    /// Has the log tell of new streams. To be called before the streams are listed that a pattern covers, so that none
    /// is missed in between; what appears is fed as soon as a pattern that covers it is there.
    pub fn listen(&self) {
        let first = !std::mem::replace(&mut self.table.lock().listening, true);
        if first {
            self.log
                .watch_names(Weak::clone(&self.this) as Weak<dyn NameListener>);
        }
    }

    /// Feeds several streams, and those that patterns come to cover: all or none. Subscriptions to them that are there
    /// already are replaced.
    ///
    /// # Errors
    /// [`SubscribeError`]; `Ok(false)` where there is no connection. Nothing has changed then.
    pub fn subscribe_all(&self, asked: Asked) -> Result<bool, SubscribeError> {
        let Some(channel) = self.link.channel() else {
            return Ok(false);
        };
        let limits = channel.limits();
        let named = asked.named.iter().map(|wanted| (wanted, true));
        let covered = asked.covered.iter().map(|wanted| (wanted, false));
        let wanted: Vec<(Wanted, bool)> = named
            .chain(covered)
            .map(|(wanted, named)| (wanted.clone(), named))
            .collect();

        self.let_go();
        let (claimed, ending) = {
            let mut table = self.table.lock();
            let new_name =
                |wanted: &&Wanted| !table.fed.get(&wanted.stream).is_some_and(|f| f.named);
            let names = asked.named.iter().filter(new_name).count();
            let known =
                |pattern: &Pattern| table.patterns.iter().any(|one| one.pattern == *pattern);
            let patterns = asked.patterns.iter().filter(|(one, _)| !known(one)).count();
            if table.asked_for() + names + patterns > limits.subscriptions {
                let limit = limits.subscriptions;
                return Err(SubscribeError::TooMany { limit });
            }
            let new = |wanted: &&Wanted| !table.fed.contains_key(&wanted.stream);
            let covered = asked.covered.iter().filter(new).count();
            if table.covered() + covered > limits.covered {
                let limit = limits.covered;
                return Err(SubscribeError::TooMany { limit });
            }
            let (mut claimed, mut ending) = (Vec::new(), 0);
            for (
                Wanted {
                    stream, delivery, ..
                },
                named,
            ) in &wanted
            {
                match table.fed.entry(stream.clone()) {
                    Entry::Occupied(fed) => ending += usize::from(fed.get().subscription.is_some()),
                    Entry::Vacant(place) => {
                        claimed.push(stream.clone());
                        place.insert(Fed {
                            subscription: None,
                            delivery: *delivery,
                            named: *named,
                        });
                    }
                }
            }
            (claimed, ending)
        };

        let streams = wanted.iter().map(|(wanted, _)| Wanted {
            when_over: Some(self.when_over()),
            ..wanted.clone()
        });
        let streams = streams.collect();
        let begun = match channel.subscribe_all(streams, ending) {
            Ok(begun) => begun,
            Err(error) => {
                let mut table = self.table.lock();
                for stream in &claimed {
                    table.fed.remove(stream);
                }
                return Err(error);
            }
        };
        let replaced: Vec<Option<Fed>> = {
            let mut table = self.table.lock();
            for (pattern, delivery) in asked.patterns {
                table.patterns.retain(|one| one.pattern != pattern);
                table.patterns.push(Covering { pattern, delivery });
            }
            let fed = wanted.into_iter().zip(begun);
            fed.map(|((wanted, named), subscription)| {
                let fed = Fed {
                    subscription: Some(subscription),
                    delivery: wanted.delivery,
                    named,
                };
                table.fed.insert(wanted.stream, fed)
            })
            .collect()
        };
        drop(replaced);
        self.cover_rest();
        Ok(true)
    }

    /// Ends the feeding of a stream; `false` where it was not fed.
    pub fn unsubscribe(&self, stream: &StreamName) -> bool {
        let fed = self.table.lock().fed.remove(stream);
        self.cover_rest();
        fed.is_some()
    }

    /// Ends a pattern, and the feeding of the streams that it alone covered; answers how many. None where there is no
    /// such pattern.
    pub fn uncover(&self, pattern: &Pattern) -> Option<usize> {
        let ended: Vec<Fed> = {
            let mut table = self.table.lock();
            let before = table.patterns.len();
            table.patterns.retain(|one| one.pattern != *pattern);
            if table.patterns.len() == before {
                return None;
            }
            let Table { fed, patterns, .. } = &mut *table;
            let kept = |stream: &StreamName| patterns.iter().any(|one| one.pattern.covers(stream));
            // What is fed for another reason than a pattern stays.
            let ended =
                fed.extract_if(|stream, fed| !fed.named && pattern.covers(stream) && !kept(stream));
            ended.map(|(_, fed)| fed).collect()
        };
        Some(ended.len())
    }

    /// Ends what the session may not read any more, and begins what it may read from now on: to be called when its
    /// identity has changed.
    pub fn review(&self) {
        let identity = self.identity.get();
        let ended: Vec<Fed> = {
            let mut table = self.table.lock();
            let ended = table
                .fed
                .extract_if(|stream, _| !stream.readable_by(&identity));
            ended.map(|(_, fed)| fed).collect()
        };
        drop(ended);
        if !self.table.lock().patterns.is_empty() {
            self.cover_all();
        }
    }

    /// The streams that are fed.
    #[must_use]
    pub fn list(&self) -> Vec<FedStream> {
        self.let_go();
        let row = |(stream, fed): (&StreamName, &Fed)| {
            let subscription = fed.subscription.as_ref()?;
            Some(FedStream {
                stream: stream.clone(),
                written: subscription.written(),
                delivery: fed.delivery,
                named: fed.named,
            })
        };
        let table = self.table.lock();
        table.fed.iter().filter_map(row).collect()
    }

    /// Whether a stream is fed.
    #[must_use]
    pub fn feeds(&self, stream: &StreamName) -> bool {
        let table = self.table.lock();
        let fed = table.fed.get(stream);
        fed.is_some_and(|fed| fed.subscription.is_some())
    }

    /// Whether a stream is fed because it was asked for by its name.
    #[must_use]
    pub fn is_named(&self, stream: &StreamName) -> bool {
        let table = self.table.lock();
        table.fed.get(stream).is_some_and(|fed| fed.named)
    }

    fn when_over(&self) -> Weak<dyn WhenOver> {
        Weak::<Self>::clone(&self.this)
    }

    /// Lets go of what has ended.
    fn let_go(&self) {
        let over = self.table.lock().take_over();
        drop(over);
    }

    /// The patterns, with how the events of what they cover come.
    #[must_use]
    pub fn patterns(&self) -> Vec<(Pattern, Delivery)> {
        let table = self.table.lock();
        let patterns = table.patterns.iter();
        patterns
            .map(|one| (one.pattern.clone(), one.delivery))
            .collect()
    }

    /// Ends everything.
    pub(crate) fn end(&self) {
        let ended = {
            let mut table = self.table.lock();
            table.patterns.clear();
            std::mem::take(&mut table.fed)
        };
        drop(ended);
    }

    /// Ends everything, and says what it was: what a connection had that is gone.
    pub(crate) fn take(&self) -> (Vec<FedStream>, Vec<(Pattern, Delivery)>) {
        let taken = (self.list(), self.patterns());
        self.end();
        taken
    }

    /// Has patterns cover again what they covered on another connection. What is not fed by now begins with the oldest
    /// event that is kept: it has appeared meanwhile.
    pub(crate) fn cover_again(&self, patterns: Vec<(Pattern, Delivery)>) {
        if patterns.is_empty() {
            return;
        }
        self.listen();
        let patterns = patterns.into_iter();
        let patterns = patterns.map(|(pattern, delivery)| Covering { pattern, delivery });
        self.table.lock().patterns.extend(patterns);
        self.cover_all();
    }

    /// Begins what found no room before, if anything did.
    fn cover_rest(&self) {
        let short = std::mem::replace(&mut self.table.lock().short, false);
        if short {
            self.cover_all();
        }
    }

    /// Begins every stream that a pattern covers and that is not fed.
    fn cover_all(&self) {
        let mut names = self.log.names();
        names.retain(|name| self.table.lock().covering(name).is_some());
        names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        for name in &names {
            self.cover(name);
        }
    }

    /// Feeds a stream that a pattern covers from the oldest event that is kept, unless it is fed already.
    fn cover(&self, stream: &StreamName) {
        if stream.family().notification.is_none() || !stream.readable_by(&self.identity.get()) {
            return;
        }
        let Some(channel) = self.link.channel() else {
            return;
        };
        self.let_go();
        let limit = channel.limits().covered;
        let delivery = {
            let mut table = self.table.lock();
            let Some(delivery) = table.covering(stream).map(|one| one.delivery) else {
                return;
            };
            if table.fed.contains_key(stream) {
                return;
            }
            if table.covered() >= limit {
                table.short = true;
                drop(table);
                let params = UncoveredParams {
                    stream: stream.to_string(),
                    limit: limit as u64,
                };
                // When it is not taken, the client has more to worry about, and the drop is counted.
                let _ = channel.notify::<Uncovered>(&params);
                return;
            }
            let fed = Fed {
                subscription: None,
                delivery,
                named: false,
            };
            table.fed.insert(stream.clone(), fed);
            delivery
        };
        let wanted = Wanted {
            stream: stream.clone(),
            cursor: self.log.oldest(stream),
            delivery,
            when_over: Some(self.when_over()),
        };
        let begun = channel.subscribe_all(vec![wanted], 0);
        let rest = match begun.map(|mut begun| begun.pop()) {
            Ok(subscription) => {
                let mut table = self.table.lock();
                // Somebody may have ended it meanwhile, or asked for it by its name.
                match table.fed.get_mut(stream) {
                    Some(fed) if fed.subscription.is_none() => {
                        fed.subscription = subscription;
                        None
                    }
                    _ => subscription,
                }
            }
            Err(error) => {
                tracing::warn!(%stream, %error, "a stream that a pattern covers is not fed");
                self.table.lock().fed.remove(stream);
                None
            }
        };
        drop(rest);
    }
}

impl WhenOver for Subscriptions {
    fn over(&self) {
        self.let_go();
        self.cover_rest();
    }
}

impl NameListener for Subscriptions {
    fn appeared(&self, stream: &StreamName) {
        if self.table.lock().covering(stream).is_some() {
            self.cover(stream);
        }
    }
}
