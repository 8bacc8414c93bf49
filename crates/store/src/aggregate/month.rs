use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use winsight_model::{Grain, Window};

/// The calendar month in which deals closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month(Date);

impl Month {
    pub(crate) fn holding(day: Date) -> Self {
        Self(Grain::Month.start_of(day))
    }

    pub(crate) fn window(self) -> Window {
        let to = self.0.last_of_month().tomorrow().unwrap_or(Date::MAX);
        Window { from: self.0, to }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl FromStr for Month {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        format!("{text}-01").parse().map(Self)
    }
}
