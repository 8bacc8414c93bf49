use std::fmt;

/// Where a deal ended, or that it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Closed and won.
    Won,
    /// Closed and lost.
    Lost,
    /// Not closed; counts in no rate.
    Open,
}

impl Outcome {
    /// The word stored in tables and shown in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Open => "open",
        }
    }

    /// Reads the stored word; `None` for any other text.
    pub fn from_stored(word: &str) -> Option<Self> {
        match word {
            "won" => Some(Self::Won),
            "lost" => Some(Self::Lost),
            "open" => Some(Self::Open),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
