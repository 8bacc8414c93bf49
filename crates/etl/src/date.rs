use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::field::Field;
use crate::{EtlError, Reason, check};

const EARLIEST: Date = Date::constant(1990, 1, 1);
const LATEST: Date = Date::constant(2200, 12, 31);

/// Which of the first two numbers of a date such as `3/4/2024` is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateOrder {
    /// `d/m/y`.
    DayFirst,
    /// `m/d/y`.
    MonthFirst,
}

impl DateOrder {
    /// The name in mappings.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DayFirst => "d/m/y",
            Self::MonthFirst => "m/d/y",
        }
    }
}

/// The `date_format` of a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DateFormat {
    /// Numbers in this order.
    Order(DateOrder),
    /// A strptime pattern.
    Pattern(String),
}

impl DateFormat {
    /// Reads the text of a mapping.
    pub(crate) fn named(text: &str) -> Result<Self, EtlError> {
        let order = [DateOrder::DayFirst, DateOrder::MonthFirst];
        if let Some(order) = order.into_iter().find(|order| order.name() == text) {
            return Ok(Self::Order(order));
        }
        let sample = Date::constant(2024, 12, 31);
        match jiff::fmt::strtime::format(text, sample) {
            Ok(printed)
                if text.contains('%')
                    && Date::strptime(text, &printed).is_ok_and(|read| read == sample) =>
            {
                Ok(Self::Pattern(text.to_owned()))
            }
            _ => Err(EtlError::Mapping(format!(
                "date_format {text:?} is not understood; use \"d/m/y\", \"m/d/y\" or a pattern such as \"%d %b %Y\""
            ))),
        }
    }
}

/// Why a text gives no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateFault {
    /// It is none, or one that does not exist.
    Invalid,
    /// Day and month cannot be told apart.
    Ambiguous,
}

/// Reads dates in one file's convention.
#[derive(Clone, Debug)]
pub(crate) struct DateReader {
    /// Order of dates in numbers; `None` when the file has shown none.
    pub(crate) order: Option<DateOrder>,
    /// A pattern tried before everything else.
    pub(crate) pattern: Option<String>,
    /// Where the day of an instant is taken.
    pub(crate) zone: TimeZone,
}

impl DateReader {
    /// The day of a field, or the reason why there is none that can be true.
    pub(crate) fn read_plausible(&self, field: Field, text: &str) -> Result<Date, Reason> {
        let name = field.name();
        let (check, message) = match self.read(text) {
            Ok(date) if (EARLIEST..=LATEST).contains(&date) => return Ok(date),
            Ok(date) => (
                check::IMPLAUSIBLE_DATE,
                format!("{name} {date} lies outside {EARLIEST} to {LATEST}; correct the year"),
            ),
            Err(DateFault::Invalid) => (
                check::INVALID_DATE,
                format!("{name} {text:?} is not a date that exists; write it like 2024-03-31"),
            ),
            Err(DateFault::Ambiguous) => (
                check::AMBIGUOUS_DATE,
                format!(
                    "{name} {text:?} can be read day first or month first; set date_format in the mapping"
                ),
            ),
        };
        Err(Reason::new(check, field, message))
    }

    /// The day that a trimmed, non-blank text names.
    pub(crate) fn read(&self, text: &str) -> Result<Date, DateFault> {
        if let Some(date) = iso_date(text.as_bytes()) {
            return Ok(date);
        }
        if let Some(pattern) = &self.pattern
            && let Ok(date) = Date::strptime(pattern, text)
        {
            return Ok(date);
        }
        if let Some(numbers) = Numbers::read(text) {
            return numbers.date(self.order);
        }
        self.instant(text).or_else(|| in_letters(text)).ok_or(DateFault::Invalid)
    }

    /// `2024-03-05T23:30:00Z`: an instant counts on its day in the workspace's time zone, a time
    /// without offset on the day written.
    fn instant(&self, text: &str) -> Option<Date> {
        iso_date(text.as_bytes().get(..10)?)?;
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Some(Zoned::new(instant, self.zone.clone()).date());
        }
        text.parse::<DateTime>().ok().map(DateTime::date)
    }
}

/// Exactly `2024-03-05`.
fn iso_date(text: &[u8]) -> Option<Date> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else { return None };
    let year = number(&[y1, y2, y3, y4])?;
    Date::new(year, i8::try_from(number(&[m1, m2])?).ok()?, i8::try_from(number(&[d1, d2])?).ok()?)
        .ok()
}

fn number(digits: &[u8]) -> Option<i16> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0, |value: i16, digit| {
        digit.is_ascii_digit().then(|| value * 10 + i16::from(digit - b'0'))
    })
}

/// A date written with the month in letters.
fn in_letters(text: &str) -> Option<Date> {
    const PATTERNS: [&str; 8] = [
        "%b %d, %Y",
        "%B %d, %Y",
        "%d %b %Y",
        "%d %B %Y",
        "%d-%b-%y",
        "%d-%b-%Y",
        "%a, %b %d, %Y",
        "%d. %B %Y",
    ];
    if !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    PATTERNS.iter().find_map(|pattern| Date::strptime(pattern, text).ok())
}

