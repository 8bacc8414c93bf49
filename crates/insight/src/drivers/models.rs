use std::collections::BTreeMap;

use super::design::Design;
use super::logistic::{Estimate, Fit, Fitter};
use super::symmetric::Symmetric;

/// The fitted models by the dimensions in them: the full model serves many tests, and is where the
/// others start from.
pub(super) struct Models<'a> {
    design: &'a Design,
    fitter: Fitter<'a>,
    full: Fit,
    information: Symmetric,
    fits: BTreeMap<Vec<usize>, Fit>,
    estimates: BTreeMap<Vec<usize>, Vec<Option<Estimate>>>,
}

impl<'a> Models<'a> {
    pub(super) fn new(design: &'a Design) -> Self {
        let fitter = Fitter::new(design);
        let full = fitter.fit_all();
        let information = fitter.information_of(&full);
        let (fits, estimates) = (BTreeMap::new(), BTreeMap::new());
        Self { design, fitter, full, information, fits, estimates }
    }

    fn fit(&mut self, chosen: &[usize]) -> &Fit {
        self.fits.entry(chosen.to_vec()).or_insert_with(|| {
            let mut among = vec![false; self.design.columns];
            among[0] = true;
            for &position in chosen {
                among[self.design.span(position)].fill(true);
            }
            self.fitter.fit_from(&self.full, &self.information, &among)
        })
    }

    /// The log likelihood and the rank.
    pub(super) fn likelihood(&mut self, chosen: &[usize]) -> (f64, usize) {
        let fit = self.fit(chosen);
        (fit.log_likelihood, fit.rank())
    }

    /// What each level of the factor at `position` but the reference adds to the log odds.
    pub(super) fn estimates(&mut self, chosen: &[usize], position: usize) -> &[Option<Estimate>] {
        if !self.estimates.contains_key(chosen) {
            self.fit(chosen);
            let fit = &self.fits[chosen];
            let estimates = fit.estimates(&self.fitter.information_of(fit));
            self.estimates.insert(chosen.to_vec(), estimates);
        }
        &self.estimates[chosen][self.design.span(position)]
    }
}
