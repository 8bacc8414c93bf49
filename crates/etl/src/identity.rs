use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64;

/// A map whose keys are already hashes. Two texts in ten million share a 64-bit hash with a chance
/// of about one in 400,000.
pub(crate) type HashedMap<Value> = HashMap<u64, Value, BuildHasherDefault<AlreadyHashed>>;
/// A set of hashes.
pub(crate) type HashedSet = HashSet<u64, BuildHasherDefault<AlreadyHashed>>;

/// Passes a hash on as it is.
#[derive(Default)]
pub(crate) struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// How a row relates to the rows of the same deal before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The first row of its deal.
    New,
    /// A copy.
    Identical,
    /// The deal has had other contents.
    Conflicting,
}

/// The deals of a file: 16 bytes each, so that any number of rows can be compared.
#[derive(Default)]
pub(crate) struct Identities {
    rows: HashedMap<u64>,
    conflicting: HashedSet,
}

impl Identities {
    /// The key of a deal.
    pub(crate) fn key(deal_id: &str) -> u64 {
        xxh3_64(deal_id.as_bytes())
    }

    /// Takes in one more row of the deal with this key.
    pub(crate) fn see(&mut self, key: u64, row_hash: u64) -> Seen {
        match self.rows.entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(row_hash);
                Seen::New
            }
            Entry::Occupied(first) if *first.get() == row_hash => Seen::Identical,
            Entry::Occupied(_) => {
                self.conflicting.insert(key);
                Seen::Conflicting
            }
        }
    }

    /// The keys of the deals that had different contents.
    pub(crate) fn conflicting(&self) -> &HashedSet {
        &self.conflicting
    }
}
