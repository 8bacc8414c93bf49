//! How the words of the model are written into stored findings.

/// `[["region", "Europe"]]`; empty for every deal.
pub(crate) mod segment {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use winsight_model::{Dimension, Segment};

    pub(crate) fn serialize<S: Serializer>(segment: &Segment, to: S) -> Result<S::Ok, S::Error> {
        let parts = segment.parts().iter().map(|(dimension, value)| (dimension.as_str(), value));
        parts.collect::<Vec<_>>().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Segment, D::Error> {
        let parts = Vec::<(String, String)>::deserialize(from)?;
        let known = parts.into_iter().map(|(name, value)| {
            Dimension::built_in(&name).map(|dimension| (dimension, value)).map_err(D::Error::custom)
        });
        Ok(Segment::of(known.collect::<Result<_, _>>()?))
    }
}

/// `["2024-01-01", "2024-04-01"]`, the second day being the first one outside.
pub(crate) mod window {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use winsight_model::Window;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
    pub(crate) fn serialize<S: Serializer>(window: &Window, to: S) -> Result<S::Ok, S::Error> {
        (window.from, window.to).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Window, D::Error> {
        let (from, to) = <(Date, Date)>::deserialize(from)?;
        Ok(Window { from, to })
    }
}

/// A [`window`], or null.
pub(crate) mod optional_window {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use winsight_model::Window;

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(crate) fn serialize<S: Serializer>(
        window: &Option<Window>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        window.map(|window| (window.from, window.to)).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Window>, D::Error> {
        let days = Option::<(Date, Date)>::deserialize(from)?;
        Ok(days.map(|(from, to)| Window { from, to }))
    }
}

/// A plain decimal with two places, as text, so that it stays exact.
pub(crate) mod money {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use winsight_model::Money;

    pub(crate) fn serialize<S: Serializer>(amount: &Money, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(amount)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Money, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
