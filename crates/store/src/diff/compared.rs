//! Keys of a load, compared with those that are stored.

use hashbrown::HashTable;

use super::{Change, Key, KeyedRows};

/// What a load wants of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Rows with the staged hash.
    Rows,
    /// No rows.
    Nothing,
    /// Whatever is stored.
    AsItIs,
}

/// Keys one by one, in columns: there may be tens of millions.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    places: HashTable<u32>,
    keys: Vec<Key>,
    wanted: Vec<Wanted>,
    staged: Vec<u64>,
    /// The stored hash, and whether anything is stored.
    stored: Vec<u64>,
    is_stored: Vec<bool>,
    /// First and last day of the staged rows, where only stored rows of those days give way to them.
    spans: Option<Vec<(i32, i32)>>,
    /// Keys that were forgotten as nothing changes of them.
    pub(super) unchanged: u64,
}

impl Compared {
    /// Without keys, with room for so many. With `in_span`, what is staged of a key replaces its
    /// stored rows from the first staged day to the last; otherwise all of them.
    pub(crate) fn with_capacity(keys: usize, in_span: bool) -> Self {
        Self {
            spans: in_span.then(|| Vec::with_capacity(keys)),
            places: HashTable::with_capacity(keys),
            keys: Vec::with_capacity(keys),
            wanted: Vec::with_capacity(keys),
            staged: Vec::with_capacity(keys),
            stored: Vec::with_capacity(keys),
            is_stored: Vec::with_capacity(keys),
            unchanged: 0,
        }
    }

    /// Once everything is compared: without the keys of which nothing changes, which are most of what
    /// a full reading brings.
    pub(crate) fn changed_only(self) -> Self {
        let stays =
            |(_, change): &(Key, Option<Change>)| !matches!(change, None | Some(Change::Unchanged));
        if self.changes().filter(stays).count() > self.len() / 2 {
            return self;
        }
        let mut changed = Self::with_capacity(0, self.spans.is_some());
        changed.unchanged = self.unchanged;
        for (place, key) in (0_u32..).zip(&self.keys) {
            match self.change_at(place) {
                None => {}
                Some(Change::Unchanged) => changed.unchanged += 1,
                Some(_) => {
                    let (from, to) = (place as usize, changed.place_of(*key) as usize);
                    changed.wanted[to] = self.wanted[from];
                    changed.staged[to] = self.staged[from];
                    changed.stored[to] = self.stored[from];
                    changed.is_stored[to] = self.is_stored[from];
                    if let (Some(changed), Some(spans)) = (&mut changed.spans, &self.spans) {
                        changed[to] = spans[from];
                    }
                }
            }
        }
        changed
    }

    pub(crate) fn add_staged(&mut self, rows: &KeyedRows) {
        for (row, (key, hash)) in rows.iter().enumerate() {
            let place = self.place_of(key) as usize;
            if let (Some(spans), Some(day)) = (&mut self.spans, rows.day(row)) {
                let (first, last) = &mut spans[place];
                *first = day.min(*first);
                *last = day.max(*last);
            }
            if self.wanted[place] != Wanted::AsItIs {
                self.wanted[place] = Wanted::Rows;
                self.staged[place] = self.staged[place].wrapping_add(hash);
            }
        }
    }

    /// Marks a key for deletion, unless rows of it are staged.
    pub(crate) fn delete(&mut self, key: Key) -> u32 {
        self.place_of(key)
    }

    /// Leaves a key as it is stored, whatever is staged.
    pub(crate) fn leave(&mut self, key: Key) {
        let place = self.place_of(key);
        self.wanted[place as usize] = Wanted::AsItIs;
    }

    fn place_of(&mut self, key: Key) -> u32 {
        #[expect(clippy::expect_used, reason = "four billion keys would not fit in memory")]
        let next = u32::try_from(self.keys.len()).expect("fewer than four billion keys");
        let keys = &self.keys;
        let is_same = |place: &u32| keys[*place as usize] == key;
        let entry = self.places.entry(key.short(), is_same, |place| keys[*place as usize].short());
        let place = *entry.or_insert(next).get();
        if place == next {
            self.keys.push(key);
            self.wanted.push(Wanted::Nothing);
            self.staged.push(0);
            self.stored.push(0);
            self.is_stored.push(false);
            if let Some(spans) = &mut self.spans {
                spans.push((i32::MAX, i32::MIN));
            }
        }
        place
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn add_stored(&mut self, place: u32, hash: u64) {
        let place = place as usize;
        self.stored[place] = self.stored[place].wrapping_add(hash);
        self.is_stored[place] = true;
    }

    pub(crate) fn find(&self, key: Key) -> Option<u32> {
        self.places.find(key.short(), |place| self.keys[*place as usize] == key).copied()
    }

    pub(crate) fn change_at(&self, place: u32) -> Option<Change> {
        let place = place as usize;
        match (self.wanted[place], self.is_stored[place]) {
            (Wanted::AsItIs, _) | (Wanted::Nothing, false) => None,
            (Wanted::Nothing, true) => Some(Change::Deleted),
            (Wanted::Rows, false) => Some(Change::Inserted),
            (Wanted::Rows, true) if self.staged[place] == self.stored[place] => {
                Some(Change::Unchanged)
            }
            (Wanted::Rows, true) => Some(Change::Updated),
        }
    }

    /// Whether a stored row of this day gives way to what is wanted of its key.
    pub(crate) fn covers(&self, place: u32, day: Option<i32>) -> bool {
        let place = place as usize;
        match (&self.spans, day) {
            (Some(spans), Some(day)) if self.wanted[place] == Wanted::Rows => {
                (spans[place].0..=spans[place].1).contains(&day)
            }
            _ => true,
        }
    }

    pub(super) fn changes(&self) -> impl Iterator<Item = (Key, Option<Change>)> + '_ {
        (0_u32..).zip(&self.keys).map(|(place, key)| (*key, self.change_at(place)))
    }
}
