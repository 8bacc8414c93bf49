//! The catalogue of checks: every reason for quarantine and every issue, by name.

use crate::Severity;

/// One check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name in reports.
    pub name: &'static str,
    /// How much a finding matters. An error sets the row aside.
    pub severity: Severity,
    /// What it looks for.
    pub explanation: &'static str,
}

macro_rules! catalogue {
    ($($constant:ident $name:literal $severity:ident $explanation:literal)+) => {
        $(#[doc = concat!($explanation, ".")] pub const $constant: &str = $name;)+

        /// Every check.
        pub const CATALOGUE: &[Check] = &[
            $(Check { name: $name, severity: Severity::$severity, explanation: $explanation },)+
        ];
    };
}

catalogue! {
    MISSING_ID "missing_id" Error "The row names no deal"
    MISSING_STAGE "missing_stage" Error "The stage event names no stage"
    MISSING_DATE "missing_date" Error "The stage event has no date"
    INVALID_DATE "invalid_date" Error "The text is not a date that exists"
    AMBIGUOUS_DATE "ambiguous_date" Error "The text is one date read day first and another read month first"
    IMPLAUSIBLE_DATE "implausible_date" Error "The date lies before 1990 or beyond the year 2200"
    CREATED_IN_FUTURE "created_in_future" Error "The deal was created after today"
    CLOSED_IN_FUTURE "closed_in_future" Error "The deal was won or lost after today"
    EVENT_IN_FUTURE "event_in_future" Error "The stage was entered after today"
    CLOSED_BEFORE_CREATED "closed_before_created" Error "The deal closed before it was created"
    CLOSED_WITHOUT_DATE "closed_without_date" Error "The deal is won or lost and has no closed date"
    INVALID_AMOUNT "invalid_amount" Error "The text is not an amount of money"
    AMBIGUOUS_AMOUNT "ambiguous_amount" Error "The separator may mark thousands or decimals"
    NEGATIVE_AMOUNT "negative_amount" Error "The amount is below zero"
    IMPLAUSIBLE_AMOUNT "implausible_amount" Error "The amount is above ten billion"
    CURRENCY_WITHOUT_RATE "currency_without_rate" Error "The mapping has no rate from this currency into the reporting currency"
    UNKNOWN_OUTCOME "unknown_outcome" Error "The word says neither won, lost nor open"
    WRONG_NUMBER_OF_FIELDS "wrong_number_of_fields" Error "The row has more or fewer fields than the header"
    UNCLOSED_QUOTE "unclosed_quote" Error "A quote is opened and the file ends before it is closed"
    OVERSIZED_ROW "oversized_row" Error "The row is longer than 1 MiB"
    NUL_BYTES "nul_bytes" Error "The row holds NUL bytes, as a damaged file does"
    INVALID_TEXT "invalid_text" Error "The row holds bytes that are no text in the file's encoding"
    CONFLICTING_DUPLICATE "conflicting_duplicate" Error "The same deal appears more than once with different contents"
    NO_CLOSED_DEALS "no_closed_deals" Warning "No deal of the file is won or lost"
    MISSING_COLUMN "missing_column" Warning "The file has no column for a recommended field"
    MISSING "missing" Warning "A field is blank in some rows"
    LOST_WITHOUT_AMOUNT "lost_without_amount" Info "Lost deals have no amount, or amount zero"
    GUESSED_COLUMN "guessed_column" Warning "A column was recognised by its values because its header is unknown"
    GUESSED_DECIMAL "guessed_decimal" Warning "Every amount can be read with a decimal comma and with a decimal point"
    SPELLING_VARIANTS "spelling_variants" Warning "Values differ only in case, spaces or punctuation"
    TOO_MANY_VALUES "too_many_values" Info "A field has too many different values to compare their spellings"
    NOT_IN_LOOKUP "not_in_lookup" Warning "Values of the deals are absent from a lookup file"
    CYCLE_MISMATCH "cycle_mismatch" Warning "The file's own cycle length is not closed minus created date"
    OUTCOME_STAGE_MISMATCH "outcome_stage_mismatch" Warning "The stage says the opposite of the outcome"
    DUPLICATES "duplicates" Info "Identical copies of a row were dropped"
    UNUSED_COLUMNS "unused_columns" Info "Columns that mean nothing to Winsight were left out"
    BLANK_ROWS "blank_rows" Info "Rows of blank fields only were skipped"
    NO_FINAL_LINE_BREAK "no_final_line_break" Info "The file ends without a line break, as a file cut off does"
}

/// The severity of a check of the catalogue; an error for an unknown name.
pub(crate) fn severity(name: &str) -> Severity {
    CATALOGUE
        .iter()
        .find(|check| check.name == name)
        .map_or(Severity::Error, |check| check.severity)
}
