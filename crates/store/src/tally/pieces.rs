//! Windows cut into disjoint pieces, so that each deal is counted once however they overlap.

use jiff::ToSpan;
use jiff::civil::Date;
use winsight_model::Window;

use super::{Tallies, merge_tallies};
use crate::known_days::epoch_day;

/// The days from 1970 to 2099 are looked up in a table, all others searched for.
const TABLE_DAYS: i32 = 47_482;

/// A day that lies in no window.
pub(super) const OUTSIDE: u32 = u32::MAX;

/// Disjoint spans of days, each inside one or more windows.
pub(super) struct Pieces {
    /// `[from, to)` in days since 1970, in order.
    spans: Vec<(i32, i32)>,
    /// The windows that each piece lies in.
    windows: Vec<Vec<usize>>,
    table: Vec<u32>,
    wanted_windows: usize,
}

impl Pieces {
    /// Cuts `windows` at each other's ends, leaving out the days after `as_of`.
    pub(super) fn of(windows: &[Window], as_of: Date) -> Self {
        let after = as_of.saturating_add(1.day());
        let known = |window: &Window| (epoch_day(window.from), epoch_day(window.to.min(after)));
        let wanted: Vec<_> = windows.iter().map(known).collect();
        let mut ends: Vec<_> = wanted.iter().flat_map(|&(from, to)| [from, to]).collect();
        ends.sort_unstable();
        ends.dedup();
        let (mut spans, mut inside) = (Vec::new(), Vec::new());
        for pair in ends.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let holds = |place: &usize| wanted[*place].0 <= from && to <= wanted[*place].1;
            let holders: Vec<_> = (0..wanted.len()).filter(holds).collect();
            if !holders.is_empty() {
                spans.push((from, to));
                inside.push(holders);
            }
        }
        let table = (0..TABLE_DAYS).map(|day| search(&spans, day)).collect();
        Self { spans, windows: inside, table, wanted_windows: windows.len() }
    }

    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The piece that holds a day since 1970, or [`OUTSIDE`].
    #[inline]
    pub(super) fn holding(&self, day: i32) -> u32 {
        let known = usize::try_from(day).ok().and_then(|day| self.table.get(day));
        known.copied().unwrap_or_else(|| search(&self.spans, day))
    }

    /// The windows that a piece lies in.
    pub(super) fn windows_of(&self, piece: usize) -> &[usize] {
        &self.windows[piece]
    }

    /// Whether any day from `first` to `last` lies in a piece.
    pub(super) fn touch(&self, first: i32, last: i32) -> bool {
        self.spans.iter().any(|&(from, to)| from <= last && first < to)
    }

    /// Tables by window from tables by piece.
    pub(super) fn assemble(&self, by_piece: Vec<Tallies>) -> Vec<Tallies> {
        let mut by_window = vec![Tallies::new(); self.wanted_windows];
        for (windows, tallies) in self.windows.iter().zip(by_piece) {
            let Some((last, others)) = windows.split_last() else { continue };
            for &window in others {
                merge_tallies(&mut by_window[window], tallies.clone());
            }
            merge_tallies(&mut by_window[*last], tallies);
        }
        by_window
    }
}

fn search(spans: &[(i32, i32)], day: i32) -> u32 {
    let next = spans.partition_point(|&(from, _)| from <= day);
    match next.checked_sub(1) {
        Some(place) if day < spans[place].1 => u32::try_from(place).unwrap_or(OUTSIDE),
        _ => OUTSIDE,
    }
}
