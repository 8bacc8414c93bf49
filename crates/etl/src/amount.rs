use winsight_model::Money;

use crate::rate::divide_half_even;

/// The mark before the decimals of an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decimal {
    /// `1,234.50`
    Point,
    /// `1.234,50`
    Comma,
}

impl Decimal {
    /// The mark itself.
    pub(crate) const fn mark(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    /// The convention of a mark; anything but a comma is a point.
    pub(crate) const fn of(mark: char) -> Self {
        if mark == ',' { Self::Comma } else { Self::Point }
    }
}

/// The currency that an amount names itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CurrencyMark {
    /// An ISO 4217 code, or a sign that stands for one currency.
    Code(String),
    /// `$`, which many currencies use.
    Dollar,
}

/// An amount as written, in its own currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    /// Its value; more than two decimals are rounded half to even.
    pub(crate) value: Money,
    /// The currency it names.
    pub(crate) currency: Option<CurrencyMark>,
}

/// Why a text gives no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AmountFault {
    /// It is none.
    Invalid,
    /// Its only mark may stand before thousands or before decimals.
    Ambiguous,
    /// It has more than 15 digits before the decimals.
    Implausible,
}

/// Reads a trimmed, non-blank amount. `convention` settles what the text leaves open.
pub(crate) fn read_amount(text: &str, convention: Option<Decimal>) -> Result<Amount, AmountFault> {
    if let Some(value) = plain(text.as_bytes()) {
        return Ok(Amount { value, currency: None });
    }
    let written = Written::read(text).ok_or(AmountFault::Invalid)?;
    let (units, fraction) = written.parts(convention)?;
    let value = in_cents(&units, fraction)?;
    let value = if written.negative { -value } else { value };
    Ok(Amount { value, currency: written.currency })
}

/// Reads a trimmed, non-blank figure that is no money, such as an index or a rate in percent.
pub(crate) fn read_figure(text: &str, convention: Decimal) -> Result<f64, AmountFault> {
    let text = text.trim_end_matches(['%', ' ', '\u{a0}']);
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if is_plain
        && (convention == Decimal::Point || !text.contains('.'))
        && let Ok(value) = text.parse::<f64>()
        && value.is_finite()
    {
        return Ok(value);
    }
    let written = Written::read(text).ok_or(AmountFault::Invalid)?;
    let (units, fraction) = written.parts(Some(convention))?;
    if units.is_empty() && fraction.is_empty() || fraction.contains(['.', ',']) {
        return Err(AmountFault::Invalid);
    }
    let value: f64 = format!("0{units}.{fraction}0").parse().map_err(|_| AmountFault::Invalid)?;
    Ok(if written.negative { -value } else { value })
}

/// The shape nearly every amount has: digits, perhaps a point and one or two more.
fn plain(text: &[u8]) -> Option<Money> {
    if text.len() > 15 {
        return None;
    }
    let mut cents: i64 = 0;
    let mut decimals = None;
    let mut digits = 0;
    for byte in text {
        match (byte, decimals) {
            (b'0'..=b'9', _) => {
                cents = cents * 10 + i64::from(byte - b'0');
                digits += 1;
                decimals = decimals.map(|count| count + 1);
            }
            (b'.', None) if digits > 0 => decimals = Some(0),
            _ => return None,
        }
    }
    let scale = match decimals {
        None if digits > 0 => 100,
        Some(1) => 10,
        Some(2) => 1,
        _ => return None,
    };
    Some(Money::from_cents(i128::from(cents * scale)))
}

/// An amount taken apart into sign, currency and number.
struct Written<'a> {
    negative: bool,
    currency: Option<CurrencyMark>,
    number: &'a str,
}

