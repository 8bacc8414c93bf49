//! Salesforce's record ids: 15 characters that distinguish case, and 3 that make up for readers that
//! do not.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECK_DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
/// The instance that an id was made by.
const INSTANCE: &str = "5e00";
const NUMBER_WIDTH: usize = 8;

/// The id of record `number` of the object with this key prefix.
pub(crate) fn record_id(prefix: &str, number: u64) -> String {
    let mut digits = [b'0'; NUMBER_WIDTH];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[usize::try_from(rest % 62).unwrap_or(0)];
        rest /= 62;
    }
    let digits: String = digits.iter().map(|digit| char::from(*digit)).collect();
    let id = format!("{prefix}{INSTANCE}{digits}");
    let check: String = id.as_bytes().chunks(5).map(check_digit).collect();
    id + &check
}

/// The number of the record with that id.
pub(crate) fn record_number(id: &str) -> Option<u64> {
    let place = |digit: u8| DIGITS.iter().position(|it| *it == digit);
    let mut digits = id.get(7..15)?.bytes();
    digits.try_fold(0u64, |number, digit| Some(number * 62 + u64::try_from(place(digit)?).ok()?))
}

/// The id in its long form, if it is one.
pub(crate) fn long_form(id: &str) -> Option<String> {
    let long = record_id(id.get(..3)?, record_number(id)?);
    (long == id || (id.len() == 15 && long.starts_with(id))).then_some(long)
}

/// One digit for five characters: a bit for each that is a capital.
fn check_digit(characters: &[u8]) -> char {
    let bits = characters.iter().enumerate();
    let bits = bits.map(|(place, it)| usize::from(it.is_ascii_uppercase()) << place);
    char::from(CHECK_DIGITS[bits.sum::<usize>()])
}
