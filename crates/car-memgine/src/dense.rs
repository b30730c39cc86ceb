//! Vectors in one table, compared exactly.

use rustc_hash::FxHashMap;

use crate::Slot;

/// A vector as it is kept: of length one, in 8-bit integers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Vector {
    scale: f32,
    values: Box<[i8]>,
}

impl Vector {
    /// One that was kept.
    pub(crate) fn kept(scale: f32, values: Box<[i8]>) -> Self {
        Self { scale, values }
    }

    /// How alike two vectors are, -1 to 1; those of different models are not.
    pub(crate) fn likeness(&self, other: &Self) -> f32 {
        if self.values.len() != other.values.len() {
            return 0.0;
        }
        dot(&self.values, &other.values) as f32 * self.scale * other.scale
    }

    /// Brings a vector to length one. `None` where it has no direction.
    pub(crate) fn new(values: &[f32]) -> Option<Self> {
        let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        let most = values
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        if !length.is_normal() || !most.is_normal() {
            return None;
        }
        let values = values
            .iter()
            .map(|value| (value / most * 127.0).round() as i8);
        Some(Self {
            scale: most / 127.0 / length,
            values: values.collect(),
        })
    }
}

/// The vectors of one model, one after another, so that a search is one pass over them.
#[derive(Debug)]
pub(crate) struct Vectors {
    dimension: usize,
    table: Vec<i8>,
    rows: Vec<(Slot, f32)>,
    places: FxHashMap<Slot, usize>,
}

impl Vectors {
    pub(crate) fn new(dimension: usize) -> Self {
        Self {
            dimension: dimension.max(1),
            table: Vec::new(),
            rows: Vec::new(),
            places: FxHashMap::default(),
        }
    }

    /// Adds a slot's vector; one of another dimension is none.
    pub(crate) fn add(&mut self, slot: Slot, vector: &Vector) {
        if vector.values.len() != self.dimension || self.places.contains_key(&slot) {
            return;
        }
        self.places.insert(slot, self.rows.len());
        self.rows.push((slot, vector.scale));
        self.table.extend_from_slice(&vector.values);
    }

    /// Takes a slot's vector out, and says whether there was one. The last takes its place.
    pub(crate) fn remove(&mut self, slot: Slot) -> bool {
        let Some(place) = self.places.remove(&slot) else {
            return false;
        };
        let last = (self.rows.len() - 1) * self.dimension;
        self.rows.swap_remove(place);
        self.table.copy_within(last.., place * self.dimension);
        // What stays behind the end is not readable, but it is somebody's text in a way.
        self.table
            .get_mut(last..)
            .into_iter()
            .flatten()
            .for_each(|value| *value = 0);
        self.table.truncate(last);
        if let Some((moved, _)) = self.rows.get(place) {
            self.places.insert(*moved, place);
        }
        true
    }

    /// Numbers in each.
    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    /// A slot's vector: the factor and the numbers.
    pub(crate) fn get(&self, slot: Slot) -> Option<(f32, &[i8])> {
        let place = *self.places.get(&slot)?;
        let (_, scale) = self.rows.get(place)?;
        let values = self.table.get(place * self.dimension..)?;
        Some((*scale, values.get(..self.dimension)?))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The likeness of a slot's vector to `query`, -1 to 1.
    pub(crate) fn likeness(&self, slot: Slot, query: &Vector) -> Option<f32> {
        let (scale, values) = self.get(slot)?;
        Some(dot(values, &query.values) as f32 * scale * query.scale)
    }

    /// The slots whose vectors are most like `query`, `most` of them, in no order. Of equals it takes the newer ones.
    pub(crate) fn nearest(&self, query: &Vector, most: usize) -> Vec<(Slot, f32)> {
        let order = |a: &(Slot, f32), b: &(Slot, f32)| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0));
        let cut = |near: &mut Vec<(Slot, f32)>| {
            near.select_nth_unstable_by(most - 1, order);
            near.truncate(most);
            near.last().map_or(f32::MIN, |last| last.1)
        };
        if most == 0 {
            return Vec::new();
        }
        let mut near: Vec<(Slot, f32)> = Vec::with_capacity(most * 4);
        let mut least = f32::MIN;
        let rows = self.table.chunks_exact(self.dimension);
        for (row, &(slot, scale)) in rows.zip(&self.rows) {
            let likeness = dot(row, &query.values) as f32 * scale * query.scale;
            if likeness >= least {
                near.push((slot, likeness));
                if near.len() == most * 4 {
                    least = cut(&mut near);
                }
            }
        }
        if near.len() > most {
            cut(&mut near);
        }
        near
    }
}

/// A loop without branches over two slices, which compilers turn into vector instructions.
fn dot(a: &[i8], b: &[i8]) -> i32 {
    let products = a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b));
    products.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_like_itself_and_unlike_its_opposite() {
        let mut vectors = Vectors::new(4);
        let one = Vector::new(&[0.3, -2.0, 0.0, 5.0]).unwrap();
        let other = Vector::new(&[-0.3, 2.0, 0.0, -5.0]).unwrap();
        vectors.add(Slot(1), &one);
        vectors.add(Slot(2), &other);
        let found = [Slot(1), Slot(2)].map(|slot| (slot, vectors.likeness(slot, &one).unwrap()));
        assert!((found[0].1 - 1.0).abs() < 0.01, "{found:?}");
        assert!((found[1].1 + 1.0).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn the_last_vector_takes_the_place_of_a_removed_one() {
        let mut vectors = Vectors::new(2);
        for slot in 0..3_u16 {
            vectors.add(
                Slot(slot.into()),
                &Vector::new(&[1.0, slot.into()]).unwrap(),
            );
        }
        assert!(vectors.remove(Slot(0)));
        assert!(!vectors.remove(Slot(0)));
        assert!(vectors.remove(Slot(1)));
        let left = vectors.nearest(&Vector::new(&[1.0, 2.0]).unwrap(), 9);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].0, Slot(2));
        assert!(left[0].1 > 0.99);
    }

    #[test]
    fn the_nearest_are_the_same_as_when_all_are_sorted() {
        let mut vectors = Vectors::new(2);
        let mut all = Vec::new();
        let query = Vector::new(&[1.0, 0.5]).unwrap();
        for slot in 0..500_u16 {
            let angle = f32::from(slot * 37 % 100);
            let vector = Vector::new(&[angle.cos(), angle.sin()]).unwrap();
            vectors.add(Slot(slot.into()), &vector);
            all.push((
                Slot(slot.into()),
                vectors.likeness(Slot(slot.into()), &query).unwrap(),
            ));
        }
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        for most in [0, 1, 7, 64, 499, 500, 1_000] {
            let mut near = vectors.nearest(&query, most);
            near.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
            assert_eq!(near, all[..most.min(500)], "{most}");
        }
    }

    #[test]
    fn a_vector_without_direction_is_none() {
        assert_eq!(Vector::new(&[0.0; 8]), None);
        assert_eq!(Vector::new(&[f32::NAN; 8]), None);
    }
}
