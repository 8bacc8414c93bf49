use std::collections::BTreeMap;

use super::design::{Factor, Table};
use super::logistic::{Estimate, Fit, fit};

/// The fitted models by the dimensions in them: the full model serves many tests.
pub(super) struct Models<'a> {
    table: Table,
    factors: &'a [Factor],
    fits: BTreeMap<Vec<usize>, Fit>,
}

impl<'a> Models<'a> {
    pub(super) fn new(table: Table, factors: &'a [Factor]) -> Self {
        Self { table, factors, fits: BTreeMap::new() }
    }

    fn fit(&mut self, chosen: &[usize]) -> &Fit {
        let (placed, columns) = self.place(chosen);
        let fits = self.fits.entry(chosen.to_vec());
        fits.or_insert_with(|| fit(&self.table.design(&placed), columns))
    }

    /// The log likelihood and the rank.
    pub(super) fn likelihood(&mut self, chosen: &[usize]) -> (f64, usize) {
        let fit = self.fit(chosen);
        (fit.log_likelihood, fit.rank)
    }

    /// The chosen factors with the first column of each, and the number of columns.
    fn place(&self, chosen: &[usize]) -> (Vec<(usize, usize)>, usize) {
        let mut next = 1;
        let placed = chosen.iter().map(|&position| {
            let first = next;
            next += self.factors[position].levels.len() - 1;
            (position, first)
        });
        (placed.collect(), next)
    }

    /// What each level of the factor at `position` but the reference adds to the log odds.
    pub(super) fn estimates(&mut self, chosen: &[usize], position: usize) -> Vec<Option<Estimate>> {
        let (placed, _) = self.place(chosen);
        let levels = self.factors[position].levels.len();
        let fit = self.fit(chosen);
        let first = placed.iter().find(|&&(factor, _)| factor == position);
        first.map_or_else(Vec::new, |&(_, first)| fit.estimates[first..first + levels - 1].to_vec())
    }
}