impl<'a> Written<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let first = text.find(|letter: char| letter.is_ascii_digit())?;
        let last = text.rfind(|letter: char| letter.is_ascii_digit())?;
        let leading_mark = text[..first].ends_with(['.', ',']);
        let start = if leading_mark { first - 1 } else { first };
        let trailing_mark = text[last + 1..].starts_with(['.', ',']);
        let end = if trailing_mark { last + 2 } else { last + 1 };
        let (before, number, after) = (&text[..start], &text[start..end], &text[end..]);

        let minus = ['-', '\u{2212}'];
        let signs = before.matches(minus).count() + after.matches(minus).count();
        let opened = before.matches('(').count();
        let closed = after.matches(')').count();
        if signs + opened > 1 || opened != closed {
            return None;
        }
        let is_sign = |letter: char| {
            letter.is_whitespace() || minus.contains(&letter) || "+()".contains(letter)
        };
        let (prefix, suffix) = (before.trim_matches(is_sign), after.trim_matches(is_sign));
        let currency = match (prefix, suffix) {
            ("", "") => None,
            (mark, "") | ("", mark) => Some(currency_mark(mark)?),
            _ => return None,
        };
        Some(Self { negative: signs + opened == 1, currency, number })
    }

    /// The digits before the decimals, without thousands marks, and the decimals.
    fn parts(&self, convention: Option<Decimal>) -> Result<(String, &'a str), AmountFault> {
        let decimal_at = match Layout::of(self.number) {
            Layout::Whole => None,
            Layout::Decimal(_, at) => Some(at),
            Layout::Open(mark, at) => match convention {
                None => return Err(AmountFault::Ambiguous),
                Some(decimal) => (decimal == mark).then_some(at),
            },
        };
        let (units, fraction) = match decimal_at {
            Some(at) => (&self.number[..at], &self.number[at + 1..]),
            None => (self.number, ""),
        };
        Ok((ungrouped(units).ok_or(AmountFault::Invalid)?, fraction))
    }
}

/// The currency of a code or sign.
pub(crate) fn currency_mark(text: &str) -> Option<CurrencyMark> {
    let code = match text {
        "$" => return Some(CurrencyMark::Dollar),
        "€" => "EUR",
        "£" => "GBP",
        "¥" => "JPY",
        "₹" => "INR",
        "US$" => "USD",
        "A$" | "AU$" => "AUD",
        "C$" | "CA$" => "CAD",
        "R$" => "BRL",
        "zł" => "PLN",
        code if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) => code,
        _ => return None,
    };
    Some(CurrencyMark::Code(code.to_ascii_uppercase()))
}

/// What the marks of a number say about its decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// No decimals.
    Whole,
    /// Decimals after the mark at this position.
    Decimal(Decimal, usize),
    /// Decimals or thousands after the mark at this position, as in `1.234`.
    Open(Decimal, usize),
}

impl Layout {
    fn of(number: &str) -> Self {
        let Some(last) = number.rfind(['.', ',']) else { return Self::Whole };
        let mark = if number[last..].starts_with(',') { Decimal::Comma } else { Decimal::Point };
        let other = if mark == Decimal::Comma { '.' } else { ',' };
        let before = &number[..last];
        if before.contains(mark.mark()) {
            // A mark that repeats separates thousands; `1,234.567.890` fails as ungrouped.
            return Self::Whole;
        }
        let decimals = number.len() - last - 1;
        let may_group = (1..=3).contains(&before.len())
            && before.bytes().all(|byte| byte.is_ascii_digit())
            && before != "0";
        if decimals == 3 && may_group && !before.contains(other) {
            Self::Open(mark, last)
        } else {
            Self::Decimal(mark, last)
        }
    }
}

