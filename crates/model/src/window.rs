use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

/// A span of whole days `[from, to)` in the workspace's time zone: `from` is in, `to` is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    /// First day inside.
    pub from: Date,
    /// First day after.
    pub to: Date,
}

impl Window {
    /// Every day up to and including `last`.
    pub fn until(last: Date) -> Self {
        Self { from: Date::MIN, to: after(last) }
    }

    /// The `days` days that end with `last`, inclusive.
    pub fn trailing(days: i32, last: Date) -> Self {
        let to = after(last);
        Self { from: to.saturating_sub(i64::from(days).days()), to }
    }

    /// The window of equal length that ends where this one begins.
    pub fn preceding(self) -> Self {
        Self { from: self.from.saturating_sub(i64::from(self.days()).days()), to: self.from }
    }

    /// Number of days inside; 0 when empty.
    pub fn days(self) -> i32 {
        self.from.until(self.to).map_or(0, |span| span.get_days().max(0))
    }

    /// Whether `day` lies inside.
    pub fn contains(self, day: Date) -> bool {
        self.from <= day && day < self.to
    }

    /// Whether no day lies inside.
    pub fn is_empty(self) -> bool {
        self.from >= self.to
    }

    /// The last day inside.
    pub fn last_day(self) -> Date {
        self.to.saturating_sub(1.day())
    }

    /// The calendar periods of `grain` that touch this window, in order, each cut to the window.
    pub fn periods(self, grain: Grain) -> Vec<Period> {
        let mut periods = Vec::new();
        let mut start = grain.start_of(self.from);
        while start < self.to {
            let end = start.saturating_add(grain.span());
            let window = Self { from: start.max(self.from), to: end.min(self.to) };
            periods.push(Period { label: grain.label(start), window });
            start = end;
        }
        periods
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == Date::MIN {
            write!(f, "up to {}", self.last_day())
        } else {
            write!(f, "{} to {}", self.from, self.last_day())
        }
    }
}

fn after(day: Date) -> Date {
    day.saturating_add(1.day())
}

/// A named window, such as the second quarter of 2024.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// `2024-W07`, `2024-02` or `2024-Q1`.
    pub label: String,
    /// Its days.
    pub window: Window,
}

/// The length of the periods in a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grain {
    /// ISO weeks, Monday to Sunday.
    Week,
    /// Calendar months.
    Month,
    /// Calendar quarters.
    Quarter,
}

impl Grain {
    /// First day of the period that holds `day`.
    pub fn start_of(self, day: Date) -> Date {
        match self {
            Self::Week => {
                let since_monday = day.weekday().since(Weekday::Monday);
                day.saturating_sub(i64::from(since_monday).days())
            }
            Self::Month => day.first_of_month(),
            Self::Quarter => {
                let months_in = (day.month() - 1) % 3;
                day.first_of_month().saturating_sub(i64::from(months_in).months())
            }
        }
    }

    fn span(self) -> Span {
        match self {
            Self::Week => 1.week(),
            Self::Month => 1.month(),
            Self::Quarter => 3.months(),
        }
    }

    fn label(self, start: Date) -> String {
        match self {
            Self::Week => {
                let week = start.iso_week_date();
                format!("{}-W{:02}", week.year(), week.week())
            }
            Self::Month => format!("{}-{:02}", start.year(), start.month()),
            Self::Quarter => format!("{}-Q{}", start.year(), (start.month() - 1) / 3 + 1),
        }
    }
}

impl FromStr for Grain {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "week" => Ok(Self::Week),
            "month" => Ok(Self::Month),
            "quarter" => Ok(Self::Quarter),
            other => Err(format!("{other:?} is not a grain; use week, month or quarter")),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{Grain, Window};

    #[test]
    fn a_trailing_window_counts_its_last_day() {
        let window = Window::trailing(91, date(2024, 6, 30));
        assert_eq!(window.days(), 91);
        assert!(window.contains(date(2024, 6, 30)));
        assert!(!window.contains(date(2024, 7, 1)));
        assert_eq!(window.preceding().to, window.from);
        assert_eq!(window.preceding().days(), 91);
    }

    #[test]
    fn periods_cover_the_window_without_gap_or_overlap() {
        let window = Window { from: date(2023, 11, 15), to: date(2024, 5, 2) };
        for grain in [Grain::Week, Grain::Month, Grain::Quarter] {
            let periods = window.periods(grain);
            assert_eq!(periods.first().map(|period| period.window.from), Some(window.from));
            assert_eq!(periods.last().map(|period| period.window.to), Some(window.to));
            assert!(periods.windows(2).all(|pair| pair[0].window.to == pair[1].window.from));
        }
        let quarters: Vec<_> =
            window.periods(Grain::Quarter).into_iter().map(|p| p.label).collect();
        assert_eq!(quarters, ["2023-Q4", "2024-Q1", "2024-Q2"]);
        assert_eq!(
            Window { from: date(2024, 12, 30), to: date(2024, 12, 31) }.periods(Grain::Week)[0]
                .label,
            "2025-W01"
        );
    }
}
