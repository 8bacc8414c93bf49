/// The word of `known` that `word` was probably meant to be: the nearest by insertions, deletions and
/// replacements of letters, if these are no more than a third of its letters. A guess further off
/// would send the reader the wrong way.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |known: &str| strsim::levenshtein(known, word);
    let nearest = known.iter().copied().min_by_key(|known| distance(known))?;
    (distance(nearest) * 3 <= nearest.chars().count()).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["region", "rep", "lead_source", "team"];
        for (word, suggestion) in [
            ("regoin", Some("region")),
            ("regions", Some("region")),
            ("leadsource", Some("lead_source")),
            ("source", None),
            ("reps", Some("rep")),
            ("owner", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &known), suggestion, "{word}");
        }
        assert_eq!(nearest("region", &[]), None);
    }
}
