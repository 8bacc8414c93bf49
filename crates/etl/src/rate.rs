use jiff::civil::Date;
use winsight_model::Money;

/// An exact exchange rate: `mantissa / 10^scale` units of the reporting currency for one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    mantissa: i128,
    scale: u32,
}

impl Rate {
    /// The rate of a currency into itself.
    pub(crate) const ONE: Self = Self { mantissa: 1, scale: 0 };

    /// Reads a plain positive decimal of at most 18 digits.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let invalid =
            || format!("= {text:?} is not a rate; write a positive plain decimal such as \"1.08\"");
        let (units, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_short = units.len() + fraction.len() <= 18;
        if units.is_empty() || !is_short || !is_number(units) || !is_number(fraction) {
            return Err(invalid());
        }
        let mantissa: i128 = format!("{units}{fraction}").parse().map_err(|_| invalid())?;
        let scale = u32::try_from(fraction.len()).map_err(|_| invalid())?;
        if mantissa == 0 { Err(invalid()) } else { Ok(Self { mantissa, scale }) }
    }

    /// Converts an amount below 10^17 units, rounding half a cent to the even cent.
    pub(crate) fn convert(self, amount: Money) -> Money {
        let divisor = 10_i128.pow(self.scale);
        Money::from_cents(divide_half_even(amount.cents() * self.mantissa, divisor))
    }
}

/// The rates of one currency over time; there is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rates(Vec<(Date, Rate)>);

impl Rates {
    /// One rate for all days.
    pub(crate) fn always(rate: Rate) -> Self {
        Self(vec![(Date::MIN, rate)])
    }

    /// Adds a rate that is in force from a day on.
    pub(crate) fn add(&mut self, from: Date, rate: Rate) {
        let place = self.0.partition_point(|(other, _)| *other <= from);
        self.0.insert(place, (from, rate));
    }

    /// Rates of which this is the first.
    pub(crate) fn from(from: Date, rate: Rate) -> Self {
        Self(vec![(from, rate)])
    }

    /// The rate in force on a day, and whether the day lies before the first one, which then counts.
    pub(crate) fn on(&self, day: Date) -> (Rate, bool) {
        let begun = self.0.partition_point(|(from, _)| *from <= day);
        (self.0[begun.saturating_sub(1)].1, begun == 0)
    }
}

/// `dividend / divisor` to the nearest whole number, halves to the even one.
pub(crate) fn divide_half_even(dividend: i128, divisor: i128) -> i128 {
    let quotient = dividend.div_euclid(divisor);
    let twice = dividend.rem_euclid(divisor) * 2;
    let up = twice > divisor || (twice == divisor && quotient % 2 != 0);
    quotient + i128::from(up)
}

#[cfg(test)]
mod tests {
    use winsight_model::Money;

    use super::Rate;

    #[test]
    fn converts_exactly_and_rounds_half_to_even() {
        for (rate, cents, expected) in [
            ("1.08", 10_000, 10_800),
            ("0.5", 1, 0),
            ("0.5", 3, 2),
            ("0.5", 5, 2),
            ("0.012", 123_456_789, 1_481_481),
            ("3", 7, 21),
        ] {
            let rate = Rate::parse(rate).expect("valid");
            assert_eq!(rate.convert(Money::from_cents(cents)), Money::from_cents(expected));
        }
    }

    #[test]
    fn refuses_what_is_no_rate() {
        for text in ["", "0", "0.00", "-1", "1,08", ".5", "1e3", "abc", "1.0.0"] {
            assert!(Rate::parse(text).is_err(), "{text:?}");
        }
    }
}