/// The digits of a whole number without its thousands marks, if they stand where they may: every
/// three digits, or in the Indian way every two before the last three.
fn ungrouped(units: &str) -> Option<String> {
    let is_mark = |letter: char| !letter.is_ascii_digit();
    let Some(mark) = units.chars().find(|letter| is_mark(*letter)) else {
        return Some(units.to_owned());
    };
    if !".,'\u{2019} \u{a0}\u{202f}".contains(mark) {
        return None;
    }
    let groups: Vec<&str> = units.split(mark).collect();
    let (last, rest) = groups.split_last()?;
    let (first, middle) = rest.split_first()?;
    let wide = middle.iter().all(|group| group.len() == 3) && first.len() <= 3;
    let indian = middle.iter().all(|group| group.len() == 2) && first.len() <= 2;
    let all_digits = groups.iter().all(|group| !group.is_empty() && !group.contains(is_mark));
    (last.len() == 3 && (wide || indian) && all_digits).then(|| groups.concat())
}

fn in_cents(units: &str, fraction: &str) -> Result<Money, AmountFault> {
    let digits = fraction.len() + units.len();
    if digits == 0 || fraction.len() > 20 || fraction.bytes().any(|byte| !byte.is_ascii_digit()) {
        return Err(AmountFault::Invalid);
    }
    let units = units.trim_start_matches('0');
    if units.len() > 15 {
        return Err(AmountFault::Implausible);
    }
    let number: i128 =
        format!("0{units}{fraction:0<2}").parse().map_err(|_| AmountFault::Invalid)?;
    let beyond_cents = u32::try_from(fraction.len().saturating_sub(2)).unwrap_or_default();
    Ok(Money::from_cents(divide_half_even(number, 10_i128.pow(beyond_cents))))
}

/// What programs write for a blank date or number.
pub(crate) fn is_null_word(text: &str) -> bool {
    const WORDS: [&str; 7] = ["-", "n/a", "#n/a", "na", "nan", "none", "null"];
    text.len() <= 4 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// What the amounts of a file have shown about its decimals.
#[derive(Clone, Debug, Default)]
pub(crate) struct AmountEvidence {
    point: u64,
    comma: u64,
    open_point: u64,
    open_comma: u64,
    example: String,
}

impl AmountEvidence {
    /// Takes one more trimmed text into account.
    pub(crate) fn add(&mut self, text: &str) {
        if !text.contains(['.', ',']) {
            return;
        }
        let Some(written) = Written::read(text) else { return };
        let shown = match Layout::of(written.number) {
            Layout::Decimal(mark, _) => mark,
            // `1.234.567` has points that separate thousands, hence a decimal comma.
            Layout::Whole if written.number.contains('.') => Decimal::Comma,
            Layout::Whole => Decimal::Point,
            Layout::Open(mark, _) => {
                if self.open() == 0 {
                    text.clone_into(&mut self.example);
                }
                match mark {
                    Decimal::Point => self.open_point += 1,
                    Decimal::Comma => self.open_comma += 1,
                }
                return;
            }
        };
        match shown {
            Decimal::Point => self.point += 1,
            Decimal::Comma => self.comma += 1,
        }
    }

    fn open(&self) -> u64 {
        self.open_point + self.open_comma
    }

    /// Whether no amount seen so far is left open.
    pub(crate) fn is_decided(&self) -> bool {
        self.open() == 0 || self.point + self.comma > 0
    }

    /// The convention of the file; `None` when it shows none, or both.
    pub(crate) fn decimal(&self) -> Option<Decimal> {
        if self.point > self.comma * 20 {
            Some(Decimal::Point)
        } else if self.comma > self.point * 20 {
            Some(Decimal::Comma)
        } else {
            None
        }
    }

    /// When every amount with a mark is left open: the likelier convention, with an amount as
    /// example and the number of such amounts. Three digits after a mark are thousands far more
    /// often than decimals of money.
    pub(crate) fn guess(&self) -> Option<(Decimal, &str, u64)> {
        match (self.point + self.comma, self.open_point, self.open_comma) {
            (0, 1.., 0) => Some((Decimal::Comma, &self.example, self.open_point)),
            (0, 0, 1..) => Some((Decimal::Point, &self.example, self.open_comma)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
