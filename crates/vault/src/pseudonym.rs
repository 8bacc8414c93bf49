//! Names that were erased, and the pseudonyms that stand in for them.
//!
//! An erased name is known only by a keyed hash, so that it can be recognised when it arrives again
//! and cannot be read. Whoever has the hashes and their key can still confirm a guess.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::Range;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::VaultError;
use crate::key::random;

/// What every pseudonym begins with.
const PREFIX: &str = "erased-";

/// An erased name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ErasedName {
    /// What stands in for it: `erased-` and eight hexadecimal digits.
    pub pseudonym: String,
    /// How many words it has.
    pub words: usize,
    /// HMAC-SHA256 of the name as a value of its own, in hexadecimal digits.
    pub value_hash: String,
    /// HMAC-SHA256 of its words, in hexadecimal digits.
    pub words_hash: String,
}

/// The erased names of a workspace.
#[derive(Clone, Default)]
pub struct ErasedNames {
    key: String,
    names: Vec<ErasedName>,
    by_value: HashMap<String, usize>,
    by_words: HashMap<String, usize>,
    /// The numbers of words that names have.
    lengths: BTreeSet<usize>,
}

/// A text in which names were replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The text with pseudonyms.
    pub text: String,
    /// Which names were in it.
    pub names: BTreeSet<usize>,
}

impl ErasedNames {
    /// The names whose hashes were made with `key`.
    pub fn new(key: &str, names: Vec<ErasedName>) -> Self {
        let by = |hash: fn(&ErasedName) -> &String| {
            names.iter().enumerate().map(|(place, name)| (hash(name).clone(), place)).collect()
        };
        Self {
            key: key.to_owned(),
            by_value: by(|name| &name.value_hash),
            by_words: by(|name| &name.words_hash),
            lengths: names.iter().map(|name| name.words).filter(|words| *words > 0).collect(),
            names,
        }
    }

    /// A random key for the hashes of a workspace.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new_key() -> Result<String, VaultError> {
        Ok(HEXLOWER.encode(random::<32>()?.as_ref()))
    }

    /// What is to be kept of a name, under a new pseudonym.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn erase(key: &str, name: &str) -> Result<ErasedName, VaultError> {
        let names = Self::new(key, Vec::new());
        let words = words(name);
        Ok(ErasedName {
            pseudonym: format!("{PREFIX}{}", HEXLOWER.encode(random::<4>()?.as_ref())),
            words: words.len(),
            value_hash: names.value_hash(name),
            words_hash: names.words_hash(&words),
        })
    }

    /// Whether no name was erased.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names.
    pub fn names(&self) -> &[ErasedName] {
        &self.names
    }

    /// The pseudonym of a value that is an erased name, however it is spaced around and whatever the
    /// case of its letters.
    pub fn value(&self, value: &str) -> Option<Replaced> {
        if self.is_empty() {
            return None;
        }
        let place = *self.by_value.get(&self.value_hash(value))?;
        let text = self.names[place].pseudonym.clone();
        Some(Replaced { text, names: BTreeSet::from([place]) })
    }

    /// The text with every erased name in it replaced: its words, one after the other, whatever
    /// stands between them.
    pub fn text(&self, text: &str) -> Option<Replaced> {
        if let Some(replaced) = self.value(text) {
            return Some(replaced);
        }
        if self.lengths.is_empty() {
            return None;
        }
        let words = words(text);
        let mut found = BTreeSet::new();
        let mut replaced = String::new();
        let (mut copied, mut at) = (0, 0);
        while at < words.len() {
            let longest_first =
                self.lengths.iter().rev().filter(|length| at + **length <= words.len());
            let name = longest_first.copied().find_map(|length| {
                let place = self.by_words.get(&self.words_hash(&words[at..at + length]))?;
                Some((*place, length))
            });
            let Some((place, length)) = name else {
                at += 1;
                continue;
            };
            replaced.push_str(&text[copied..words[at].place.start]);
            replaced.push_str(&self.names[place].pseudonym);
            copied = words[at + length - 1].place.end;
            at += length;
            found.insert(place);
        }
        if found.is_empty() {
            return None;
        }
        replaced.push_str(&text[copied..]);
        Some(Replaced { text: replaced, names: found })
    }

    /// What the content hash of a row is changed by when these names are replaced in it: the same
    /// whenever it happens and in whatever order, and nothing that the names could be told from
    /// without the key.
    pub fn mask(&self, names: &BTreeSet<usize>, row: &[&str]) -> i64 {
        names.iter().fold(0, |mask, place| {
            let mut parts = vec!["row", &self.names[*place].pseudonym];
            parts.extend(row);
            let tag = self.tag(&parts.join("\u{1f}"));
            let bytes = tag.as_ref().first_chunk().copied().unwrap_or_default();
            mask ^ i64::from_le_bytes(bytes)
        })
    }

    fn value_hash(&self, value: &str) -> String {
        self.hash("value", &value.trim().to_lowercase())
    }

    fn words_hash(&self, words: &[Word]) -> String {
        let words: Vec<_> = words.iter().map(|word| word.letters.as_str()).collect();
        self.hash("words", &words.join(" "))
    }

    fn hash(&self, kind: &str, text: &str) -> String {
        HEXLOWER.encode(self.tag(&format!("{kind}\u{1f}{text}")).as_ref())
    }

    fn tag(&self, text: &str) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.key.as_bytes()), text.as_bytes())
    }
}

