/// What a load does to the deals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadCounts {
    /// Deals that were not in the store.
    pub inserted: u64,
    /// Deals whose contents differ from the stored ones.
    pub updated: u64,
    /// Deals that are stored just so.
    pub unchanged: u64,
    /// Deals that were in the store and are gone.
    pub deleted: u64,
}

impl LoadCounts {
    /// Adds the counts of another load.
    pub fn add(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
    }

    /// Deals of the load that were in the store before.
    pub fn matched(&self) -> u64 {
        self.updated + self.unchanged
    }
}
