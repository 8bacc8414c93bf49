//! Logistic regression on grouped counts with indicator columns.

use super::design::Design;
use super::symmetric::{Cholesky, Symmetric, dot};

/// A column whose remaining variance is below this share of its own is an alias of earlier ones.
const ALIAS_TOLERANCE: f64 = 1e-9;
/// A step that promises less log likelihood than this is the last one. Coefficients are then exact to
/// some hundred-millionths of their standard errors.
const CONVERGED: f64 = 1e-16;
/// The share of a log likelihood that rounding may take away.
const ROUNDING: f64 = 1e-12;
/// A step taken with an old information matrix must leave less than this share to be gained.
const SLOW: f64 = 0.1;
const ITERATIONS: usize = 100;
const HALVINGS: usize = 30;

/// A maximum-likelihood fit.
pub(super) struct Fit {
    pub(super) log_likelihood: f64,
    /// By column; 0 for one that is not in the model or is an alias of earlier ones.
    coefficients: Vec<f64>,
    /// Columns in the model that are no alias of earlier ones.
    kept: Vec<bool>,
}

#[derive(Clone, Copy)]
pub(super) struct Estimate {
    pub(super) coefficient: f64,
    pub(super) standard_error: f64,
}

impl Fit {
    /// The number of columns that are no alias of earlier ones.
    pub(super) fn rank(&self) -> usize {
        self.kept.iter().filter(|&&kept| kept).count()
    }

    /// The chance of winning of a row, by the columns that are 1 in it.
    pub(super) fn chance(&self, columns: &[usize]) -> f64 {
        Chances::new(columns, &self.coefficients).of_winning()
    }

    /// Coefficient and standard error by column; `None` for a column not kept.
    pub(super) fn estimates(&self, information: &Symmetric) -> Vec<Option<Estimate>> {
        let variances = information.factor(&self.kept, f64::EPSILON).inverse_diagonal();
        let estimate = |(variance, &coefficient): (Option<f64>, &f64)| {
            variance.map(|variance| Estimate { coefficient, standard_error: variance.sqrt() })
        };
        variances.into_iter().zip(&self.coefficients).map(estimate).collect()
    }
}

/// Fits models over subsets of the columns of one design.
///
/// Newton's method, which is iteratively reweighted least squares (Agresti, Categorical Data
/// Analysis, section 5.5), halving a step that would lower the likelihood. Most of its time would go
/// into the information matrix, which hardly changes on the way, so that a matrix is used until a
/// step with it gains too little.
///
/// Where a column separates the outcomes its coefficient has no finite maximum: the likelihood still
/// converges, and the coefficient is left large with a standard error that gives it away.
pub(super) struct Fitter<'a> {
    design: &'a Design,
    /// Deals in every pair of columns.
    gram: Symmetric,
}

impl<'a> Fitter<'a> {
    pub(super) fn new(design: &'a Design) -> Self {
        let mut gram = Symmetric::zero(design.columns);
        for (columns, won, lost) in design.rows() {
            gram.add_outer(columns, won + lost);
        }
        Self { design, gram }
    }

    /// The fit over all columns, starting from equal odds for all deals.
    pub(super) fn fit_all(&self) -> Fit {
        let totals =
            self.design.rows().fold((0.0, 0.0), |sum, (_, won, lost)| (sum.0 + won, sum.1 + lost));
        let mut coefficients = vec![0.0; self.design.columns];
        coefficients[0] = (totals.0 / totals.1).ln();
        let information = self.information(&coefficients);
        self.climb(&vec![true; self.design.columns], coefficients, &information)
    }

    /// The fit over the columns in `among`, starting from a fit over more of them and the
    /// information there.
    pub(super) fn fit_from(&self, start: &Fit, information: &Symmetric, among: &[bool]) -> Fit {
        self.climb(among, start.coefficients.clone(), information)
    }

    /// The information matrix of a fit, over all columns.
    pub(super) fn information_of(&self, fit: &Fit) -> Symmetric {
        self.information(&fit.coefficients)
    }

