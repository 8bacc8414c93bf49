//! Which deals of a source are stored, and which have changed.

use std::collections::HashMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use futures::StreamExt;

use crate::diff::{column, text};
use crate::table::DEALS;
use crate::{Commit, FeatureStore, StoreError};

impl FeatureStore {
    /// Gives the id of every deal of a source in a version to `take`.
    pub async fn deal_ids(
        &self,
        commit: &Commit,
        source: &str,
        mut take: impl FnMut(&str),
    ) -> Result<(), StoreError> {
        let Some(&version) = commit.tables.get(DEALS.name) else { return Ok(()) };
        let table = self.table(commit.generation, DEALS, version).await?;
        let mut rows = table.rows(table.files()?, Some(&DEALS.key))?;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            let (sources, ids) = (text(&batch, DEALS.key[0])?, text(&batch, DEALS.key[1])?);
            let of_source = sources.iter().zip(&ids).filter(|(of, _)| *of == Some(source));
            of_source.filter_map(|(_, id)| id).for_each(&mut take);
        }
        Ok(())
    }

    /// The deals of a source in which two versions differ; the first may be none at all.
    pub async fn deals_changed(
        &self,
        source: &str,
        before: Option<&Commit>,
        after: &Commit,
    ) -> Result<Vec<String>, StoreError> {
        let mut known = match before {
            Some(before) => self.states(before, source).await?,
            None => HashMap::new(),
        };
        let mut changed = Vec::new();
        for (id, hash) in self.states(after, source).await? {
            if known.remove(&id) != Some(hash) {
                changed.push(id);
            }
        }
        changed.extend(known.into_keys());
        Ok(changed)
    }

    /// The hash of each deal of a source.
    async fn states(
        &self,
        commit: &Commit,
        source: &str,
    ) -> Result<HashMap<String, i64>, StoreError> {
        let mut found = HashMap::new();
        let Some(&version) = commit.tables.get(DEALS.name) else { return Ok(found) };
        let table = self.table(commit.generation, DEALS, version).await?;
        let columns = [DEALS.key[0], DEALS.key[1], "row_hash"];
        let mut rows = table.rows(table.files()?, Some(&columns))?;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            let (sources, ids) = (text(&batch, DEALS.key[0])?, text(&batch, DEALS.key[1])?);
            let hashes = column(&batch, "row_hash")?.as_primitive::<Int64Type>().values();
            for ((of, id), hash) in sources.iter().zip(&ids).zip(hashes) {
                if let (true, Some(id)) = (of == Some(source), id) {
                    found.insert(id.to_owned(), *hash);
                }
            }
        }
        Ok(found)
    }
}
