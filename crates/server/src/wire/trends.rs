use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use winsight_insight as insight;
use winsight_jobs::TrendReport;
use winsight_model::{Grain, Segment};

use super::{Window, high, low};

/// Win rates and bookings over time, taken apart. Associations, never causes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Trends {
    /// Always `association`.
    pub label: String,
    /// `week`, `month` or `quarter`.
    pub grain: String,
    /// One for each segment.
    pub series: Vec<Series>,
    /// The window that alerts look at, whose change `breadth` and `indicators` are about.
    pub window: Window,
    /// The one it is compared with.
    pub baseline_window: Window,
    /// `broad_based`, `local` or `unclear`; null without a change.
    #[schema(required)]
    pub breadth: Option<String>,
    /// Share of deals in values that moved as all deals did.
    #[schema(required)]
    pub moved_together: Option<f64>,
    /// External series between the same windows.
    pub indicators: Vec<IndicatorMove>,
}

/// One series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Series {
    /// Dimension names joined with ` × `, or `all`.
    pub dimension: String,
    /// Values joined with ` × `, or `all`.
    pub value: String,
    /// Whole periods, in order.
    pub points: Vec<SeriesPoint>,
    /// Where the level changed.
    pub change_points: Vec<ChangePoint>,
    /// What January to December add to the win rate; null where no season shows.
    #[schema(required)]
    pub season: Option<Vec<f64>>,
    /// The latest quarter minus the same a year before, as a difference of win rates.
    #[schema(required)]
    pub year_over_year: Option<f64>,
    /// Lower end of its 95% interval.
    #[schema(required)]
    pub year_over_year_low: Option<f64>,
    /// Upper end.
    #[schema(required)]
    pub year_over_year_high: Option<f64>,
    /// Whether the step from the quarter before is one that last year had too.
    pub seasonal: bool,
    /// What comes if things go on.
    pub projection: Vec<Projected>,
    /// Of earlier win-rate intervals made the same way, how many held what came, and of how many.
    pub win_rate_backtest: [u32; 2],
    /// The same of bookings.
    pub bookings_backtest: [u32; 2],
    /// `recent mean`, `line` or `year before`.
    #[schema(required)]
    pub bookings_method: Option<String>,
    /// What could not be said, and why.
    #[schema(required)]
    pub note: Option<String>,
}

/// A period of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SeriesPoint {
    /// Such as `2024-02`.
    pub period: String,
    /// First day inside.
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    /// First day after.
    #[schema(value_type = String, format = Date)]
    pub to: Date,
    /// Closed deals.
    pub deals: u64,
    /// Won ones.
    pub won: u64,
    /// Won over closed.
    #[schema(required)]
    pub win_rate: Option<f64>,
    /// Lower end of its 95% interval.
    #[schema(required)]
    pub win_rate_low: Option<f64>,
    /// Upper end.
    #[schema(required)]
    pub win_rate_high: Option<f64>,
    /// Its level, free of the season.
    #[schema(required)]
    pub level: Option<f64>,
    /// What the season adds.
    pub season: f64,
    /// Amount won.
    pub won_amount: String,
}

/// A day from which the win rate had another level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangePoint {
    /// First day at the new level.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// The earliest such day that the deals allow.
    #[schema(value_type = String, format = Date)]
    pub earliest: Date,
    /// The latest.
    #[schema(value_type = String, format = Date)]
    pub latest: Date,
    /// Level before.
    pub before: f64,
    /// Level since.
    pub after: f64,
    /// Lower end of the 95% interval of the difference.
    pub change_low: f64,
    /// Upper end.
    pub change_high: f64,
}

/// A period to come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Projected {
    /// Such as `2024-02`.
    pub period: String,
    /// Win rate.
    pub win_rate: f64,
    /// Lower end of the 95% interval of what will be seen.
    pub win_rate_low: f64,
    /// Upper end.
    pub win_rate_high: f64,
    /// Amount won.
    #[schema(required)]
    pub bookings: Option<String>,
    /// Lower end of its 95% interval.
    #[schema(required)]
    pub bookings_low: Option<String>,
    /// Upper end.
    #[schema(required)]
    pub bookings_high: Option<String>,
}

