//! Which deals of a source are stored.

use std::collections::BTreeSet;

use futures::StreamExt;

use crate::diff::text;
use crate::table::DEALS;
use crate::{Commit, FeatureStore, StoreError};

impl FeatureStore {
    /// The ids of the deals of a source in a version.
    pub async fn deal_ids(
        &self,
        commit: &Commit,
        source: &str,
    ) -> Result<BTreeSet<String>, StoreError> {
        let mut found = BTreeSet::new();
        let Some(&version) = commit.tables.get(DEALS.name) else { return Ok(found) };
        let table = self.table(commit.generation, DEALS, version).await?;
        let mut rows = table.rows(table.files()?, Some(&DEALS.key))?;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            let (sources, ids) = (text(&batch, DEALS.key[0])?, text(&batch, DEALS.key[1])?);
            let of_source = sources.iter().zip(&ids).filter(|(of, _)| *of == Some(source));
            found.extend(of_source.filter_map(|(_, id)| id.map(str::to_owned)));
        }
        Ok(found)
    }
}
