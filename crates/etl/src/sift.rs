//! The rows of a block apart: deals into a batch, the rest into the quarantine with their reasons.

use arrow::array::RecordBatch;
use jiff::civil::Date;
use winsight_model::{Outcome, Settings};
use xxhash_rust::xxh3::xxh3_64;

use crate::Quarantined;
use crate::batch::DealBatch;
use crate::clean::Cleaner;
use crate::deal::Deal;
use crate::field::Field;
use crate::findings::EXAMPLES;
use crate::identity::{HashedMap, Identities};
use crate::mark::{Mark, Marks};
use crate::outliers::bin_of;
use crate::source::{Block, Record};

/// Works on the blocks of one file of deals.
pub(crate) struct Sifter<'a> {
    cleaner: Cleaner<'a>,
    source: &'a str,
    settings: &'a Settings,
    width: usize,
    batch: DealBatch,
    coders: [Coder; Field::GROUPING.len()],
    scratch: Vec<u8>,
}

/// What became of the rows of a block.
pub(crate) struct Sifted {
    /// Rows that are not blank.
    pub(crate) rows: u64,
    pub(crate) blank_rows: u64,
    /// The deals, in the order of the file, copies and conflicts among them.
    pub(crate) deals: RecordBatch,
    /// What is to be counted about each of them.
    pub(crate) facts: Vec<Facts>,
    /// For each of [`Field::GROUPING`] and each code of its values, the first deal that has it.
    pub(crate) firsts: [Vec<usize>; Field::GROUPING.len()],
    /// Some of the oddities, in words.
    pub(crate) remarks: Vec<Remark>,
    pub(crate) quarantined: Vec<Quarantined>,
}

/// What is to be counted about a deal, once it is known that it is no copy.
pub(crate) struct Facts {
    pub(crate) line: u64,
    /// Of the deal, see [`Identities::key`].
    pub(crate) key: u64,
    pub(crate) hash: u64,
    pub(crate) outcome: Outcome,
    pub(crate) marks: Marks,
    /// Latest of the days that show when the file was made.
    pub(crate) newest: Option<Date>,
    /// The fields and custom dimensions that are filled in, see [`Cleaner::filled`].
    pub(crate) filled: u64,
    /// The bins of [`crate::outliers`] of the amount in cents, and of the cycle length plus one day.
    pub(crate) bins: [Option<u16>; 2],
    /// Within the block, the code of the value of each of [`Field::GROUPING`].
    pub(crate) codes: [Option<u32>; Field::GROUPING.len()],
}

/// An oddity of one deal in words.
pub(crate) struct Remark {
    /// Which of the deals.
    pub(crate) row: usize,
    pub(crate) mark: Mark,
    pub(crate) text: String,
}

impl<'a> Sifter<'a> {
    /// A sifter for a file with `width` columns.
    pub(crate) fn new(
        cleaner: Cleaner<'a>,
        source: &'a str,
        settings: &'a Settings,
        width: usize,
    ) -> Self {
        Self {
            cleaner,
            source,
            settings,
            width,
            batch: DealBatch::default(),
            coders: std::array::from_fn(|_| Coder::default()),
            scratch: Vec::new(),
        }
    }

    /// Sifts a block.
    pub(crate) fn sift(&mut self, block: &Block) -> Sifted {
        let mut rows = 0;
        let mut facts = Vec::with_capacity(block.len());
        let mut remarks = Vec::new();
        let mut quarantined = Vec::new();
        for record in block.records() {
            rows += 1;
            match self.sift_row(&record, facts.len(), &mut remarks) {
                Ok(fact) => facts.push(fact),
                Err(row) => quarantined.push(row),
            }
        }
        Sifted {
            rows,
            blank_rows: block.len() as u64 - rows,
            deals: self.batch.take(),
            facts,
            firsts: std::array::from_fn(|index| self.coders[index].take()),
            remarks,
            quarantined,
        }
    }

    fn sift_row(
        &mut self,
        record: &Record<'_>,
        row: usize,
        remarks: &mut Vec<Remark>,
    ) -> Result<Facts, Quarantined> {
        let set_aside = |deal_id: &str, reasons| Quarantined {
            line: record.line,
            deal_id: (!deal_id.is_empty()).then(|| deal_id.to_owned()),
            reasons,
            raw: record.raw(),
        };
        let fields =
            record.fields(Some(self.width)).map_err(|fault| set_aside("", vec![fault.reason()]))?;
        let mut reasons = Vec::new();
        let deal = self.cleaner.clean(&fields, &mut reasons);
        if !reasons.is_empty() {
            return Err(set_aside(deal.deal_id, reasons));
        }
        let features = deal.features(self.settings);
        let hash = deal.hash(self.source, &features, &mut self.scratch);
        self.batch.push(self.source, &deal, &features, hash);
        remark_on(&deal, row, remarks);
        let coders = &mut self.coders;
        Ok(Facts {
            line: record.line,
            key: Identities::key(deal.deal_id),
            hash,
            outcome: deal.outcome,
            marks: deal.marks,
            newest: deal.created.max(deal.closed).max(deal.updated),
            filled: self.cleaner.filled(&fields, &deal),
            bins: [
                deal.amount.and_then(|amount| bin_of(amount.cents())),
                features.cycle_days.and_then(|days| bin_of(i128::from(days) + 1)),
            ],
            codes: std::array::from_fn(|index| {
                let value = deal.grouping(Field::GROUPING[index])?;
                Some(coders[index].code(value, row))
            }),
        })
    }
}

/// Puts the first oddities of a block into words.
fn remark_on(deal: &Deal<'_>, row: usize, remarks: &mut Vec<Remark>) {
    if deal.marks.is_empty() {
        return;
    }
    for mark in deal.marks.iter() {
        if remarks.iter().filter(|remark| remark.mark == mark).count() < EXAMPLES {
            remarks.push(Remark { row, mark, text: mark.about(deal) });
        }
    }
}

/// Gives the values of a field numbers, within a block.
#[derive(Default)]
struct Coder {
    codes: HashedMap<u32>,
    firsts: Vec<usize>,
}

impl Coder {
    fn code(&mut self, value: &str, row: usize) -> u32 {
        let next = self.firsts.len();
        *self.codes.entry(xxh3_64(value.as_bytes())).or_insert_with(|| {
            self.firsts.push(row);
            u32::try_from(next).unwrap_or(u32::MAX)
        })
    }

    fn take(&mut self) -> Vec<usize> {
        self.codes.clear();
        std::mem::take(&mut self.firsts)
    }
}