    fn climb(&self, among: &[bool], mut start: Vec<f64>, information: &Symmetric) -> Fit {
        let kept = self.gram.factor(among, ALIAS_TOLERANCE).kept().to_vec();
        for (coefficient, _) in start.iter_mut().zip(&kept).filter(|(_, kept)| !**kept) {
            *coefficient = 0.0;
        }
        let mut curvature = information.factor(&kept, f64::EPSILON);
        let mut at = Point::new(self.design, start);
        let mut enough = f64::INFINITY;
        for _ in 0..ITERATIONS {
            let (mut step, mut gain) = at.step(&curvature);
            if gain > enough {
                curvature = self.information(&at.coefficients).factor(&kept, f64::EPSILON);
                (step, gain) = at.step(&curvature);
            }
            if gain <= CONVERGED {
                let coefficients = at.moved(&step, 1.0);
                return Fit { log_likelihood: at.log_likelihood + gain, coefficients, kept };
            }
            let Some(higher) = at.climbed(self.design, &step) else { break };
            at = higher;
            enough = SLOW * gain;
        }
        Fit { log_likelihood: at.log_likelihood, coefficients: at.coefficients, kept }
    }

    fn information(&self, coefficients: &[f64]) -> Symmetric {
        let mut information = Symmetric::zero(self.design.columns);
        for (columns, won, lost) in self.design.rows() {
            let chances = Chances::new(columns, coefficients);
            information.add_outer(columns, (won + lost) * chances.likelier * chances.less_likely);
        }
        information
    }
}

/// The chances that the coefficients give to a row.
struct Chances {
    log_odds: f64,
    log_both: f64,
    likelier: f64,
    less_likely: f64,
}

impl Chances {
    fn new(columns: &[usize], coefficients: &[f64]) -> Self {
        let log_odds: f64 = columns.iter().map(|&column| coefficients[column]).sum();
        // The exponential of a negative number cannot overflow.
        let odds_against_likelier = (-log_odds.abs()).exp();
        let likelier = 1.0 / (1.0 + odds_against_likelier);
        let less_likely = odds_against_likelier * likelier;
        Self { log_odds, log_both: odds_against_likelier.ln_1p(), likelier, less_likely }
    }

    fn of_winning(&self) -> f64 {
        if self.log_odds >= 0.0 { self.likelier } else { self.less_likely }
    }
}

/// The log likelihood at some coefficients and its gradient.
struct Point {
    coefficients: Vec<f64>,
    log_likelihood: f64,
    score: Vec<f64>,
}

impl Point {
    fn new(design: &Design, coefficients: Vec<f64>) -> Self {
        // Kahan's summation: tests look at small differences of large sums.
        let (mut log_likelihood, mut rounded) = (0.0, 0.0);
        let mut score = vec![0.0; coefficients.len()];
        for (columns, won, lost) in design.rows() {
            let chances = Chances::new(columns, &coefficients);
            let from_won = won * ((-chances.log_odds).max(0.0) + chances.log_both);
            let from_lost = lost * (chances.log_odds.max(0.0) + chances.log_both);
            let added = -from_won - from_lost - rounded;
            let sum = log_likelihood + added;
            rounded = (sum - log_likelihood) - added;
            log_likelihood = sum;
            let surplus = won - (won + lost) * chances.of_winning();
            for &column in columns {
                score[column] += surplus;
            }
        }
        Self { coefficients, log_likelihood, score }
    }

    /// Newton's step, and the log likelihood that it promises.
    fn step(&self, curvature: &Cholesky) -> (Vec<f64>, f64) {
        let step = curvature.solve(&self.score);
        let gain = dot(&step, &self.score) / 2.0;
        (step, gain)
    }

    /// The point reached by the longest of the step, half of it, a quarter … that does not lower the
    /// likelihood.
    fn climbed(&self, design: &Design, step: &[f64]) -> Option<Self> {
        let bearable = self.log_likelihood - ROUNDING * (self.log_likelihood.abs() + 1.0);
        let mut length = 1.0;
        for _ in 0..HALVINGS {
            let reached = Self::new(design, self.moved(step, length));
            if reached.log_likelihood >= bearable {
                return Some(reached);
            }
            length /= 2.0;
        }
        None
    }

    fn moved(&self, step: &[f64], length: f64) -> Vec<f64> {
        self.coefficients.iter().zip(step).map(|(at, by)| at + length * by).collect()
    }
}
