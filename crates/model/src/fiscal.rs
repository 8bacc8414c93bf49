use std::fmt;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::Window;

/// The month in which fiscal years begin, 1 (January) to 12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "i8", into = "i8")]
pub struct FiscalYearStart(i8);

impl FiscalYearStart {
    /// January: fiscal years are calendar years.
    pub const JANUARY: Self = Self(1);

    /// The quarter of the fiscal year in which a day lies.
    pub fn quarter_of(self, day: Date) -> FiscalQuarter {
        let months_in = (day.month() - self.0).rem_euclid(12);
        // A year that begins in January ends in its own calendar year, any other in the next one.
        let ends_next_year = self.0 > 1 && day.month() >= self.0;
        FiscalQuarter { year: day.year() + i16::from(ends_next_year), quarter: months_in / 3 + 1 }
    }

    /// The days of that quarter.
    pub fn quarter_window(self, day: Date) -> Window {
        let months_in = (day.month() - self.0).rem_euclid(3);
        let from = day.first_of_month().saturating_sub(i64::from(months_in).months());
        Window { from, to: from.saturating_add(3.months()) }
    }
}

impl Default for FiscalYearStart {
    fn default() -> Self {
        Self::JANUARY
    }
}

impl TryFrom<i8> for FiscalYearStart {
    type Error = String;

    fn try_from(month: i8) -> Result<Self, Self::Error> {
        if (1..=12).contains(&month) {
            Ok(Self(month))
        } else {
            Err(format!("{month} is not a month; use a number from 1 (January) to 12"))
        }
    }
}

impl From<FiscalYearStart> for i8 {
    fn from(start: FiscalYearStart) -> Self {
        start.0
    }
}

/// A quarter of a fiscal year, shown as `FY2025-Q1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiscalQuarter {
    /// The calendar year in which the fiscal year ends.
    pub year: i16,
    /// 1 to 4.
    pub quarter: i8,
}

impl fmt::Display for FiscalQuarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("FY{}-Q{}", self.year, self.quarter))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};

    use super::FiscalYearStart;

    fn label(start: i8, day: Date) -> String {
        FiscalYearStart::try_from(start).expect("a month").quarter_of(day).to_string()
    }

    #[test]
    fn a_fiscal_year_is_named_by_the_year_in_which_it_ends() {
        for (start, day, expected) in [
            (1, date(2024, 1, 1), "FY2024-Q1"),
            (1, date(2024, 12, 31), "FY2024-Q4"),
            (2, date(2024, 1, 31), "FY2024-Q4"),
            (2, date(2024, 2, 1), "FY2025-Q1"),
            (4, date(2024, 3, 31), "FY2024-Q4"),
            (4, date(2024, 4, 1), "FY2025-Q1"),
            (4, date(2024, 12, 31), "FY2025-Q3"),
            (4, date(2025, 1, 1), "FY2025-Q4"),
            (7, date(2024, 9, 30), "FY2025-Q1"),
            (10, date(2024, 10, 1), "FY2025-Q1"),
            (12, date(2024, 11, 30), "FY2024-Q4"),
            (12, date(2024, 12, 1), "FY2025-Q1"),
        ] {
            assert_eq!(label(start, day), expected, "{start} {day}");
        }
    }

    #[test]
    fn every_fiscal_year_has_four_quarters_of_three_months() {
        for start in 1..=12 {
            let labels: Vec<_> = (0..24)
                .map(|month| date(2023, 1, 15).saturating_add(jiff::ToSpan::months(month)))
                .map(|day| label(start, day))
                .collect();
            for run in labels.chunk_by(|left, right| left == right) {
                let cut = run[0] == labels[0] || run[0] == labels[23];
                assert!(run.len() == 3 || cut && run.len() < 3, "{start}: {run:?}");
            }
        }
    }

    #[test]
    fn the_days_of_a_quarter_are_those_with_its_name() {
        for start in 1..=12 {
            let start = FiscalYearStart::try_from(start).expect("a month");
            let mut day = date(2023, 11, 30);
            while day < date(2024, 12, 31) {
                let window = start.quarter_window(day);
                assert!(window.contains(day));
                assert_eq!(start.quarter_of(window.from), start.quarter_of(window.last_day()));
                assert_ne!(start.quarter_of(window.from), start.quarter_of(window.to));
                day = day.saturating_add(jiff::ToSpan::days(13));
            }
        }
    }

    #[test]
    fn only_months_begin_a_year() {
        for month in [0, 13, -1] {
            let error = FiscalYearStart::try_from(month).expect_err("no month");
            assert!(error.contains("1 (January) to 12"), "{error}");
        }
    }
}
