//! A choice among few outcomes by weight, in constant time: the alias method (Walker 1977; tables as by Vose 1991).

use crate::base::random::Draws;
use crate::model::Gang;

/// A weighted choice of an outcome, compiled.
#[derive(Clone, Debug)]
pub(super) struct Choice<T> {
    cells: Vec<Cell<T>>,
}

#[derive(Clone, Copy, Debug)]
struct Cell<T> {
    /// Fractions of the cell below this give `own`, the others `alias`.
    threshold: u64,
    own: T,
    alias: T,
}

const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

impl<T: Copy> Choice<T> {
    /// Compiles outcomes with weights, of which at least one is positive. *O*(n).
    pub fn new(weighted: &[(T, f64)]) -> Self {
        let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
        let scale = weighted.len() as f64 / total;
        let mut rest: Vec<f64> = weighted.iter().map(|(_, weight)| weight * scale).collect();
        let mut cells: Vec<_> = weighted.iter().map(|&(own, _)| Cell { threshold: u64::MAX, own, alias: own }).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..rest.len()).partition(|&index| rest[index] < 1.0);
        while let (Some(&below), Some(&above)) = (small.last(), large.last()) {
            small.pop();
            cells[below].threshold = (rest[below] * TWO_TO_64) as u64;
            cells[below].alias = cells[above].own;
            rest[above] -= 1.0 - rest[below];
            if rest[above] < 1.0 {
                large.pop();
                small.push(above);
            }
        }
        Self { cells }
    }
    /// Returns the outcome, if there is only one.
    pub fn only(&self) -> Option<T> {
        if let [cell] = self.cells.as_slice() { Some(cell.own) } else { None }
    }
    /// Draws an outcome by one 64-bit word: its product with the number of cells gives the cell and, below the point, the place in it.
    #[inline]
    pub fn pick(&self, draws: &mut Draws) -> T {
        let product = u128::from(draws.bits()) * self.cells.len() as u128;
        let cell = &self.cells[(product >> 64) as usize];
        if (product as u64) < cell.threshold { cell.own } else { cell.alias }
    }
}

impl<T: Copy + From<u32>> Choice<T> {
    /// Compiles the sizes of gangs or batches.
    pub fn sizes(gang: &Gang) -> Self {
        match gang {
            Gang::Fixed(size) => Self::new(&[((*size).into(), 1.0)]),
            Gang::Weighted(sizes) => Self::new(&sizes.iter().map(|&(size, weight)| (size.into(), weight)).collect::<Vec<_>>()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Seed;

    #[test]
    fn frequencies_are_the_weights() {
        let weighted = [(1, 0.40), (2, 0.20), (4, 0.15), (8, 0.15), (16, 0.06), (32, 0.04), (64, 0.0)];
        let choice = Choice::new(&weighted);
        let stream = Seed { seed: 7, replication: 0 }.stream("choice", "test");
        let count = 200_000;
        let mut seen = [0_u32; 65];
        for index in 0..count {
            seen[choice.pick(&mut stream.at(index))] += 1;
        }
        let chi_square: f64 = weighted[..6]
            .iter()
            .map(|&(outcome, weight)| {
                let expected = weight * count as f64;
                (f64::from(seen[outcome]) - expected) * (f64::from(seen[outcome]) - expected) / expected
            })
            .sum();
        assert!(chi_square < 20.5, "chi-square with 5 degrees of freedom: {chi_square}");
        assert_eq!(seen[64], 0);
    }

    #[test]
    fn one_outcome_needs_no_draw() {
        assert_eq!(Choice::<u64>::sizes(&Gang::Fixed(8)).only(), Some(8));
        assert_eq!(Choice::<u32>::sizes(&Gang::Weighted(vec![(8, 0.5), (9, 0.5)])).only(), None);
    }
}
