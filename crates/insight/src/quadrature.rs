//! Integrals over a variance or correlation that few numbers tell of, and what goes into them.

/// How far below its top, in natural logarithms, a density counts as nothing.
pub(crate) const NOTHING: f64 = 18.0;
/// Where the search for the top begins, as a share of the largest value.
const LEAST: f64 = 3e-12;
/// So many values stand for all.
const VALUES: u32 = 26;
const GOLDEN: f64 = 0.618_033_988_749_894_9;
const SECTIONS: usize = 10;
const HALVINGS: usize = 8;
/// Values that are tried first: where two large segments agree and many tiny ones do not, a density has
/// two humps, and lies low between them.
const TRIED: u32 = 40;

/// Values between 0 and `most` that stand for all of them, and the width that each stands for, given
/// about how likely each is: the logarithm of a density of a hump or two, which may be highest at an end.
pub(crate) fn positive_values(most: f64, density: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let least = LEAST * most;
    let step = (most / least).ln() / f64::from(TRIED);
    let tried: Vec<(f64, f64)> = (0..=TRIED)
        .map(|place| most * (step * (f64::from(place) - f64::from(TRIED))).exp())
        .map(|value| (value, density(value)))
        .collect();
    let highest_tried = tried
        .iter()
        .fold((most, f64::NEG_INFINITY), |top, &it| if it.1 > top.1 { it } else { top });
    let (low, high) = (highest_tried.0.ln() - step, highest_tried.0.ln() + step);
    let top =
        highest(low.max(least.ln()), high.min(most.ln()), |log| density(log.exp())).exp().min(most);
    let at_top = density(top).max(highest_tried.1);
    let is_nothing = |at: f64| at_top - density(at) > NOTHING;
    // From the outermost that are something, a step outwards.
    let mut matter = tried.iter().filter(|(_, density)| at_top - density <= NOTHING);
    let lowest = matter.next().map_or(top, |it| it.0);
    let uppermost = matter.next_back().map_or(lowest.max(top), |it| it.0);
    let from_edge = edge(lowest, (lowest / step.exp()).max(least), is_nothing);
    let to_edge = edge(uppermost, (uppermost * step.exp()).min(most), is_nothing);
    let scale = edge(top, most, |at| at_top - density(at) > 1.0);
    // They lie evenly where they are small, and by their logarithms where they are large.
    let from = (from_edge / scale).asinh();
    let to = (to_edge / scale).asinh();
    let value = |(place, weight): (f64, f64)| {
        let at = f64::midpoint(from, to) + place * (to - from) / 2.0;
        (scale * at.sinh(), scale * at.cosh() * weight * (to - from) / 2.0)
    };
    legendre(VALUES).into_iter().map(value).collect()
}

/// Places and weights of Gauss and Legendre's rule over -1 to 1.
fn legendre(places: u32) -> Vec<(f64, f64)> {
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

/// Where, on the way from one value to another, something begins; the other end if it does not.
fn edge(inside: f64, outside: f64, begins: impl Fn(f64) -> bool) -> f64 {
    if !begins(outside) {
        return outside;
    }
    let (mut inside, mut outside) = (inside.ln(), outside.ln());
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(inside, outside);
        if begins(middle.exp()) { outside = middle } else { inside = middle }
    }
    outside.exp()
}

/// Where a function is highest between two places about its top, by golden sections.
fn highest(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> f64 {
    let mut left = high - GOLDEN * (high - low);
    let mut right = low + GOLDEN * (high - low);
    let (mut at_left, mut at_right) = (value(left), value(right));
    for _ in 0..SECTIONS {
        if at_left > at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - GOLDEN * (high - low);
            at_left = value(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + GOLDEN * (high - low);
            at_right = value(right);
        }
    }
    f64::midpoint(low, high)
}
