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

/// Fits by iteratively reweighted least squares (Agresti, Categorical Data Analysis,
/// section 5.5), halving a step that would lower the likelihood.
///
/// Where a column separates the outcomes its coefficient has no finite maximum: the likelihood still
/// converges, and the coefficient is left large with a standard error that gives it away.
pub(super) fn fit(rows: &[Row], columns: usize) -> Fit {
    let gram = weighted_gram(rows, columns, |row| row.won + row.lost);
    let kept = gram.factor(&vec![true; columns], ALIAS_TOLERANCE).kept().to_vec();
    let mut coefficients = vec![0.0; columns];
    let mut log_likelihood = log_likelihood_of(rows, &coefficients);
    for _ in 0..ITERATIONS {
        let step = information(rows, &coefficients, &kept).solve(&score(rows, &coefficients));
        let Some((moved, gained)) = climb(rows, &coefficients, &step, log_likelihood) else {
            break;
        };
        let gain = gained - log_likelihood;
        coefficients = moved;
        log_likelihood = gained;
        if gain <= CONVERGED * (log_likelihood.abs() + 1.0) {
            break;
        }
    }
    let variances = information(rows, &coefficients, &kept).inverse_diagonal();
    let estimate = |(variance, &coefficient): (Option<f64>, &f64)| {
        variance.map(|variance| Estimate { coefficient, standard_error: variance.sqrt() })
    };
    Fit {
        log_likelihood,
        rank: kept.iter().filter(|&&kept| kept).count(),
        estimates: variances.into_iter().zip(&coefficients).map(estimate).collect(),
    }
}

/// The longest of step, half a step, a quarter … that does not lower the likelihood.
fn climb(rows: &[Row], from: &[f64], step: &[f64], current: f64) -> Option<(Vec<f64>, f64)> {
    let mut length = 1.0;
    for _ in 0..HALVINGS {
        let moved: Vec<f64> = from.iter().zip(step).map(|(at, by)| at + length * by).collect();
        let reached = log_likelihood_of(rows, &moved);
        if reached >= current {
            return Some((moved, reached));
        }
        length /= 2.0;
    }
    None
}

fn log_likelihood_of(rows: &[Row], coefficients: &[f64]) -> f64 {
    let row_term = |row: &Row| {
        let log_odds = log_odds(row, coefficients);
        -row.won * softplus(-log_odds) - row.lost * softplus(log_odds)
    };
    rows.iter().map(row_term).sum()
}

/// The gradient of the log likelihood.
fn score(rows: &[Row], coefficients: &[f64]) -> Vec<f64> {
    let mut score = vec![0.0; coefficients.len()];
    for row in rows {
        let residual = row.won - (row.won + row.lost) * chance(row, coefficients);
        for &column in &row.columns {
            score[column] += residual;
        }
    }
    score
}

/// The factored information matrix over the kept columns.
fn information(rows: &[Row], coefficients: &[f64], kept: &[bool]) -> Cholesky {
    let weight = |row: &Row| {
        let chance = chance(row, coefficients);
        (row.won + row.lost) * chance * (1.0 - chance)
    };
    weighted_gram(rows, coefficients.len(), weight).factor(kept, f64::EPSILON)
}

fn weighted_gram(rows: &[Row], columns: usize, weight: impl Fn(&Row) -> f64) -> Symmetric {
    let mut gram = Symmetric::zero(columns);
    for row in rows {
        gram.add_outer(&row.columns, weight(row));
    }
    gram
}

fn chance(row: &Row, coefficients: &[f64]) -> f64 {
    1.0 / (1.0 + (-log_odds(row, coefficients)).exp())
}

fn log_odds(row: &Row, coefficients: &[f64]) -> f64 {
    row.columns.iter().map(|&column| coefficients[column]).sum()
}

/// ln(1 + eˣ) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}
