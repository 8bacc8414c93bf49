//! Integrals over one variable, and the sums of logarithms that go into them.

/// Places and weights of Gauss and Legendre's rule over -1 to 1.
pub(crate) fn legendre(places: u32) -> Vec<(f64, f64)> {
    let count = f64::from(places);
    let root = |number: u32| {
        // Newton's method from Tricomi's first guess at the root of the Legendre polynomial.
        let mut place = (std::f64::consts::PI * (f64::from(number) + 0.75) / (count + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..8 {
            let (mut before, mut value) = (1.0, place);
            for degree in 2..=places {
                let degree = f64::from(degree);
                let next =
                    ((2.0 * degree - 1.0) * place * value - (degree - 1.0) * before) / degree;
                (before, value) = (value, next);
            }
            slope = count * (place * value - before) / (place * place - 1.0);
            place -= value / slope;
        }
        (place, 2.0 / ((1.0 - place * place) * slope * slope))
    };
    (0..places).map(root).collect()
}

/// The logarithm of x (x + 1) … (x + n - 1), for n that are large as well: ln Γ(x + n) - ln Γ(x).
///
/// Stirling's series of the difference, so that nothing is lost where x is much larger than n.
pub(crate) fn log_rising(x: f64, n: f64) -> f64 {
    const FAR: f64 = 8.0;
    if n == 0.0 {
        return 0.0;
    }
    if x >= FAR {
        return stirling(x, n);
    }
    let ratio: f64 = (0..8).map(|step| (x + f64::from(step)) / (x + f64::from(step) + n)).product();
    stirling(x + FAR, n) + ratio.ln()
}

fn stirling(x: f64, n: f64) -> f64 {
    let series = |x: f64| {
        let square = 1.0 / (x * x);
        (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0))) / x
    };
    let end = x + n;
    (x - 0.5) * (n / x).ln_1p() + n * (end.ln() - 1.0) + (series(end) - series(x))
}
