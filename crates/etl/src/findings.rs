//! What the accepted deals of a file show as a whole: the issues, and the counts of the quality.

mod spellings;

use std::collections::BTreeMap;

use arrow::array::AsArray;
use jiff::civil::Date;
use spellings::spelling_issues;
use winsight_model::Outcome;

use crate::columns::Columns;
use crate::field::Field;
use crate::lookup::Lookup;
use crate::mapping::CUSTOM_DIMENSIONS;
use crate::mark::{Mark, deals_that};
use crate::outliers::{Outliers, Spread};
use crate::quality::QualityCounts;
use crate::sift::Sifted;
use crate::spelling::ValueCounts;
use crate::{ExampleRow, Issue, check};

/// Most examples named in an issue.
pub(crate) const EXAMPLES: usize = 5;

/// Numbers of deals by field: how often each value of a field occurs.
pub(crate) type ValuesByField = BTreeMap<String, BTreeMap<String, u64>>;

/// Counts over the accepted deals.
pub(crate) struct Findings {
    deals: u64,
    /// Deals by outcome: won, lost, open.
    outcomes: [u64; 3],
    /// Deals in which each of [`Field::ALL`] is filled in, then each custom dimension.
    filled: [u64; Field::ALL.len() + CUSTOM_DIMENSIONS],
    /// How often the values of each of [`Field::GROUPING`] occur.
    values: [ValueCounts; Field::GROUPING.len()],
    /// The deals with each of [`Mark::ALL`].
    marked: [Examples; Mark::ALL.len()],
    /// Amounts in cents, and cycle lengths plus one day.
    spreads: [Spread; 2],
    newest: Option<Date>,
}

impl Default for Findings {
    fn default() -> Self {
        Self {
            deals: 0,
            outcomes: [0; 3],
            filled: [0; Field::ALL.len() + CUSTOM_DIMENSIONS],
            values: Default::default(),
            marked: Default::default(),
            spreads: Default::default(),
            newest: None,
        }
    }
}

/// A count, with the first few that were counted.
#[derive(Default)]
struct Examples {
    count: u64,
    texts: Vec<String>,
    rows: Vec<ExampleRow>,
}

impl Findings {
    /// Takes in those deals of a block that are kept.
    pub(crate) fn add(&mut self, sifted: &Sifted, keep: &[bool]) {
        let mut counts: [Vec<u64>; Field::GROUPING.len()] =
            std::array::from_fn(|index| vec![0; sifted.firsts[index].len()]);
        let ids = sifted.deals[Field::DealId.name()].as_string::<i32>();
        for (row, facts) in sifted.facts.iter().enumerate().filter(|(row, _)| keep[*row]) {
            let example =
                || ExampleRow { line: facts.line, deal_id: Some(ids.value(row).to_owned()) };
            self.deals += 1;
            self.outcomes[facts.outcome as usize] += 1;
            self.newest = self.newest.max(facts.newest);
            for (index, filled) in self.filled.iter_mut().enumerate() {
                *filled += facts.filled >> index & 1;
            }
            for (counts, code) in counts.iter_mut().zip(facts.codes) {
                if let Some(code) = code {
                    counts[code as usize] += 1;
                }
            }
            for (spread, bin) in self.spreads.iter_mut().zip(facts.bins) {
                if let Some(bin) = bin {
                    spread.add(bin, example);
                }
            }
            for mark in facts.marks.iter() {
                let marked = &mut self.marked[mark as usize];
                marked.count += 1;
                if marked.rows.len() < EXAMPLES {
                    marked.rows.push(example());
                }
            }
        }
        for (index, field) in Field::GROUPING.into_iter().enumerate() {
            let column = sifted.deals[field.name()].as_string::<i32>();
            for (count, first) in counts[index].iter().zip(&sifted.firsts[index]) {
                if *count > 0 {
                    self.values[index].add(column.value(*first), *count);
                }
            }
        }
        for remark in sifted.remarks.iter().filter(|remark| keep[remark.row]) {
            let texts = &mut self.marked[remark.mark as usize].texts;
            if texts.len() < EXAMPLES {
                texts.push(remark.text.clone());
            }
        }
    }

    /// The issues, beside those of the plan. `known` holds spellings from elsewhere.
    pub(crate) fn issues(
        &self,
        columns: &Columns,
        known: &ValuesByField,
        lookups: &[Lookup],
    ) -> Vec<Issue> {
        let mut issues = Vec::new();
        self.missing(columns, &mut issues);
        if self.deals > 0 && self.outcome(Outcome::Open) == self.deals {
            let message = "no deal of the file is won or lost, so that it gives no rate; if some are, say which words mean it under [outcomes] or [stages] in the mapping";
            issues.push(Issue::new(
                check::NO_CLOSED_DEALS,
                Some(Field::Outcome),
                self.deals,
                Vec::new(),
                message.to_owned(),
            ));
        }
        self.marked(&mut issues);
        self.outlying(&mut issues);
        for (field, counts) in Field::GROUPING.into_iter().zip(&self.values) {
            issues.extend(spelling_issues(field, counts, known.get(field.name()), lookups));
        }
        for lookup in lookups {
            issues.extend(self.absent_from(lookup));
        }
        issues
    }

    fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }

    fn filled(&self, field: Field) -> u64 {
        self.filled[field as usize]
    }

    fn marked(&self, issues: &mut Vec<Issue>) {
        for mark in Mark::ALL {
            let Examples { count, texts, rows } = &self.marked[mark as usize];
            let among = match mark {
                Mark::LostWithoutAmount => self.outcome(Outcome::Lost),
                Mark::WonWithoutAmount => self.outcome(Outcome::Won),
                _ => self.outcome(Outcome::Open),
            };
            if *count > 0 {
                let (name, field) = mark.check();
                let message = mark.meaning(*count, among);
                let issue = Issue::new(name, field, *count, texts.clone(), message);
                issues.push(issue.with_rows(rows.clone()));
            }
        }
    }

    /// Amounts and cycle lengths far from all others.
    fn outlying(&self, issues: &mut Vec<Issue>) {
        let [amounts, cycles] = &self.spreads;
        if let Some(Outliers { count, median, low, high, rows }) = amounts.outliers() {
            let [median, low, high] = [median, low, high].map(|cents| cents / 100.0);
            let message = format!(
                "{count} amounts lie below {low:.0} or above {high:.0}, far from all others, which lie about {median:.0}; look for a wrong unit, currency or number of zeros"
            );
            let issue =
                Issue::new(check::OUTLYING_AMOUNT, Some(Field::Amount), count, Vec::new(), message);
            issues.push(issue.with_rows(rows));
        }
        if let Some(Outliers { count, median, low, high, rows }) = cycles.outliers() {
            let [median, low, high] = [median, low, high].map(|days| days - 1.0);
            let shorter = if low > 0.0 { format!("less than {low:.0} or ") } else { String::new() };
            let message = format!(
                "{count} deals took {shorter}more than {high:.0} days, far from all others, which took about {median:.0}; look for a wrong year or month in their dates"
            );
            let field = Some(Field::CycleDays);
            let issue = Issue::new(check::OUTLYING_CYCLE, field, count, Vec::new(), message);
            issues.push(issue.with_rows(rows));
        }
    }

    fn missing(&self, columns: &Columns, issues: &mut Vec<Issue>) {
        for field in Field::IMPORTANT {
            let (name, filled) = (field.name(), self.filled(field));
            let blank = self.deals - filled;
            let consequence = match field {
                Field::CreatedDate => "their cycle length is unknown",
                Field::Amount => "they count in no amount and no deal-size segment",
                _ => "they form the segment (none)",
            };
            let is_recommended = matches!(field, Field::CreatedDate | Field::Amount);
            if is_recommended && !columns.has(field) {
                let message =
                    format!("the file has no column for {name}: for all deals, {consequence}");
                issues.push(Issue::new(
                    check::MISSING_COLUMN,
                    Some(field),
                    self.deals,
                    Vec::new(),
                    message,
                ));
            } else if blank > 0 && (columns.has(field) || filled > 0) {
                let message =
                    format!("{blank} of {} deals have no {name}; {consequence}", self.deals);
                issues.push(Issue::new(check::MISSING, Some(field), blank, Vec::new(), message));
            }
        }
    }

    fn absent_from(&self, lookup: &Lookup) -> Option<Issue> {
        let field = lookup.key_field();
        let index = Field::GROUPING.iter().position(|other| *other == field)?;
        let absent: BTreeMap<_, _> = self.values[index]
            .to_map()
            .into_iter()
            .filter(|(value, _)| !lookup.contains(value))
            .collect();
        if absent.is_empty() {
            return None;
        }
        let deals: u64 = absent.values().sum();
        let examples: Vec<_> = absent
            .iter()
            .take(EXAMPLES)
            .map(|(value, count)| format!("{value:?} ×{count}"))
            .collect();
        let message = format!(
            "{} lacks {} of {} that {}, so that nothing is filled in there: {}",
            lookup.file(),
            if absent.len() == 1 {
                "a value".to_owned()
            } else {
                format!("{} values", absent.len())
            },
            field.name(),
            deals_that(deals, "has", "have"),
            examples.join(", ")
        );
        Some(Issue::new(check::NOT_IN_LOOKUP, Some(field), deals, examples, message))
    }

    /// Completes the counts of the quality score.
    pub(crate) fn count(&self, columns: &Columns, today: Date, counts: &mut QualityCounts) {
        for field in Field::IMPORTANT {
            let filled = self.filled(field);
            let is_recommended = matches!(field, Field::CreatedDate | Field::Amount);
            if is_recommended || columns.has(field) || filled > 0 {
                counts.cells += self.deals;
                counts.filled += filled;
            }
        }
        counts.accepted = self.deals;
        let age = |newest: Date| newest.until(today).map_or(0, |span| span.get_days());
        counts.age_days = self.newest.map(age);
    }

    /// In which share of the deals a custom dimension, given by its place, is filled in.
    pub(crate) fn dimension_share(&self, place: usize) -> f64 {
        self.filled[Field::ALL.len() + place] as f64 / self.deals.max(1) as f64
    }

    /// In which share of the deals that should have it a field is filled in.
    pub(crate) fn filled_share(&self, field: Field) -> f64 {
        let expected = match field {
            Field::ClosedDate | Field::CycleDays => self.deals - self.outcome(Outcome::Open),
            Field::ExpectedCloseDate => self.outcome(Outcome::Open),
            _ => self.deals,
        };
        // A date of another deal, such as an expected close that was kept, does no harm.
        let filled = self.filled(field).min(expected);
        if expected == 0 { 1.0 } else { filled as f64 / expected as f64 }
    }
}
