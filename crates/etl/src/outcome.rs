use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use winsight_model::Outcome;
use xxhash_rust::xxh3::xxh3_64;

use crate::field::normalised;
use crate::identity::HashedMap;

/// Most words remembered, so that a column of free text cannot fill the memory.
const REMEMBERED_WORDS: usize = 10_000;

const WON: [&str; 8] =
    ["won", "win", "closedwon", "success", "successful", "gewonnen", "gagné", "ganado"];
const LOST: [&str; 9] = [
    "lost",
    "loss",
    "lose",
    "closedlost",
    "failed",
    "unsuccessful",
    "verloren",
    "perdu",
    "perdido",
];
const OPEN: [&str; 11] =
    ["", "open", "pending", "inprogress", "active", "ongoing", "new", "none", "null", "na", "nan"];

/// What a word of an outcome column means; `None` when it says nothing known.
pub(crate) fn outcome_of_word(word: &str) -> Option<Outcome> {
    let word = normalised(word);
    if OPEN.contains(&word.as_str()) {
        return Some(Outcome::Open);
    }
    closed_word(&word)
}

fn closed_word(normalised_word: &str) -> Option<Outcome> {
    if WON.contains(&normalised_word) || normalised_word.starts_with("closedwon") {
        Some(Outcome::Won)
    } else if LOST.contains(&normalised_word) || normalised_word.starts_with("closedlost") {
        Some(Outcome::Lost)
    } else {
        None
    }
}

/// Words that close a deal wherever they stand in the name of a stage. Others do only as the whole
/// name: a "Technical Win" or a "Loss Review" is a step on the way.
const WON_IN_A_NAME: [&str; 4] = ["won", "gewonnen", "gagné", "ganado"];
const LOST_IN_A_NAME: [&str; 4] = ["lost", "verloren", "perdu", "perdido"];

fn word_in_a_name(normalised_word: &str) -> Option<Outcome> {
    if WON_IN_A_NAME.contains(&normalised_word) {
        Some(Outcome::Won)
    } else {
        LOST_IN_A_NAME.contains(&normalised_word).then_some(Outcome::Lost)
    }
}

/// What the name of a stage says: open, unless it holds a word for won or lost. `None` when it is
/// closed without saying how.
pub(crate) fn outcome_of_stage(stage: &str) -> Option<Outcome> {
    let whole = normalised(stage);
    if whole == "closed" {
        return None;
    }
    let words = stage.split(|letter: char| !letter.is_alphanumeric() && !"'’".contains(letter));
    let said = closed_word(&whole)
        .or_else(|| words.map(normalised).find_map(|word| word_in_a_name(&word)));
    Some(said.unwrap_or(Outcome::Open))
}

/// Whether a flag is set; `None` for a word that is no flag.
pub(crate) fn flag(word: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 5]| words.iter().any(|other| other.eq_ignore_ascii_case(word));
    if is_one_of(["true", "yes", "1", "t", "y"]) {
        Some(true)
    } else if is_one_of(["false", "no", "0", "f", "n"]) {
        Some(false)
    } else {
        None
    }
}

/// Reads outcomes and stages: first by the words of the mapping, then by those known here.
#[derive(Clone, Debug)]
pub(crate) struct OutcomeReader {
    outcomes: HashMap<String, Outcome>,
    stages: HashMap<String, Outcome>,
    remembered_outcomes: Remembered,
    remembered_stages: Remembered,
}

/// What words were found to mean, by their hashes.
type Remembered = RefCell<HashedMap<Option<Outcome>>>;

impl OutcomeReader {
    /// A reader with the words of a validated mapping.
    pub(crate) fn new(
        outcomes: &BTreeMap<String, String>,
        stages: &BTreeMap<String, String>,
    ) -> Self {
        let by_word = |words: &BTreeMap<String, String>| {
            words
                .iter()
                .filter_map(|(word, outcome)| {
                    Some((normalised(word), Outcome::from_stored(outcome)?))
                })
                .collect()
        };
        Self {
            outcomes: by_word(outcomes),
            stages: by_word(stages),
            remembered_outcomes: RefCell::default(),
            remembered_stages: RefCell::default(),
        }
    }

    /// The outcome that a word of the outcome column means.
    pub(crate) fn word(&self, word: &str) -> Option<Outcome> {
        remember(&self.remembered_outcomes, word, || {
            self.outcomes.get(&normalised(word)).copied().or_else(|| outcome_of_word(word))
        })
    }

    /// The outcome that a stage means.
    pub(crate) fn stage(&self, stage: &str) -> Option<Outcome> {
        remember(&self.remembered_stages, stage, || {
            self.stages.get(&normalised(stage)).copied().or_else(|| outcome_of_stage(stage))
        })
    }
}

fn remember(
    words: &Remembered,
    word: &str,
    read: impl FnOnce() -> Option<Outcome>,
) -> Option<Outcome> {
    let key = xxh3_64(word.as_bytes());
    if let Some(known) = words.borrow().get(&key) {
        return *known;
    }
    let outcome = read();
    let mut words = words.borrow_mut();
    if words.len() < REMEMBERED_WORDS {
        words.insert(key, outcome);
    }
    outcome
}

#[cfg(test)]
mod tests {
    use winsight_model::Outcome::{self, Lost, Open, Won};

    use super::{outcome_of_stage, outcome_of_word};

    #[test]
    fn words_of_the_outcome_column() {
        for (word, outcome) in [
            ("Won", Some(Won)),
            ("Closed Won", Some(Won)),
            ("closedwon", Some(Won)),
            ("LOST", Some(Lost)),
            ("Closed-Lost: price", Some(Lost)),
            ("", Some(Open)),
            ("In progress", Some(Open)),
            ("n/a", Some(Open)),
            ("maybe", None),
            ("Wo", None),
        ] {
            assert_eq!(outcome_of_word(word), outcome, "{word:?}");
        }
    }

    #[test]
    fn names_of_stages() {
        let cases: [(&str, Option<Outcome>); 15] = [
            ("Closed Won", Some(Won)),
            ("closedlost", Some(Lost)),
            ("6 - Won", Some(Won)),
            ("Deal lost", Some(Lost)),
            ("Prospecting", Some(Open)),
            ("Wonder review", Some(Open)),
            ("Win", Some(Won)),
            ("Failed", Some(Lost)),
            ("Technical Win", Some(Open)),
            ("Success Plan", Some(Open)),
            ("Win/Loss Review", Some(Open)),
            ("Won't decide this year", Some(Open)),
            ("New Business", Some(Open)),
            ("", Some(Open)),
            ("Closed", None),
        ];
        for (stage, outcome) in cases {
            assert_eq!(outcome_of_stage(stage), outcome, "{stage:?}");
        }
    }
}
