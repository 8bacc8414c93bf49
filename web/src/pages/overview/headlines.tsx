import { useQuery } from "@tanstack/react-query";
import type { Metric, Status } from "../../api/client";
import { changesQuery, metricsQuery } from "../../api/queries";
import { Problem } from "../../components/notice";
import { Skeleton } from "../../components/skeleton";
import { changeInPoints, ratioChange, shareChange } from "../../components/verdict";
import { baselineName } from "../../format/dates";
import { exactPercent, ratio } from "../../format/numbers";
import { AmountCard } from "./amount-card";
import { DEFAULT_DIMENSION } from "./dimension-select";
import { EstimateCard } from "./estimate-card";

/** The four numbers to start from, each with how sure it is. */
export function Headlines({ status }: { readonly status: Status }) {
  const now = useQuery(metricsQuery(status.window));
  const before = useQuery(metricsQuery(status.baseline_window));
  const changes = useQuery(changesQuery(DEFAULT_DIMENSION));
  const failed = [now, before, changes].find(({ error }) => error !== null);
  const current = now.data?.[0];
  const baseline = before.data?.[0];

  if (failed?.error) {
    return <Problem what="The headline" error={failed.error} onRetry={failed.refetch} />;
  }
  if (!current || !baseline || !changes.data) {
    return (
      <div className="headlines">
        {["win rate", "revenue-weighted win rate", "deal friction index", "won amount"].map(
          (name) => (
            <div key={name} className="card">
              <Skeleton label={name} lines={5} />
            </div>
          ),
        )}
      </div>
    );
  }
  const { overall, rwwr, dfi } = changes.data;
  const beforeName = baselineName(status.baseline_window, status.window);
  return (
    <section aria-label="Headline metrics" className="headlines">
      <EstimateCard
        title="Win rate"
        meaning="Won deals over closed deals"
        {...pair(current, baseline, "win_rate")}
        kind="share"
        missing={tooFew(current)}
        format={exactPercent}
        verdict={overall.verdict}
        change={overall.enough_data ? changeInPoints(overall) : null}
        beforeName={beforeName}
      />
      <EstimateCard
        title="Revenue-weighted win rate"
        meaning="Won amount over closed amount"
        {...pair(current, baseline, "rwwr")}
        kind="share"
        missing={current.rwwr_reason ?? tooFew(current)}
        format={exactPercent}
        verdict={rwwr.verdict}
        change={shareChange(rwwr)}
        beforeName={beforeName}
      />
      <EstimateCard
        title="Deal friction index"
        meaning="Median days, lost deals over won"
        {...pair(current, baseline, "dfi")}
        kind="ratio"
        missing={tooFew(current)}
        format={ratio}
        verdict={dfi.verdict}
        change={ratioChange(dfi)}
        beforeName={beforeName}
      />
      <AmountCard current={current} baseline={baseline} beforeName={beforeName} />
    </section>
  );
}

function pair(current: Metric, baseline: Metric, name: "win_rate" | "rwwr" | "dfi") {
  return { estimate: estimateOf(current, name), before: estimateOf(baseline, name) };
}

function estimateOf(metric: Metric, name: "win_rate" | "rwwr" | "dfi") {
  const value = metric[name];
  const low = metric[`${name}_low`];
  const high = metric[`${name}_high`];
  if (value === null) return undefined;
  // Without an interval the estimate stands alone.
  return { value, low: low ?? value, high: high ?? value };
}

function tooFew({ deals, enough_data }: Metric): string {
  if (!enough_data) return `Too few closed deals to show it: ${deals}`;
  return "Needs both won and lost deals with known lengths";
}
