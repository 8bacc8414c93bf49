// The answers of a small server, for the tests of the overview.
import type {
  Alert,
  Change,
  Changes,
  Cohort,
  Insight,
  Metric,
  MetricChange,
  Pipeline,
  Status,
  Trend,
} from "../../api/client";

type Problem = { status: number; detail: string };
type Answer = object & Partial<Problem>;
export type Answers = Record<string, ((query: URLSearchParams) => Answer) | undefined>;

const window = { from: "2026-04-01", to: "2026-07-01" };
const baseline_window = { from: "2025-12-31", to: "2026-04-01" };

const status: Status = {
  workspace: "acme",
  data_version: 3,
  data_as_of: "2026-06-30",
  held_loads: [],
  as_of: "2026-06-30",
  deals: 5923,
  open_deals: 412,
  currency: "USD",
  quality_score: 96.4,
  last_load_at: "2026-06-30T22:00:00Z",
  window,
  baseline_window,
};

export function metric(value: string, changed: Partial<Metric> = {}): Metric {
  return {
    dimension: "all",
    value,
    period: "all",
    deals: 379,
    won: 157,
    lost: 222,
    win_rate: 0.4142,
    win_rate_low: 0.366,
    win_rate_high: 0.464,
    rwwr: 0.392,
    rwwr_low: 0.318,
    rwwr_high: 0.466,
    rwwr_reason: null,
    dfi: 1.0159,
    dfi_low: 0.91,
    dfi_high: 1.1,
    median_cycle_days: 64,
    won_amount: "5040000.00",
    closed_amount: "12900000.00",
    currency: "USD",
    enough_data: true,
    pooled_win_rate: null,
    pooled_win_rate_low: null,
    pooled_win_rate_high: null,
    rolled_up_to: null,
    data_version: 3,
    data_as_of: "2026-06-30",
    ...changed,
  };
}

export function change(value: string, changed: Partial<Change> = {}): Change {
  return {
    dimension: "all",
    value,
    deals: 210,
    won: 80,
    win_rate: 0.38,
    baseline_deals: 230,
    baseline_won: 133,
    baseline_win_rate: 0.58,
    wr_delta: -0.2,
    wr_delta_low: -0.29,
    wr_delta_high: -0.11,
    mix: 0,
    rate: -0.2,
    rwwr_mix: 0,
    rwwr_rate: -0.1,
    filter: ["region=Europe"],
    verdict: "fell",
    enough_data: true,
    ...changed,
  };
}

export function metricChange(changed: Partial<MetricChange> = {}): MetricChange {
  return {
    current: 1.0159,
    baseline: 0.9675,
    change: 1.05,
    change_low: -0.14,
    change_high: 0.06,
    verdict: "no_real_change",
    ...changed,
  };
}

export function alert(changed: Partial<Alert>): Alert {
  return {
    id: "wrd-enterprise-7k2mq",
    rule: "win_rate_drop",
    severity: "critical",
    state: "open",
    metric: "win_rate",
    dimension: "acv_bucket",
    value: "Enterprise",
    current: 0.42,
    baseline: 0.58,
    change: -0.16,
    deals: 210,
    baseline_deals: 230,
    confidence: 0.999,
    window,
    baseline_window,
    impact_amount: "2300000.00",
    impact_kind: "revenue_at_risk",
    currency: "USD",
    title: "Enterprise Win Rate Decline",
    message: "Segment: Enterprise (>$50k ACV)\nWin Rate: 42%\nImpact: $2.3M revenue at risk",
    action: "Review pricing",
    context: null,
    label: "association",
    opened_at: "2026-06-28T22:00:00Z",
    resolved_at: null,
    condition: "judged",
    duration_seconds: null,
    life: {
      owner: null,
      snoozed_until: null,
      snoozed_until_worse_than: null,
      action_taken: null,
      useful: null,
      resolved_by_hand: false,
      reopened: 0,
      reopened_because: null,
    },
    data_version: 3,
    evidence: { summary: "210 deals against 230" },
    ...changed,
  };
}

const nothingChanged: Insight = {
  kind: "nothing_changed",
  cadence: "weekly",
  title: "Nothing changed",
  text: "No segment moved beyond chance; we would have seen a drop of 9 points or more.",
  caution: null,
  action: null,
  evidence: {},
  rank: 1,
};

function changes(dimension: string): Changes {
  const segments = [change(`Value of ${dimension}`)];
  const rwwr = metricChange({ current: 0.392, baseline: 0.431, change: -0.039 });
  const dfi = metricChange({ change_low: 0.91, change_high: 1.22 });
  const overall = change("all");
  const none = { mix_by_dimension: [], loss_concentration: null, causes: null, remarks: [] };
  return { dimension, window, baseline_window, overall, rwwr, dfi, segments, ...none };
}

function trend(grain: string): Trend {
  const points = ["2026-05-01", "2026-06-01"].map((from) => ({
    ...metric("all", { period: from }),
    from,
    to: from,
    complete: true,
  }));
  return { grain, points };
}

export function pipeline(changed: Partial<Pipeline> = {}): Pipeline {
  const part = (deals: number, amount: string) => ({ deals, amount, largest_deal_ids: [] });
  const none = part(0, "0.00");
  return {
    day: "2026-06-30",
    deals: 412,
    amount: "21000000.00",
    currency: "USD",
    without_amount: 0,
    past_expected_close: 3,
    by_stage: [],
    stage_progression: [],
    progression_window: window,
    pipeline_quality: {
      score: 71.6,
      reason: null,
      parts: [
        { part: "expected_yield", value: 0.92, weight: 0.5, note: "48% against 52%" },
        { part: "velocity", value: null, weight: 0, note: "import stage events" },
      ],
    },
    bridge: {
      window: { from: "2026-06-24", to: "2026-07-01" },
      close_before: null,
      caution: null,
      start: part(400, "20000000.00"),
      created: part(20, "2000000.00"),
      increased: none,
      pulled_in: none,
      decreased: none,
      pushed: none,
      won: part(5, "600000.00"),
      lost: part(3, "400000.00"),
      end: part(412, "21000000.00"),
    },
    ...changed,
  };
}

export function cohort(changed: Partial<Cohort> = {}): Cohort {
  return {
    cohort: "2026-Q1",
    window: baseline_window,
    deals: 553,
    won: 176,
    lost: 211,
    open: 166,
    resolved: 0.7,
    horizon_days: 180,
    cohort_win_rate: 0.32,
    cohort_win_rate_low: 0.28,
    cohort_win_rate_high: 0.37,
    cohort_loss_rate: 0.4,
    closed_win_rate: 0.45,
    closed_win_rate_low: 0.4,
    closed_win_rate_high: 0.5,
    reason: null,
    enough_data: true,
    ...changed,
  };
}

/** What each path answers. */
export function answers(): Answers {
  return {
    "/api/v1/status": () => status,
    "/api/v1/metrics": (query) => {
      const by = query.get("by");
      return [by ? metric(`Value of ${by}`) : metric("all")];
    },
    "/api/v1/changes": (query) => changes(query.get("by") ?? "acv_bucket"),
    "/api/v1/trend": (query) => trend(query.get("grain") ?? "month"),
    "/api/v1/alerts": () => [alert({})],
    "/api/v1/pipeline": () => pipeline(),
    "/api/v1/cohorts": () => [cohort()],
    "/api/v1/insights": (query) => (query.get("cadence") === "weekly" ? [nothingChanged] : []),
  };
}
