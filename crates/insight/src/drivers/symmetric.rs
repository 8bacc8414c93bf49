//! A dense symmetric positive semidefinite matrix and its Cholesky factor, as large as the number
//! of levels of an analysis: tens to hundreds.

/// The lower triangle, row by row.
#[derive(Clone)]
pub(super) struct Symmetric {
    size: usize,
    values: Vec<f64>,
}

impl Symmetric {
    pub(super) fn zero(size: usize) -> Self {
        Self { size, values: vec![0.0; size * (size + 1) / 2] }
    }

    /// Adds `weight` where every two of `columns`, which ascend, meet.
    pub(super) fn add_outer(&mut self, columns: &[usize], weight: f64) {
        for (position, &row) in columns.iter().enumerate() {
            let values = &mut self.values[start(row)..=start(row) + row];
            for &column in &columns[..=position] {
                values[column] += weight;
            }
        }
    }

    /// Its Cholesky factor over the columns in `candidates` that do not depend linearly on those
    /// before them: of aliased columns the first one stays.
    pub(super) fn factor(&self, candidates: &[bool], tolerance: f64) -> Cholesky {
        let mut lower = self.clone();
        let mut kept = candidates.to_vec();
        for row in 0..lower.size {
            let (above, rest) = lower.values.split_at_mut(start(row));
            let current = &mut rest[..=row];
            for column in 0..row {
                let left = &above[start(column)..=start(column) + column];
                let product = dot(&current[..column], &left[..column]);
                current[column] =
                    if kept[column] { (current[column] - product) / left[column] } else { 0.0 };
            }
            let pivot = current[row] - dot(&current[..row], &current[..row]);
            kept[row] &= pivot > tolerance * current[row];
            current[row] = if kept[row] { pivot.sqrt() } else { 0.0 };
        }
        Cholesky { lower, kept }
    }
}

/// A Cholesky factor; columns that were not kept take no part, as if they were absent.
pub(super) struct Cholesky {
    lower: Symmetric,
    kept: Vec<bool>,
}

impl Cholesky {
    pub(super) fn kept(&self) -> &[bool] {
        &self.kept
    }

    /// The solution of matrix × x = `right`; 0 for columns not kept.
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut solution = self.forward(right, 0);
        for row in (0..self.lower.size).rev() {
            if self.kept[row] {
                solution[row] /= self.row(row)[row];
            }
            let value = solution[row];
            for (earlier, factor) in solution[..row].iter_mut().zip(self.row(row)) {
                *earlier -= factor * value;
            }
        }
        for (value, kept) in solution.iter_mut().zip(&self.kept) {
            if !kept {
                *value = 0.0;
            }
        }
        solution
    }

    /// The diagonal of the inverse: the variances of the coefficients. `None` for columns not kept.
    pub(super) fn inverse_diagonal(&self) -> Vec<Option<f64>> {
        let mut unit = vec![0.0; self.lower.size];
        (0..self.lower.size)
            .map(|column| {
                unit[column] = 1.0;
                let solved = self.forward(&unit, column);
                unit[column] = 0.0;
                self.kept[column].then(|| dot(&solved, &solved))
            })
            .collect()
    }

    /// The solution of factor × x = `right`, whose entries before `first` are 0.
    fn forward(&self, right: &[f64], first: usize) -> Vec<f64> {
        let mut solution = vec![0.0; self.lower.size];
        for row in (first..self.lower.size).filter(|&row| self.kept[row]) {
            let factors = self.row(row);
            let product = dot(&factors[first..row], &solution[first..row]);
            solution[row] = (right[row] - product) / factors[row];
        }
        solution
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.lower.values[start(row)..=start(row) + row]
    }
}

fn start(row: usize) -> usize {
    row * (row + 1) / 2
}

/// The sum of products, four running sums at a time: a single one would wait for every addition.
pub(super) fn dot(left: &[f64], right: &[f64]) -> f64 {
    let (lefts, left_rest) = left.as_chunks::<4>();
    let (rights, right_rest) = right.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (left, right) in lefts.iter().zip(rights) {
        for lane in 0..4 {
            sums[lane] += left[lane] * right[lane];
        }
    }
    let rest: f64 = left_rest.iter().zip(right_rest).map(|(left, right)| left * right).sum();
    sums.iter().sum::<f64>() + rest
}
