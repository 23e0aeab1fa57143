//! Sets of numbered things: rules of documents, people of a directory.

/// A set of numbers below a length that is fixed when it is made. Sets that are compared or joined are of one length.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bits(pub Vec<u64>);

impl Bits {
    /// The empty set of numbers below `length`.
    #[must_use]
    pub fn none(length: usize) -> Self {
        Self(vec![0; length.div_ceil(64)])
    }

    /// Takes a number in.
    pub fn set(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    /// Leaves a number out.
    pub fn clear(&mut self, at: usize) {
        self.0[at / 64] &= !(1 << (at % 64));
    }

    /// Whether a number is in it.
    #[must_use]
    pub fn has(&self, at: usize) -> bool {
        self.0[at / 64] & (1 << (at % 64)) != 0
    }

    /// Whether the three share a number.
    #[must_use]
    pub fn meet(&self, second: &Self, third: &Self) -> bool {
        let mut words = self.0.iter().zip(&second.0).zip(&third.0);
        words.any(|((first, second), third)| first & second & third != 0)
    }

    /// Whether the two share a number.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| one & other != 0)
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(one, other)| one & other)
                .collect(),
        )
    }

    /// Takes in all of another.
    pub fn join(&mut self, other: &Self) {
        for (one, other) in self.0.iter_mut().zip(&other.0) {
            *one |= other;
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// What is in it, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros() as usize;
                    left &= left - 1;
                    place * 64 + bit
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_in_order() {
        let mut bits = Bits::none(200);
        for at in [199, 0, 63, 64, 130] {
            bits.set(at);
        }
        bits.clear(63);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [0, 64, 130, 199]);
        assert_eq!(bits.len(), 4);
        let mut other = Bits::none(200);
        other.set(63);
        assert!(!bits.meets(&other) && !other.is_empty());
        other.join(&bits);
        assert!(other.has(63) && other.has(199) && bits.meet(&other, &bits));
    }
}
