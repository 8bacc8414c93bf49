use std::collections::BTreeMap;

/// What a workspace does about what it is told. In each text `{value}` stands for the value that is
/// spoken of and `{segment}` for the value with its dimension.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Playbook {
    /// The win rate of all deals fell.
    pub win_rate_drop: String,
    /// The win rate of a segment fell.
    pub segment_drop: String,
    /// The win rate has been at a lower level for some time.
    pub level_drop: String,
    /// The drop is one that last year had too.
    pub seasonal_drop: String,
    /// Deals of a value are won more or less often than others, other attributes equal.
    pub driver: String,
    /// They are won less often than before, compared with others.
    pub driver_worsening: String,
    /// A rep wins less than the deals given let expect.
    pub rep_below: String,
    /// A rep wins more than they let expect.
    pub rep_above: String,
    /// A lead source wins too few of its deals.
    pub lead_source_low: String,
    /// Lost deals of a rep take longer, against won ones, than before.
    pub deal_friction: String,
    /// What to do about a segment instead of `segment_drop` and `driver`: by dimension, as in
    /// `acv_bucket`, or by dimension and value, as in `acv_bucket=Enterprise`.
    pub segments: BTreeMap<String, String>,
}

/// A situation that a [`Playbook`] has a text for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// The win rate of all deals fell.
    WinRateDrop,
    /// The win rate of a segment fell.
    SegmentDrop,
    /// A lower level.
    LevelDrop,
    /// As last year.
    SeasonalDrop,
    /// An attribute goes with winning.
    Driver,
    /// And does so to its disadvantage more than before.
    DriverWorsening,
    /// Below the funnel.
    RepBelow,
    /// Above it.
    RepAbove,
    /// A lead source that wins too little.
    LeadSourceLow,
    /// A rep who chases dead deals.
    DealFriction,
}

impl Default for Playbook {
    fn default() -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            win_rate_drop: text("Review the lost deals of all deals"),
            segment_drop: text("Review the lost deals of {segment}"),
            level_drop: text("Ask what changed about that time: prices, competitors, lead routing"),
            seasonal_drop: text("Plan for the season: last year had it too"),
            driver: text("Ask the sales leads what sets {value} deals apart"),
            driver_worsening: text("Ask the sales leads what changed for {segment}"),
            rep_below: text("Look at the lost deals of {value} together"),
            rep_above: text("Let {value} show the others how"),
            lead_source_low: text("Tighten MQL→SQL qualification criteria"),
            deal_friction: text(
                "Review the oldest open deals with this rep and qualify out sooner",
            ),
            segments: BTreeMap::new(),
        }
    }
}

impl Playbook {
    /// What to do in a situation, about a value of a dimension. Both are empty for all deals.
    pub fn action(&self, play: Play, dimension: &str, value: &str) -> String {
        let of_segment = matches!(play, Play::SegmentDrop | Play::Driver | Play::DriverWorsening);
        let own = || {
            let exact = self.segments.get(&format!("{dimension}={value}"));
            exact.or_else(|| self.segments.get(dimension))
        };
        let text = of_segment.then(own).flatten().unwrap_or(match play {
            Play::WinRateDrop => &self.win_rate_drop,
            Play::SegmentDrop => &self.segment_drop,
            Play::LevelDrop => &self.level_drop,
            Play::SeasonalDrop => &self.seasonal_drop,
            Play::Driver => &self.driver,
            Play::DriverWorsening => &self.driver_worsening,
            Play::RepBelow => &self.rep_below,
            Play::RepAbove => &self.rep_above,
            Play::LeadSourceLow => &self.lead_source_low,
            Play::DealFriction => &self.deal_friction,
        });
        let words = match dimension {
            "acv_bucket" => "deal size".to_owned(),
            other => other.replace('_', " "),
        };
        text.replace("{segment}", &format!("{value} ({words})")).replace("{value}", value)
    }
}

#[cfg(test)]
mod tests {
    use super::{Play, Playbook};

    #[test]
    fn the_nearest_text_is_taken() {
        let mut playbook = Playbook::default();
        let drop = |playbook: &Playbook, dimension: &str, value: &str| {
            playbook.action(Play::SegmentDrop, dimension, value)
        };
        let europe = drop(&playbook, "region", "Europe");
        assert_eq!(europe, "Review the lost deals of Europe (region)");
        for (key, text) in [
            ("acv_bucket", "Ask pricing about {value}"),
            ("acv_bucket=Enterprise", "Call the largest accounts"),
        ] {
            playbook.segments.insert(key.to_owned(), text.to_owned());
        }
        assert_eq!(drop(&playbook, "acv_bucket", "SMB"), "Ask pricing about SMB");
        assert_eq!(drop(&playbook, "acv_bucket", "Enterprise"), "Call the largest accounts");
        assert_eq!(drop(&playbook, "region", "Europe"), europe);
    }
}
