use jiff::civil::Date;
use winsight_model::{Money, Outcome, Settings, schema};
use xxhash_rust::xxh3::xxh3_64;

use crate::field::Field;
use crate::mark::Marks;

/// One deal, validated and cleaned, its texts borrowed from the row it came from.
#[expect(clippy::struct_field_names, reason = "the names of the columns")]
#[derive(Clone, Debug)]
pub(crate) struct Deal<'a> {
    pub(crate) deal_id: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) account: Option<&'a str>,
    pub(crate) created: Option<Date>,
    pub(crate) closed: Option<Date>,
    pub(crate) expected_close: Option<Date>,
    pub(crate) last_activity: Option<Date>,
    pub(crate) updated: Option<Date>,
    pub(crate) outcome: Outcome,
    pub(crate) stage: Option<&'a str>,
    pub(crate) amount: Option<Money>,
    pub(crate) amount_original: Option<Money>,
    pub(crate) currency: &'a str,
    pub(crate) region: Option<&'a str>,
    pub(crate) industry: Option<&'a str>,
    pub(crate) product: Option<&'a str>,
    pub(crate) lead_source: Option<&'a str>,
    pub(crate) rep: Option<&'a str>,
    pub(crate) team: Option<&'a str>,
    pub(crate) deal_type: Option<&'a str>,
    /// The custom dimensions as a JSON object.
    pub(crate) dimensions: Option<String>,
    /// What is odd about it.
    pub(crate) marks: Marks,
    /// What a waived check said about it.
    pub(crate) waived: Option<String>,
    /// The file's own cycle length in days, where it differs from [`Deal::cycle_days`].
    pub(crate) other_cycle: Option<&'a str>,
}

/// What is computed from a deal's own values.
#[derive(Clone, Debug)]
pub(crate) struct Features {
    pub(crate) cycle_days: Option<i32>,
    pub(crate) acv_bucket: Option<&'static str>,
    pub(crate) cycle_bucket: Option<&'static str>,
    /// `2024-03`, or [`schema::UNKNOWN_MONTH`].
    pub(crate) created_month: MonthLabel,
}

impl Deal<'_> {
    /// Days from created to closed; `None` while it is open or when it was created is unknown.
    pub(crate) fn cycle_days(&self) -> Option<i32> {
        Some(day_number(self.closed?) - day_number(self.created?))
    }

    /// The last day on which something is known to have happened to it.
    pub(crate) fn last_seen(&self) -> Option<Date> {
        self.last_activity.max(self.updated)
    }

    /// The features of the deal under the settings of its workspace.
    pub(crate) fn features(&self, settings: &Settings) -> Features {
        let cycle_days = self.cycle_days();
        let days = cycle_days.and_then(|days| u32::try_from(days).ok());
        Features {
            cycle_days,
            acv_bucket: self.amount.and_then(|amount| settings.acv_buckets.of(amount)),
            cycle_bucket: days.map(|days| settings.cycle_buckets.of(days)),
            created_month: self.created.map_or(MonthLabel::UNKNOWN, MonthLabel::of),
        }
    }

    /// The texts of all columns, in the order of [`schema::deals`].
    pub(crate) fn texts<'a>(
        &'a self,
        source: &'a str,
        features: &'a Features,
    ) -> [Option<&'a str>; 18] {
        [
            Some(source),
            Some(self.deal_id),
            self.name,
            self.account,
            Some(self.outcome.as_str()),
            self.stage,
            Some(self.currency),
            features.acv_bucket,
            features.cycle_bucket,
            self.region,
            self.industry,
            self.product,
            self.lead_source,
            self.rep,
            self.team,
            self.deal_type,
            self.dimensions.as_deref(),
            Some(features.created_month.as_str()),
        ]
    }

    /// The dates of all columns, in the order of [`schema::deals`].
    pub(crate) fn days(&self) -> [Option<Date>; 5] {
        [self.created, self.closed, self.expected_close, self.last_activity, self.updated]
    }

    /// The amounts of all columns, in the order of [`schema::deals`].
    pub(crate) fn amounts(&self) -> [Option<Money>; 2] {
        [self.amount, self.amount_original]
    }

    /// A hash of every column, the same on every machine and in every run.
    ///
    /// `row` is scratch space. Lengths precede the texts, so that no two deals share a row.
    pub(crate) fn hash(&self, source: &str, features: &Features, row: &mut Vec<u8>) -> u64 {
        row.clear();
        for text in self.texts(source, features) {
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            row.extend_from_slice(&length.to_le_bytes());
            row.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
        let days = self.days().map(|day| day.map(day_number));
        for day in days.into_iter().chain([features.cycle_days]) {
            row.extend_from_slice(&day.map_or(i64::MIN, i64::from).to_le_bytes());
        }
        for amount in self.amounts() {
            row.extend_from_slice(&amount.map_or(i128::MIN, Money::cents).to_le_bytes());
        }
        xxh3_64(row)
    }
}

