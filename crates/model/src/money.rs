use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};
use std::str::FromStr;

/// An exact amount of money in the workspace's reporting currency, held in whole cents.
///
/// Prints and parses as a plain decimal with two places (`"1234.50"`). Sums never round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount from whole cents.
    pub const fn from_cents(cents: i128) -> Self {
        Self(cents)
    }

    /// The amount in whole cents.
    pub const fn cents(self) -> i128 {
        self.0
    }

    /// The amount in currency units as a float, for statistics only.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// This amount times a rate, rounded to the nearest cent. For estimates such as money at risk.
    pub fn scaled(self, rate: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an estimate in cents is far below 2^127, and the cast saturates"
        )]
        Self((self.0 as f64 * rate).round() as i128)
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:02}", cents / 100, cents % 100))
    }
}

/// A text that is not a plain decimal with at most two places.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an amount; expected a plain decimal with at most two places, like 1234.50")]
pub struct ParseMoneyError(String);

impl FromStr for Money {
    type Err = ParseMoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || ParseMoneyError(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (units, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if units.is_empty() || fraction.len() > 2 || !all_digits(units) || !all_digits(fraction) {
            return Err(invalid());
        }
        let cents: i128 = format!("{units}{fraction:0<2}").parse().map_err(|_| invalid())?;
        Ok(Self(if negative { -cents } else { cents }))
    }
}

#[cfg(test)]
mod tests {
    use super::Money;

    #[test]
    fn prints_and_parses_two_places() {
        for (text, cents, printed) in [
            ("0", 0, "0.00"),
            ("12.5", 1250, "12.50"),
            ("-0.07", -7, "-0.07"),
            ("131432464", 13_143_246_400, "131432464.00"),
        ] {
            let money: Money = text.parse().expect("valid");
            assert_eq!(money.cents(), cents);
            assert_eq!(money.to_string(), printed);
        }
        for text in ["", "-", "1.234", "1,5", ".5", "1e3", "--1"] {
            assert!(text.parse::<Money>().is_err(), "{text:?}");
        }
    }
}
