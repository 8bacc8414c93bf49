//! The deals that a load changes, for what is kept beside them.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;

use crate::StoreError;
use crate::aggregate::{Month, closed_months};

/// Rows up to which a load adds its changes to what is kept. With more of them, counting all deals
/// again is no slower.
const FEW_ROWS: u64 = 65_536;

/// What changes from one version to the next.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Closed months in which deals differ.
    pub(crate) months: BTreeSet<Month>,
    rows: u64,
    deals: ChangedDeals,
}

/// Deals one by one.
#[derive(Debug, Default)]
pub(crate) struct ChangedDeals {
    /// As they were, those deleted among them.
    pub(crate) gone: Vec<RecordBatch>,
    /// As they are, those inserted among them.
    pub(crate) arriving: Vec<RecordBatch>,
}

impl Changed {
    /// Tells that so many rows will arrive, so that none is kept where they are too many.
    pub(crate) fn expect(&mut self, rows: u64) {
        if rows > FEW_ROWS {
            self.rows = u64::MAX;
        }
    }

    pub(crate) fn goes(&mut self, deals: &RecordBatch) -> Result<(), StoreError> {
        if self.has_room_for(deals)? {
            self.deals.gone.push(deals.clone());
        }
        Ok(())
    }

    pub(crate) fn arrives(&mut self, deals: &RecordBatch) -> Result<(), StoreError> {
        if self.has_room_for(deals)? {
            self.deals.arriving.push(deals.clone());
        }
        Ok(())
    }

    fn has_room_for(&mut self, deals: &RecordBatch) -> Result<bool, StoreError> {
        self.months.extend(closed_months(deals)?);
        self.rows = self.rows.saturating_add(deals.num_rows() as u64);
        if self.rows > FEW_ROWS {
            self.deals = ChangedDeals::default();
        }
        Ok(self.rows <= FEW_ROWS)
    }

    /// Every changed deal; `None` when there are too many.
    pub(crate) fn deals(&self) -> Option<&ChangedDeals> {
        (self.rows <= FEW_ROWS).then_some(&self.deals)
    }
}