impl fmt::Debug for ErasedNames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ErasedNames({})", self.names.len())
    }
}

/// A run of letters and digits.
struct Word {
    place: Range<usize>,
    /// In lower case.
    letters: String,
}

fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (start, letter) in text.char_indices().filter(|(_, letter)| letter.is_alphanumeric()) {
        let end = start + letter.len_utf8();
        match words.last_mut() {
            Some(word) if word.place.end == start => {
                word.place.end = end;
                word.letters.extend(letter.to_lowercase());
            }
            _ => {
                words.push(Word { place: start..end, letters: letter.to_lowercase().collect() });
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::ErasedNames;

    fn names(erased: &[&str]) -> ErasedNames {
        let erase = |name: &&str| ErasedNames::erase("key", name).expect("random numbers");
        ErasedNames::new("key", erased.iter().map(erase).collect())
    }

    /// The text with `<n>` for the n-th name; nothing when it stays as it is.
    fn replaced(names: &ErasedNames, text: &str) -> Option<String> {
        let mut replaced = names.text(text)?.text;
        for (place, name) in names.names().iter().enumerate() {
            replaced = replaced.replace(&name.pseudonym, &format!("<{place}>"));
        }
        Some(replaced)
    }

    #[test]
    fn a_value_is_recognised_whatever_its_case_and_the_space_around_it() {
        let names = names(&["Ann Smith", "ACME, Inc."]);
        for same in ["Ann Smith", " ann smith ", "ANN SMITH"] {
            assert!(names.value(same).is_some(), "{same:?}");
        }
        for other in ["Ann", "Ann Smithers", "Ann  Smith", "Smith Ann", ""] {
            assert!(names.value(other).is_none(), "{other:?}");
        }
    }

    #[test]
    fn a_text_loses_every_name_in_it() {
        let names = names(&["Ann Smith", "Ann", "O'Brien", "Żółć"]);
        for (text, expected) in [
            ("Renewal with Ann Smith (EMEA)", Some("Renewal with <0> (EMEA)")),
            ("ann  smith's deal; o'brien, Ann", Some("<0>'s deal; <2>, <1>")),
            (r#"{"rep":"Ann Smith"}"#, Some(r#"{"rep":"<0>"}"#)),
            ("wrd-ann-smith-7k2mq", Some("wrd-<0>-7k2mq")),
            ("ŻÓŁĆ sp. z o.o.", Some("<3> sp. z o.o.")),
            ("Annual plan, Smith", None),
            ("", None),
        ] {
            assert_eq!(replaced(&names, text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_mask_depends_on_the_names_and_the_row_and_not_on_the_order() {
        let names = names(&["Ann", "Bob"]);
        let both = [0, 1].into();
        let one_by_one =
            names.mask(&[1].into(), &["crm", "7"]) ^ names.mask(&[0].into(), &["crm", "7"]);
        assert_eq!(names.mask(&both, &["crm", "7"]), one_by_one);
        assert_ne!(names.mask(&both, &["crm", "7"]), names.mask(&both, &["crm", "8"]));
        assert_eq!(names.mask(&[].into(), &["crm", "7"]), 0);
    }
}