/// Days since 1970-01-01, as Arrow counts them: the algorithm `days_from_civil` of H. Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", in years that begin in March.
pub(crate) fn day_number(date: Date) -> i32 {
    let (month, day) = (i32::from(date.month()), i32::from(date.day()));
    let year = i32::from(date.year()) - i32::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// A month as partitions name it, kept without allocating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MonthLabel([u8; 7]);

impl MonthLabel {
    /// The month of deals whose created date is blank.
    pub(crate) const UNKNOWN: Self = {
        let mut label = [0; 7];
        label.copy_from_slice(schema::UNKNOWN_MONTH.as_bytes());
        Self(label)
    };

    /// The month of a day.
    pub(crate) fn of(date: Date) -> Self {
        let digit = |number: i16, divisor: i16| {
            let digit = (number / divisor).rem_euclid(10);
            b'0' + u8::try_from(digit).unwrap_or_default()
        };
        let (year, month) = (date.year(), i16::from(date.month()));
        Self([
            digit(year, 1000),
            digit(year, 100),
            digit(year, 10),
            digit(year, 1),
            b'-',
            digit(month, 10),
            digit(month, 1),
        ])
    }

    /// The label as text.
    pub(crate) fn as_str(&self) -> &str {
        #[expect(clippy::expect_used, reason = "made of ASCII digits or of a text constant")]
        std::str::from_utf8(&self.0).expect("a label is text")
    }
}

impl<'a> Deal<'a> {
    /// The value of one of [`Field::GROUPING`]; `None` when blank, or for any other field.
    pub(crate) fn grouping(&self, field: Field) -> Option<&'a str> {
        match field {
            Field::Region => self.region,
            Field::Industry => self.industry,
            Field::Product => self.product,
            Field::LeadSource => self.lead_source,
            Field::Rep => self.rep,
            Field::Team => self.team,
            Field::DealType => self.deal_type,
            Field::Account => self.account,
            _ => None,
        }
    }
    /// Gives a field of [`Field::GROUPING`] a value, if it is blank.
    pub(crate) fn fill(&mut self, field: Field, value: &'a str) {
        let own = match field {
            Field::Region => &mut self.region,
            Field::Industry => &mut self.industry,
            Field::Product => &mut self.product,
            Field::LeadSource => &mut self.lead_source,
            Field::Rep => &mut self.rep,
            Field::Team => &mut self.team,
            Field::DealType => &mut self.deal_type,
            Field::Account => &mut self.account,
            _ => return,
        };
        own.get_or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::day_number;

    #[test]
    fn days_are_counted_from_1970() {
        let epoch = date(1970, 1, 1);
        for days in (-800_000_i32..2_900_000).step_by(97) {
            assert_eq!(day_number(epoch.saturating_add(i64::from(days).days())), days);
        }
    }
}
