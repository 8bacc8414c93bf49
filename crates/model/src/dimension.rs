use std::fmt;

use crate::nearest;

/// The value that blank fields take: blanks form a segment of their own and never vanish.
pub const NONE: &str = "(none)";

/// An attribute that deals are grouped by, such as `region`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dimension(String);

impl Dimension {
    /// The built-in dimensions, in the order they are shown.
    pub const BUILT_IN: [&'static str; 9] = [
        "acv_bucket",
        "cycle_bucket",
        "region",
        "industry",
        "product",
        "lead_source",
        "rep",
        "team",
        "deal_type",
    ];

    /// A built-in dimension by name.
    ///
    /// # Errors
    /// Names the nearest dimension, if one is near, when `name` is none.
    pub fn built_in(name: &str) -> Result<Self, String> {
        if Self::BUILT_IN.contains(&name) {
            return Ok(Self(name.to_owned()));
        }
        let hint = nearest(name, &Self::BUILT_IN)
            .map_or_else(|| ".".to_owned(), |known| format!("; did you mean {known:?}?"));
        let all = Self::BUILT_IN.join(", ");
        Err(format!("{name:?} is not a dimension{hint} The dimensions are: {all}"))
    }

    /// A dimension by name: a built-in one, or one of the workspace's own, as its mapping names them.
    /// Whether the workspace has it, the data must say.
    ///
    /// # Errors
    /// As [`Dimension::built_in`], when a mapping could not name it so.
    pub fn named(name: &str) -> Result<Self, String> {
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let may_be_custom = name.len() <= 40
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(is_word);
        if may_be_custom { Ok(Self(name.to_owned())) } else { Self::built_in(name) }
    }

    /// Whether every workspace has it.
    pub fn is_built_in(&self) -> bool {
        Self::BUILT_IN.contains(&self.0.as_str())
    }

    /// Every built-in dimension.
    pub fn all() -> Vec<Self> {
        Self::BUILT_IN.iter().map(|name| Self((*name).to_owned())).collect()
    }

    /// Every built-in dimension that is known while a deal is open, and so may explain its outcome.
    /// The cycle bucket is not: the final cycle length is part of the outcome.
    pub fn known_while_open() -> Vec<Self> {
        Self::all().into_iter().filter(Self::is_known_while_open).collect()
    }

    /// Whether it is known while a deal is open.
    pub fn is_known_while_open(&self) -> bool {
        self.0 != "cycle_bucket"
    }

    /// The name, as in tables and JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Deals that share a value in each of some dimensions: `region = Europe`, or a combination.
/// The segment of no dimension is every deal.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Segment {
    parts: Vec<(Dimension, String)>,
}

impl Segment {
    /// Every deal.
    pub fn all() -> Self {
        Self::default()
    }

    /// The deals with all the given values.
    pub fn of(parts: Vec<(Dimension, String)>) -> Self {
        Self { parts }
    }

    /// The deals with all the values written as `region=Europe`.
    ///
    /// # Errors
    /// Says what is wrong with the first that is not a dimension and a value.
    pub fn parse<'a>(parts: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let part = |text: &'a str| {
            let (dimension, value) = text
                .split_once('=')
                .ok_or_else(|| format!("{text:?} is no filter; write it like region=Europe"))?;
            Ok((Dimension::named(dimension.trim())?, value.trim().to_owned()))
        };
        Ok(Self::of(parts.into_iter().map(part).collect::<Result<_, String>>()?))
    }

    /// Its dimensions and values.
    pub fn parts(&self) -> &[(Dimension, String)] {
        &self.parts
    }

    /// The dimension names joined with ` × `, or `all`.
    pub fn dimension_label(&self) -> String {
        self.joined(|(dimension, _)| dimension.as_str())
    }

    /// The values joined with ` × `, or `all`.
    pub fn value_label(&self) -> String {
        self.joined(|(_, value)| value)
    }

    fn joined<'a>(&'a self, part: impl Fn(&'a (Dimension, String)) -> &'a str) -> String {
        if self.parts.is_empty() {
            return "all".to_owned();
        }
        self.parts.iter().map(part).collect::<Vec<_>>().join(" × ")
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parts.is_empty() {
            return f.pad("all deals");
        }
        let parts: Vec<_> =
            self.parts.iter().map(|(name, value)| format!("{name}={value}")).collect();
        f.pad(&parts.join(" × "))
    }
}
