//! The keys of one tenant, sorted, cheap to share and cheap to change while shared.

use std::sync::Arc;

use serde_json::Value;

/// One key's value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) value: Arc<Value>,
    /// Of the commit that wrote it; never given twice, so that equal versions mean the same value.
    pub(super) version: u64,
    /// Bytes that key and value hold.
    pub(super) held: usize,
}

/// A chunk that grows beyond this is split.
const CHUNK: usize = 128;

type Chunk = Vec<(Arc<str>, Entry)>;

/// A sorted map in chunks. Cloning shares them; a write to a clone copies the one chunk that it touches, pointer by
/// pointer, so that a snapshot of ten thousand keys does not make the next write slow.
#[derive(Clone, Debug, Default)]
pub(super) struct Space {
    /// None is empty; the first key of each is greater than all keys of the one before.
    chunks: Vec<Arc<Chunk>>,
    len: usize,
}

impl Space {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        let chunk = self.chunks.get(self.chunk_of(key))?;
        let place = find(chunk, key).ok()?;
        Some(&chunk[place].1)
    }

    pub(super) fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// All entries, sorted by key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        let entries = self.chunks.iter().flat_map(|chunk| chunk.iter());
        entries.map(|(key, entry)| (key, entry))
    }

    /// Puts an entry in; gives back what was there.
    pub(super) fn insert(&mut self, key: Arc<str>, entry: Entry) -> Option<Entry> {
        let at = self.chunk_of(&key);
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(Arc::new(vec![(key, entry)]));
            self.len = 1;
            return None;
        };
        let chunk = Arc::make_mut(chunk);
        match find(chunk, &key) {
            Ok(place) => Some(std::mem::replace(&mut chunk[place].1, entry)),
            Err(place) => {
                chunk.insert(place, (key, entry));
                self.len += 1;
                if chunk.len() > CHUNK {
                    let rest = chunk.split_off(CHUNK / 2);
                    self.chunks.insert(at + 1, Arc::new(rest));
                }
                None
            }
        }
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.chunk_of(key);
        // Looks first, so that a key that is not there never costs the copy of a shared chunk.
        let place = find(self.chunks.get(at)?, key).ok()?;
        let chunk = Arc::make_mut(&mut self.chunks[at]);
        let (_, entry) = chunk.remove(place);
        self.len -= 1;
        if chunk.is_empty() {
            self.chunks.remove(at);
        } else if let [one, other, ..] = &mut self.chunks[at.saturating_sub(1)..]
            && one.len() + other.len() <= CHUNK / 2
        {
            Arc::make_mut(one).extend(other.iter().cloned());
            self.chunks.remove(at.saturating_sub(1) + 1);
        }
        Some(entry)
    }

    /// The place of the chunk in which a key is, or belongs.
    fn chunk_of(&self, key: &str) -> usize {
        let after = self.chunks.partition_point(|chunk| &*chunk[0].0 <= key);
        after.saturating_sub(1)
    }
}

fn find(chunk: &Chunk, key: &str) -> Result<usize, usize> {
    chunk.binary_search_by(|(other, _)| (**other).cmp(key))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn entry(version: u64) -> Entry {
        Entry {
            value: Arc::default(),
            version,
            held: 0,
        }
    }

    fn versions(space: &Space) -> Vec<(String, u64)> {
        let entries = space.iter();
        entries
            .map(|(key, entry)| (key.as_ref().to_owned(), entry.version))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn it_is_a_sorted_map_and_a_clone_does_not_change(
            steps in prop::collection::vec((0..700_u32, prop::bool::weighted(0.6)), 0..3000), snapshot in 0..3000_usize,
        ) {
            let (mut space, mut model) = (Space::default(), BTreeMap::new());
            let mut kept = None;
            for (at, (number, put)) in (0..).zip(steps) {
                if at == snapshot {
                    kept = Some((space.clone(), versions(&space)));
                }
                let key = format!("k{number}");
                if put {
                    let old = space.insert(key.as_str().into(), entry(at as u64));
                    prop_assert_eq!(old.map(|old| old.version), model.insert(key, at as u64));
                } else {
                    prop_assert_eq!(space.get(&key).map(|found| found.version), model.get(&key).copied());
                    prop_assert_eq!(space.remove(&key).map(|old| old.version), model.remove(&key));
                }
                prop_assert_eq!(space.len(), model.len());
                prop_assert!(space.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK));
            }
            prop_assert_eq!(versions(&space), model.into_iter().collect::<Vec<_>>());
            if let Some((space, versions_then)) = kept {
                prop_assert_eq!(versions(&space), versions_then);
            }
        }
    }

    #[test]
    fn a_write_beside_a_snapshot_copies_one_chunk() {
        let mut space = Space::default();
        for number in 0..10_000_u64 {
            space.insert(format!("{number:05}").into(), entry(number));
        }
        let snapshot = space.clone();
        space.insert("05000".into(), entry(0));
        let pairs = snapshot.chunks.iter().zip(&space.chunks);
        let copied = pairs.filter(|(old, new)| !Arc::ptr_eq(old, new)).count();
        assert_eq!(copied, 1);
    }
}
