//! An earlier version made the newest again, as a new version on top: nothing is lost.

use std::collections::{BTreeSet, HashSet};

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use winsight_model::schema;

use crate::catalog::{Commit, CommitRequest};
use crate::diff::text;
use crate::load::{Loaded, NextVersion};
use crate::staging::Staging;
use crate::table::{DEAL_VERSIONS, DEALS, TableSpec, VERSIONED};
use crate::{FeatureStore, StoreError};

impl FeatureStore {
    /// Makes a new version that holds what the version `wanted` held. The states of deals that it
    /// undoes are kept as superseded ones, as those of any load.
    ///
    /// # Errors
    /// On any failure, and when killed at any moment, readers keep the version they had.
    pub async fn revert_to(
        &self,
        staging: &mut Staging,
        wanted: &Commit,
        request: CommitRequest,
    ) -> Result<Loaded, StoreError> {
        self.stage_deals_of(staging, wanted).await?;
        let comparison = self.compare(staging).await?;
        let Some(newest) = comparison.base.as_ref() else {
            return Ok(Loaded { commit: None, deals: comparison.deals });
        };
        let others = VERSIONED.into_iter().filter(|spec| !is_of_deals(*spec));
        let others: Vec<_> = others
            .filter(|spec| wanted.tables.get(spec.name) != newest.tables.get(spec.name))
            .collect();
        let of_deals = comparison.tables.iter().filter(|change| change.spec.name == DEALS.name);
        let changed: Vec<_> = of_deals.filter(|change| !change.is_empty()).collect();
        if changed.is_empty() && others.is_empty() {
            return Ok(Loaded { commit: None, deals: comparison.deals });
        }
        let mut next = self.next_version(Some(newest), request).await?;
        let staged = staging.finish()?;
        for change in changed {
            if let Some(staged) = staged.iter_mut().find(|table| table.spec.name == DEALS.name) {
                self.apply(change, staged, &mut next).await?;
            }
        }
        for spec in others {
            self.revert_table(spec, wanted, &mut next).await?;
        }
        Ok(Loaded {
            commit: Some(self.commit_next(next, Some(newest)).await?),
            deals: comparison.deals,
        })
    }

    /// Stages the deals of a version as all that there are.
    async fn stage_deals_of(
        &self,
        staging: &mut Staging,
        wanted: &Commit,
    ) -> Result<(), StoreError> {
        let (arriving, stored) = (schema::deals(), schema::stored_deals());
        let columns: Result<Vec<_>, _> =
            arriving.fields().iter().map(|field| stored.index_of(field.name())).collect();
        let columns = columns?;
        let mut sources = BTreeSet::new();
        let mut rows = self.rows(wanted, DEALS.name).await?;
        while let Some(batch) = rows.try_next().await? {
            add_sources(&mut sources, &batch)?;
            staging.add_deals(&batch.project(&columns)?)?;
        }
        if let Some(newest) = self.latest().await? {
            let mut rows = self.rows(&newest, DEALS.name).await?;
            while let Some(batch) = rows.try_next().await? {
                add_sources(&mut sources, &batch)?;
            }
        }
        for source in &sources {
            staging.is_complete(source);
        }
        Ok(())
    }

    /// Gives a table the files that it had.
    async fn revert_table(
        &self,
        spec: TableSpec,
        wanted: &Commit,
        next: &mut NextVersion,
    ) -> Result<(), StoreError> {
        let table = next.open(self, spec).await?;
        let present = table.log_entries()?;
        let mut files = match wanted.tables.get(spec.name) {
            Some(version) => self.table(wanted.generation, spec, *version).await?.log_entries()?,
            None => std::collections::HashMap::new(),
        };
        let gone: HashSet<_> =
            present.keys().filter(|path| !files.contains_key(path)).cloned().collect();
        files.retain(|path, _| !present.contains_key(path));
        let version = table.commit(files.into_values().collect(), &gone).await?;
        next.commit.tables.insert(spec.name.to_owned(), version);
        Ok(())
    }
}

/// Deals are compared one by one, so that the states undone are kept; other tables by their files.
fn is_of_deals(spec: TableSpec) -> bool {
    spec.name == DEALS.name || spec.name == DEAL_VERSIONS.name
}

fn add_sources(sources: &mut BTreeSet<String>, batch: &RecordBatch) -> Result<(), StoreError> {
    let column = text(batch, "source")?;
    for source in column.iter().flatten() {
        if !sources.contains(source) {
            sources.insert(source.to_owned());
        }
    }
    Ok(())
}
