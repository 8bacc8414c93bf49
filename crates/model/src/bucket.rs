use crate::Money;

/// The bounds of the deal-size segments. A bound belongs to the lower bucket.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AcvBuckets {
    /// Largest SMB amount, in whole units of the reporting currency.
    pub smb_up_to: u64,
    /// Largest Mid-Market amount; anything above is Enterprise.
    pub mid_market_up_to: u64,
}

impl Default for AcvBuckets {
    fn default() -> Self {
        Self { smb_up_to: 10_000, mid_market_up_to: 50_000 }
    }
}

impl AcvBuckets {
    /// The bucket of an amount: (0, 10k] SMB, (10k, 50k] Mid-Market, above Enterprise.
    /// An amount of zero says nothing about size, as a blank one does, and has none.
    pub fn of(&self, amount: Money) -> Option<&'static str> {
        let cents = |units: u64| i128::from(units) * 100;
        if amount <= Money::ZERO {
            None
        } else if amount.cents() <= cents(self.smb_up_to) {
            Some("SMB")
        } else if amount.cents() <= cents(self.mid_market_up_to) {
            Some("Mid-Market")
        } else {
            Some("Enterprise")
        }
    }
}

/// The bounds of the cycle-length segments in days. A bound belongs to the lower bucket.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CycleBuckets {
    /// Longest Fast cycle.
    pub fast_up_to: u32,
    /// Longest Medium cycle.
    pub medium_up_to: u32,
    /// Longest Slow cycle; anything above is Very slow.
    pub slow_up_to: u32,
}

impl Default for CycleBuckets {
    fn default() -> Self {
        Self { fast_up_to: 30, medium_up_to: 60, slow_up_to: 90 }
    }
}

impl CycleBuckets {
    /// The bucket of a cycle length; a deal closed on the day it was created is Fast.
    pub fn of(&self, days: u32) -> &'static str {
        if days <= self.fast_up_to {
            "Fast"
        } else if days <= self.medium_up_to {
            "Medium"
        } else if days <= self.slow_up_to {
            "Slow"
        } else {
            "Very slow"
        }
    }
}
