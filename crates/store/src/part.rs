//! The rows of files that a load rewrites: those that stay, and those that go.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use futures::StreamExt;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

use crate::StoreError;
use crate::compare::TableChange;
use crate::diff::{Diff, KeyedRows};
use crate::table::{DataFile, Rows, Table, TableSpec};
use crate::tally::deal_files::cores;

/// A batch of rows in two parts.
pub(crate) struct Parted {
    pub(crate) stays: RecordBatch,
    /// Where they are asked for.
    pub(crate) goes: Option<RecordBatch>,
}

/// The rows of files, parted on every core, in no order among the files.
pub(crate) struct PartedRows {
    parted: Receiver<Parted>,
    tasks: JoinSet<Result<(), StoreError>>,
}

impl PartedRows {
    pub(crate) fn of(
        table: &Table,
        files: Vec<DataFile>,
        change: &TableChange,
        with_gone: bool,
    ) -> Result<Self, StoreError> {
        let workers = cores().min(files.len());
        let files: Result<Vec<_>, _> =
            files.into_iter().map(|file| table.rows(vec![file], None)).collect();
        let queue = Arc::new(Mutex::new(files?.into_iter()));
        let (give, parted) = channel(cores());
        let rule = Rule { spec: change.spec, diff: Arc::clone(&change.diff), with_gone };
        let work = || part(Arc::clone(&queue), rule.clone(), give.clone());
        let tasks = (0..workers).map(|_| work()).collect();
        Ok(Self { parted, tasks })
    }

    /// The next rows, if any.
    pub(crate) async fn next(&mut self) -> Result<Option<Parted>, StoreError> {
        if let Some(parted) = self.parted.recv().await {
            return Ok(Some(parted));
        }
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(None)
    }
}

/// Which rows go, and whether anybody wants them.
#[derive(Clone)]
struct Rule {
    spec: TableSpec,
    diff: Arc<Diff>,
    with_gone: bool,
}

async fn part(
    files: Arc<Mutex<std::vec::IntoIter<Rows>>>,
    rule: Rule,
    give: Sender<Parted>,
) -> Result<(), StoreError> {
    let next = || files.lock().unwrap_or_else(PoisonError::into_inner).next();
    while let Some(mut rows) = next() {
        while let Some(batch) = rows.next().await {
            if give.send(rule.part(&batch?)?).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

impl Rule {
    fn part(&self, batch: &RecordBatch) -> Result<Parted, StoreError> {
        let keyed = KeyedRows::of(self.spec, batch)?;
        let rows = keyed.keys.iter().enumerate();
        let goes: BooleanArray =
            rows.map(|(row, key)| Some(self.diff.replaces(*key, keyed.day(row)))).collect();
        let gone = self.with_gone.then(|| filter_record_batch(batch, &goes)).transpose()?;
        Ok(Parted { stays: filter_record_batch(batch, &not(&goes)?)?, goes: gone })
    }
}
