//! The catalogue of checks: every reason for quarantine and every issue, by name.

use serde::{Deserialize, Serialize};

use crate::Severity;

/// One check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name in reports.
    pub name: &'static str,
    /// How much a finding matters. An error sets the row aside.
    pub severity: Severity,
    /// What sort of fault it looks for.
    pub kind: Kind,
    /// Whether a person may waive it, by [`crate::ImportOptions::waive`]: the deal stays usable.
    pub waivable: bool,
    /// What it looks for.
    pub explanation: &'static str,
}

/// The sorts of faults in data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something is not there.
    Missing,
    /// Something cannot be read, or cannot be.
    Invalid,
    /// Two things contradict each other.
    Inconsistent,
    /// Something is there more than once.
    Duplicate,
    /// Something has not been kept up to date.
    Stale,
    /// Something can be, and is hard to believe.
    Implausible,
}

macro_rules! catalogue {
    ($($constant:ident $name:literal $severity:ident $kind:ident $([$waivable:ident])? $explanation:literal)+) => {
        $(#[doc = concat!($explanation, ".")] pub const $constant: &str = $name;)+

        /// Every check.
        pub const CATALOGUE: &[Check] = &[
            $(Check {
                name: $name,
                severity: Severity::$severity,
                kind: Kind::$kind,
                waivable: {
                    let waivable: &[&str] = &[$(stringify!($waivable))?];
                    !waivable.is_empty()
                },
                explanation: $explanation,
            },)+
        ];
    };
}

catalogue! {
    MISSING_ID "missing_id" Error Missing "The row names no deal"
    MISSING_STAGE "missing_stage" Error Missing "The stage event names no stage"
    MISSING_DATE "missing_date" Error Missing "The stage event or activity has no date"
    INVALID_DATE "invalid_date" Error Invalid "The text is not a date that exists"
    AMBIGUOUS_DATE "ambiguous_date" Error Invalid "The text is one date read day first and another read month first"
    IMPLAUSIBLE_DATE "implausible_date" Error Implausible [waivable] "The date lies before 1990 or beyond the year 2200"
    CREATED_IN_FUTURE "created_in_future" Error Invalid [waivable] "The deal was created after today"
    CLOSED_IN_FUTURE "closed_in_future" Error Invalid [waivable] "The deal was won or lost after today"
    EVENT_IN_FUTURE "event_in_future" Error Invalid "The stage was entered, or the activity done, after today"
    CLOSED_BEFORE_CREATED "closed_before_created" Error Inconsistent "The deal closed before it was created"
    CLOSED_WITHOUT_DATE "closed_without_date" Error Missing "The deal is won or lost and has no closed date"
    INVALID_AMOUNT "invalid_amount" Error Invalid "The text is not an amount of money"
    AMBIGUOUS_AMOUNT "ambiguous_amount" Error Invalid "The separator may mark thousands or decimals"
    NEGATIVE_AMOUNT "negative_amount" Error Invalid "The amount is below zero"
    IMPLAUSIBLE_AMOUNT "implausible_amount" Error Implausible [waivable] "The amount is above ten billion"
    CURRENCY_WITHOUT_RATE "currency_without_rate" Error Invalid "The mapping has no rate from this currency into the reporting currency"
    UNKNOWN_OUTCOME "unknown_outcome" Error Invalid "The word says neither won, lost nor open"
    FLAGS_CONTRADICT "flags_contradict" Error Inconsistent "The deal is marked as won and as not closed"
    WRONG_NUMBER_OF_FIELDS "wrong_number_of_fields" Error Invalid "The row has more or fewer fields than the header"
    UNCLOSED_QUOTE "unclosed_quote" Error Invalid "A quote is opened and the file ends before it is closed"
    OVERSIZED_ROW "oversized_row" Error Invalid "The row is longer than 1 MiB"
    CUT_ROW "cut_row" Error Invalid "Only the beginning of the row was kept, so that it cannot be read again"
    NUL_BYTES "nul_bytes" Error Invalid "The row holds NUL bytes, as a damaged file does"
    INVALID_TEXT "invalid_text" Error Invalid "The row holds bytes that are no text in the file's encoding"
    CONFLICTING_DUPLICATE "conflicting_duplicate" Error Duplicate [waivable] "The same deal appears more than once with different contents"
    NO_CLOSED_DEALS "no_closed_deals" Warning Missing "No deal of the file is won or lost"
    MISSING_COLUMN "missing_column" Warning Missing "The file has no column for a recommended field"
    MISSING "missing" Warning Missing "A field is blank in some rows"
    LOST_WITHOUT_AMOUNT "lost_without_amount" Info Missing "Lost deals have no amount, or amount zero"
    GUESSED_COLUMN "guessed_column" Warning Missing "A column was recognised by its values because its header is unknown"
    GUESSED_DECIMAL "guessed_decimal" Warning Invalid "Every amount can be read with a decimal comma and with a decimal point"
    WON_WITHOUT_AMOUNT "won_without_amount" Warning Missing "Won deals have no amount, or amount zero"
    STALE_DEAL "stale_deal" Warning Stale "Open deals have seen no activity and no update for more than 180 days"
    EXPECTED_CLOSE_PAST "expected_close_past" Warning Stale "Open deals were expected to close before today"
    ACTIVITY_IN_FUTURE "activity_in_future" Warning Invalid "The last activity or update lies after today"
    ACTIVITY_BEFORE_CREATED "activity_before_created" Info Inconsistent "The last activity or update lies before the deal was created"
    RATE_BEFORE_FIRST "rate_before_first" Warning Implausible "The deal is older than the first rate of its currency, which was used"
    WAIVED "waived" Info Implausible "The deal fails a check that is waived"
    OUTLYING_AMOUNT "outlying_amount" Warning Implausible "The amount lies far from all others"
    OUTLYING_CYCLE "outlying_cycle" Warning Implausible "The deal took far longer or shorter than all others"
    SPELLING_VARIANTS "spelling_variants" Warning Inconsistent "Values differ only in case, spaces or punctuation"
    MISSPELT_VALUES "misspelt_values" Warning Inconsistent "Values look like misspellings of far more frequent ones"
    TOO_MANY_VALUES "too_many_values" Info Implausible "A field has too many different values to compare all their spellings"
    NOT_IN_LOOKUP "not_in_lookup" Warning Missing "Values of the deals are absent from a lookup file"
    CYCLE_MISMATCH "cycle_mismatch" Warning Inconsistent "The file's own cycle length is not closed minus created date"
    OUTCOME_STAGE_MISMATCH "outcome_stage_mismatch" Warning Inconsistent "The stage says the opposite of the outcome"
    DUPLICATES "duplicates" Info Duplicate "Identical copies of a row were dropped"
    UNUSED_COLUMNS "unused_columns" Info Missing "Columns that mean nothing to Winsight were left out"
    BLANK_ROWS "blank_rows" Info Missing "Rows of blank fields only were skipped"
    NO_FINAL_LINE_BREAK "no_final_line_break" Info Invalid "The file ends without a line break, as a file cut off does"
}

/// The check of a name.
pub fn named(name: &str) -> Option<&'static Check> {
    CATALOGUE.iter().find(|check| check.name == name)
}
