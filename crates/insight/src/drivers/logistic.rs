//! Logistic regression on grouped counts with indicator columns.

use super::symmetric::{Cholesky, Symmetric};

/// A column whose remaining variance is below this share of its own is an alias of earlier ones.
const ALIAS_TOLERANCE: f64 = 1e-9;
/// A relative gain in log likelihood below this ends the iteration. Newton's method converges
/// quadratically, so the coefficients are then far more exact than their standard errors.
const CONVERGED: f64 = 1e-11;
const ITERATIONS: usize = 60;
const HALVINGS: usize = 30;

/// Deals that share a row of the design: the columns that are 1, ascending; the others are 0.
pub(super) struct Row {
    pub(super) columns: Vec<usize>,
    pub(super) won: f64,
    pub(super) lost: f64,
}

/// A maximum-likelihood fit.
pub(super) struct Fit {
    pub(super) log_likelihood: f64,
    /// Columns that are no alias of earlier ones.
    pub(super) rank: usize,
    /// Coefficient and standard error by column; `None` for an alias.
    pub(super) estimates: Vec<Option<Estimate>>,
}

#[derive(Clone, Copy)]
pub(super) struct Estimate {
    pub(super) coefficient: f64,
    pub(super) standard_error: f64,
}

/// Fits by iteratively reweighted least squares (Agresti, Categorical Data Analysis, section 5.5),
/// halving a step that would lower the likelihood.
///
/// Where a column separates the outcomes its coefficient has no finite maximum: the likelihood still
/// converges, and the coefficient is left large with a standard error that gives it away.
pub(super) fn fit(rows: &[Row], columns: usize) -> Fit {
    let mut gram = Symmetric::zero(columns);
    for row in rows {
        gram.add_outer(&row.columns, row.won + row.lost);
    }
    let kept = gram.factor(&vec![true; columns], ALIAS_TOLERANCE).kept().to_vec();
    let mut at = Point::new(rows, vec![0.0; columns], &kept);
    for _ in 0..ITERATIONS {
        let Some(next) = climb(rows, &at, &kept) else { break };
        let gain = next.log_likelihood - at.log_likelihood;
        at = next;
        if gain <= CONVERGED * (at.log_likelihood.abs() + 1.0) {
            break;
        }
    }
    let variances = at.information.inverse_diagonal();
    let estimate = |(variance, &coefficient): (Option<f64>, &f64)| {
        variance.map(|variance| Estimate { coefficient, standard_error: variance.sqrt() })
    };
    Fit {
        log_likelihood: at.log_likelihood,
        rank: kept.iter().filter(|&&kept| kept).count(),
        estimates: variances.into_iter().zip(&at.coefficients).map(estimate).collect(),
    }
}

/// The point reached by the longest of Newton's step, half of it, a quarter … that does not lower the
/// likelihood.
fn climb(rows: &[Row], from: &Point, kept: &[bool]) -> Option<Point> {
    let step = from.information.solve(&from.score);
    let mut length = 1.0;
    for _ in 0..HALVINGS {
        let moved = from.coefficients.iter().zip(&step).map(|(at, by)| at + length * by).collect();
        let reached = Point::new(rows, moved, kept);
        if reached.log_likelihood >= from.log_likelihood {
            return Some(reached);
        }
        length /= 2.0;
    }
    None
}

/// The log likelihood at some coefficients, its gradient, and the factored information matrix over
/// the kept columns.
struct Point {
    coefficients: Vec<f64>,
    log_likelihood: f64,
    score: Vec<f64>,
    information: Cholesky,
}

impl Point {
    fn new(rows: &[Row], coefficients: Vec<f64>, kept: &[bool]) -> Self {
        let mut log_likelihood = 0.0;
        let mut score = vec![0.0; coefficients.len()];
        let mut information = Symmetric::zero(coefficients.len());
        for row in rows {
            let deals = row.won + row.lost;
            let log_odds: f64 = row.columns.iter().map(|&column| coefficients[column]).sum();
            // The exponential of a negative number cannot overflow.
            let odds_against_likelier = (-log_odds.abs()).exp();
            let log_both = odds_against_likelier.ln_1p();
            log_likelihood -= row.won * ((-log_odds).max(0.0) + log_both);
            log_likelihood -= row.lost * (log_odds.max(0.0) + log_both);
            let likelier = 1.0 / (1.0 + odds_against_likelier);
            let less_likely = odds_against_likelier * likelier;
            let chance = if log_odds >= 0.0 { likelier } else { less_likely };
            for &column in &row.columns {
                score[column] += row.won - deals * chance;
            }
            information.add_outer(&row.columns, deals * likelier * less_likely);
        }
        let information = information.factor(kept, f64::EPSILON);
        Self { coefficients, log_likelihood, score, information }
    }
}