/// How an external series moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IndicatorMove {
    /// Its name.
    pub name: String,
    /// Mean in the window.
    pub current: f64,
    /// Mean in the baseline window.
    pub baseline: f64,
    /// Current over baseline minus 1.
    #[schema(required)]
    pub relative: Option<f64>,
    /// Whether it moved more than it usually does.
    pub unusual: bool,
}

impl From<TrendReport> for Trends {
    fn from(report: TrendReport) -> Self {
        let grain = match report.grain {
            Grain::Week => "week",
            Grain::Month => "month",
            Grain::Quarter => "quarter",
        };
        let indicators = report.indicators.into_iter().map(|moved| IndicatorMove {
            unusual: moved.is_unusual(),
            name: moved.name,
            current: moved.current,
            baseline: moved.baseline,
            relative: moved.relative,
        });
        let breadth = report.breadth.as_ref();
        Self {
            label: winsight_alert::LABEL.to_owned(),
            grain: grain.to_owned(),
            series: report.series.into_iter().map(Series::from).collect(),
            window: report.window.into(),
            baseline_window: report.baseline.into(),
            breadth: breadth.map(|breadth| breadth.kind.as_str().to_owned()),
            moved_together: breadth.map(|breadth| breadth.together),
            indicators: indicators.collect(),
        }
    }
}

impl From<(Segment, insight::Trend)> for Series {
    fn from((segment, trend): (Segment, insight::Trend)) -> Self {
        let year = trend.year_over_year.as_ref();
        let projection = &trend.projection;
        let backtest = |backtest: insight::Backtest| [backtest.inside, backtest.of];
        Self {
            dimension: segment.dimension_label(),
            value: segment.value_label(),
            change_points: trend.change_points.iter().map(ChangePoint::from).collect(),
            season: trend.season.as_ref().map(|season| season.effects.to_vec()),
            year_over_year: year.map(|year| year.change),
            year_over_year_low: year.map(|year| year.interval.low),
            year_over_year_high: year.map(|year| year.interval.high),
            seasonal: year.is_some_and(|year| year.seasonal),
            projection: projected(projection),
            win_rate_backtest: backtest(projection.win_rate_backtest),
            bookings_backtest: backtest(projection.bookings_backtest),
            bookings_method: projection.bookings_method.map(str::to_owned),
            note: trend.note,
            points: trend.points.into_iter().map(SeriesPoint::from).collect(),
        }
    }
}

fn projected(projection: &insight::Projection) -> Vec<Projected> {
    let of_rate = |rate: &insight::Projected<f64>| {
        let amount = projection.bookings.iter().find(|amount| amount.period == rate.period);
        Projected {
            period: rate.period.label.clone(),
            win_rate: rate.value,
            win_rate_low: rate.low,
            win_rate_high: rate.high,
            bookings: amount.map(|amount| amount.value.to_string()),
            bookings_low: amount.map(|amount| amount.low.to_string()),
            bookings_high: amount.map(|amount| amount.high.to_string()),
        }
    };
    projection.win_rates.iter().map(of_rate).collect()
}

impl From<insight::TrendPart> for SeriesPoint {
    fn from(part: insight::TrendPart) -> Self {
        let count = part.count;
        Self {
            period: count.period.label,
            from: count.period.window.from,
            to: count.period.window.to,
            deals: count.share.deals,
            won: count.share.won,
            win_rate: part.win_rate,
            win_rate_low: low(part.interval),
            win_rate_high: high(part.interval),
            level: part.level,
            season: part.season,
            won_amount: count.won_amount.to_string(),
        }
    }
}

impl From<&insight::ChangePoint> for ChangePoint {
    fn from(change: &insight::ChangePoint) -> Self {
        Self {
            date: change.date,
            earliest: change.between.0,
            latest: change.between.1,
            before: change.before,
            after: change.after,
            change_low: change.interval.low,
            change_high: change.interval.high,
        }
    }
}
