use std::collections::BTreeMap;

use jiff::civil::Date;
use winsight_model::Money;

use crate::amount::{AmountFault, CurrencyMark, Decimal, currency_mark, read_amount};
use crate::field::Field;
use crate::rate::{Rate, Rates};
use crate::{DatedRate, EtlError, Mapping, Reason, check};

/// Ten billion units of the reporting currency.
const LARGEST: Money = Money::from_cents(1_000_000_000_000);
/// What `Decimal128(18, 2)` can hold.
const LARGEST_ORIGINAL: Money = Money::from_cents(999_999_999_999_999_999);
/// Currencies that write their amounts with `$`.
const DOLLARS: [&str; 11] =
    ["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP"];

/// Reads amounts and converts them into the reporting currency.
#[derive(Clone)]
pub(crate) struct AmountReader {
    decimal: Option<Decimal>,
    default_currency: String,
    /// Every currency that can be converted, among them the reporting currency.
    rates: BTreeMap<String, Rates>,
    reporting_currency: String,
    /// Whether amounts above ten billion are kept, as far as they can be stored.
    keeps_implausible: bool,
}

/// The amount of a deal.
pub(crate) struct Amounts<'r> {
    /// In the reporting currency.
    pub(crate) reporting: Option<Money>,
    /// In `currency`.
    pub(crate) original: Option<Money>,
    pub(crate) currency: &'r str,
    /// Whether the day lies before the first rate of the currency.
    pub(crate) before_first_rate: bool,
}

impl AmountReader {
    /// A reader for a mapping whose currencies are filled in.
    pub(crate) fn new(
        mapping: &Mapping,
        decimal: Option<Decimal>,
        keeps_implausible: bool,
    ) -> Result<Self, EtlError> {
        let reporting_currency = mapping.reporting_currency.clone().unwrap_or_default();
        let default_currency = mapping.default_currency.clone().unwrap_or_default();
        let mut rates = BTreeMap::new();
        for (code, rate) in &mapping.currency_rates {
            let rate = Rate::parse(rate).map_err(EtlError::Mapping)?;
            rates.insert(code.clone(), Rates::always(rate));
        }
        for DatedRate { currency, from, rate } in &mapping.currency_rate {
            let rate = Rate::parse(rate).map_err(EtlError::Mapping)?;
            rates
                .entry(currency.clone())
                .and_modify(|rates| rates.add(*from, rate))
                .or_insert_with(|| Rates::from(*from, rate));
        }
        rates.insert(reporting_currency.clone(), Rates::always(Rate::ONE));
        Ok(Self { decimal, default_currency, rates, reporting_currency, keeps_implausible })
    }

    /// The amount that a row names, with the text of its currency column, at the rate of `day`.
    pub(crate) fn read<'r>(
        &'r self,
        text: Option<&str>,
        column: Option<&'r str>,
        day: Date,
        reasons: &mut Vec<Reason>,
    ) -> Amounts<'r> {
        let blank = |currency| Amounts {
            reporting: None,
            original: None,
            currency,
            before_first_rate: false,
        };
        let Some(text) = text else {
            // Nothing is converted, so that a currency without rate does no harm.
            let code = column.filter(|code| is_code(code));
            return blank(code.unwrap_or(&self.default_currency));
        };
        match self.amounts(text, column, day) {
            Ok(amounts) if amounts.reporting > Some(LARGEST) => {
                reasons.push(amount_reason(text, AmountFault::Implausible));
                amounts
            }
            Ok(amounts) => amounts,
            Err(reason) => {
                reasons.push(reason);
                blank(&self.default_currency)
            }
        }
    }

    fn amounts(&self, text: &str, column: Option<&str>, day: Date) -> Result<Amounts<'_>, Reason> {
        let amount = read_amount(text, self.decimal).map_err(|fault| self.reason(text, fault))?;
        let (currency, rates) = self.currency(text, amount.currency, column)?;
        if amount.value < Money::ZERO {
            let message = format!("the amount {text:?} is negative; correct it or leave it blank");
            return Err(Reason::new(check::NEGATIVE_AMOUNT, Field::Amount, message));
        }
        let (rate, before_first_rate) = rates.on(day);
        let reporting = rate.convert(amount.value.min(LARGEST_ORIGINAL));
        if amount.value > LARGEST_ORIGINAL || reporting > LARGEST_ORIGINAL {
            return Err(self.reason(text, AmountFault::Implausible));
        }
        Ok(Amounts {
            reporting: Some(reporting),
            original: Some(amount.value),
            currency,
            before_first_rate,
        })
    }

    /// Why an amount cannot be read or stored. What cannot be stored cannot be waived either.
    fn reason(&self, text: &str, fault: AmountFault) -> Reason {
        if fault == AmountFault::Implausible && self.keeps_implausible {
            let message = format!("the amount {text:?} has too many digits to be kept; correct it");
            return Reason::new(check::INVALID_AMOUNT, Field::Amount, message);
        }
        amount_reason(text, fault)
    }

    /// The currency by its column, by the amount itself, or the default, and its rate.
    fn currency(
        &self,
        text: &str,
        mark: Option<CurrencyMark>,
        column: Option<&str>,
    ) -> Result<(&str, &Rates), Reason> {
        if mark.is_none()
            && let Some((code, rates)) =
                self.rates.get_key_value(column.unwrap_or(&self.default_currency))
        {
            return Ok((code, rates));
        }
        let by_column = column.map(|text| match currency_mark(text) {
            Some(CurrencyMark::Code(code)) => code,
            Some(CurrencyMark::Dollar) => self.default_currency.clone(),
            None => text.to_owned(),
        });
        let base = by_column.as_deref().unwrap_or(&self.default_currency);
        let by_mark = match mark {
            Some(CurrencyMark::Code(code)) => Some(code),
            Some(CurrencyMark::Dollar) if !DOLLARS.contains(&base) => Some("USD".to_owned()),
            Some(CurrencyMark::Dollar) | None => None,
        };
        if let (Some(column), Some(mark)) = (&by_column, &by_mark)
            && column != mark
        {
            let message = format!(
                "the amount {text:?} is in {mark}, the currency column says {column}; correct one of them"
            );
            return Err(Reason::new(check::INVALID_AMOUNT, Field::Amount, message));
        }
        let code = by_mark.as_deref().unwrap_or(base);
        match self.rates.get_key_value(code) {
            Some((code, rates)) => Ok((code, rates)),
            None => Err(Reason::new(
                check::CURRENCY_WITHOUT_RATE,
                Field::Currency,
                format!(
                    "the mapping has no rate from {code} into {}; add a line such as {code} = \"1.08\" under [currency_rates], or make {code} the reporting currency",
                    self.reporting_currency
                ),
            )),
        }
    }
}

fn is_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn amount_reason(text: &str, fault: AmountFault) -> Reason {
    let (check, message) = match fault {
        AmountFault::Invalid => {
            (check::INVALID_AMOUNT, format!("{text:?} is not an amount; write it like 1234.50"))
        }
        AmountFault::Ambiguous => (
            check::AMBIGUOUS_AMOUNT,
            format!(
                "the mark in {text:?} may stand before thousands or before decimals; set decimal in the mapping to \".\" or \",\""
            ),
        ),
        AmountFault::Implausible => (
            check::IMPLAUSIBLE_AMOUNT,
            format!("the amount {text:?} is above ten billion; correct it"),
        ),
    };
    Reason::new(check, Field::Amount, message)
}