/// The three numbers of a date, in an order that may be open.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    first: i8,
    second: i8,
    year: i16,
    /// Dots always mean day first; a year in front always means month before day.
    fixed: Option<DateOrder>,
}

impl Numbers {
    /// `3/4/2024`, `3-4-24`, `3.4.2024`, `2024/4/3`, each perhaps followed by a time of day.
    fn read(text: &str) -> Option<Self> {
        let (day, time) = text.split_once([' ', ',']).unwrap_or((text, ""));
        if !is_time(time) {
            return None;
        }
        let mark = ['/', '-', '.'].into_iter().find(|mark| day.contains(*mark))?;
        let mut parts = day.split(mark);
        let (left, middle, right) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let small = |part: &str| {
            (part.len() <= 2).then(|| number(part.as_bytes())).flatten()?.try_into().ok()
        };
        if left.len() == 4 {
            let year = number(left.as_bytes())?;
            let (first, second) = (small(middle)?, small(right)?);
            return Some(Self { first, second, year, fixed: Some(DateOrder::MonthFirst) });
        }
        let year = number(right.as_bytes())?;
        let year = match right.len() {
            4 => year,
            // Dates before 1990 are refused as implausible, which leaves one century for each.
            2 if year >= 90 => year + 1900,
            2 => year + 2000,
            _ => return None,
        };
        let fixed = (mark == '.').then_some(DateOrder::DayFirst);
        Some(Self { first: small(left)?, second: small(middle)?, year, fixed })
    }

    fn date(self, order: Option<DateOrder>) -> Result<Date, DateFault> {
        let order = match self.fixed.or(order) {
            Some(order) => order,
            None if self.first > 12 => DateOrder::DayFirst,
            None if self.second > 12 || self.first == self.second => DateOrder::MonthFirst,
            None => return Err(DateFault::Ambiguous),
        };
        let (day, month) = match order {
            DateOrder::DayFirst => (self.first, self.second),
            DateOrder::MonthFirst => (self.second, self.first),
        };
        Date::new(self.year, month, day).map_err(|_| DateFault::Invalid)
    }
}

/// Nothing, or a time of day such as `10:15`, `10:15:00.000` or `, 10:15 AM`.
fn is_time(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || text.contains(':')
            && text.bytes().all(|byte| byte.is_ascii_digit() || b":. APMapm".contains(&byte))
}

/// What the dates of a file have shown about the order of day and month.
#[derive(Clone, Debug, Default)]
pub(crate) struct DateEvidence {
    day_first: Seen,
    month_first: Seen,
    ambiguous: Seen,
    /// Dates written in a way that leaves nothing open.
    settled: u64,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    dates: u64,
    example: String,
    line: u64,
}

impl Seen {
    fn add(&mut self, text: &str, line: u64) {
        if self.dates == 0 {
            text.clone_into(&mut self.example);
            self.line = line;
        }
        self.dates += 1;
    }
}

impl DateEvidence {
    /// Takes one more trimmed text into account.
    pub(crate) fn add(&mut self, text: &str, line: u64) {
        if iso_date(text.as_bytes()).is_some() {
            self.settled += 1;
            return;
        }
        match Numbers::read(text) {
            Some(Numbers { fixed: None, first, second, .. }) if first != second => {
                match (first > 12, second > 12) {
                    (false, false) => self.ambiguous.add(text, line),
                    (true, false) => self.day_first.add(text, line),
                    (false, true) => self.month_first.add(text, line),
                    (true, true) => {}
                }
            }
            _ => {}
        }
    }

    /// The order that the file uses; `None` when no date depends on it.
    ///
    /// # Errors
    /// Says why it cannot be known: nothing shows it, or dates show both orders. One date in twenty
    /// may differ from the others; its row is then set aside.
    pub(crate) fn order(&self) -> Result<Option<DateOrder>, String> {
        let (day, month) = (&self.day_first, &self.month_first);
        if day.dates == 0 && month.dates == 0 {
            if self.ambiguous.dates * 20 <= self.settled {
                return Ok(None);
            }
            let seen = &self.ambiguous;
            return Err(format!(
                "dates such as {:?} (line {}) can be read day first (d/m/y) or month first (m/d/y), and none of the file's dates has a day above 12 to tell which",
                seen.example, seen.line
            ));
        }
        if month.dates * 20 <= day.dates {
            Ok(Some(DateOrder::DayFirst))
        } else if day.dates * 20 <= month.dates {
            Ok(Some(DateOrder::MonthFirst))
        } else {
            Err(format!(
                "{} dates are written day first (d/m/y), such as {:?} (line {}), and {} month first (m/d/y), such as {:?} (line {})",
                day.dates, day.example, day.line, month.dates, month.example, month.line
            ))
        }
    }
}

#[cfg(test)]
mod tests;
