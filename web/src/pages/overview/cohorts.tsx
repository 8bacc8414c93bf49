import { useQuery } from "@tanstack/react-query";
import type { Cohort } from "../../api/client";
import { cohortsQuery } from "../../api/queries";
import { Loaded } from "../../components/loaded";
import { RangeBar } from "../../components/range-bar";
import { counted, percent } from "../../format/numbers";
import { type Estimate, type Scale, scaleFor } from "../../format/scale";
import { sentence } from "../../format/text";

const SHOWN = 8;

/** The win rate of deals by when they were created, corrected for those still open. */
export function Cohorts() {
  const cohorts = useQuery(cohortsQuery);
  return (
    <section className="card" aria-labelledby="cohorts-title">
      <div className="section-title">
        <h2 id="cohorts-title">Cohorts</h2>
      </div>
      <Loaded query={cohorts} what="The cohorts" lines={8}>
        {(data) =>
          data.length === 0 ? (
            <p className="muted">No deals were created yet.</p>
          ) : (
            <Table of={data} />
          )
        }
      </Loaded>
    </section>
  );
}

function Table({ of: cohorts }: { readonly of: readonly Cohort[] }) {
  const shown = cohorts.slice(-SHOWN).toReversed();
  const scale = scaleFor(
    shown.flatMap((cohort) => estimateOf(cohort) ?? []),
    0.1,
    3,
    {
      min: 0,
      max: 1,
    },
  );
  return (
    <>
      <p className="caption">
        Won within {cohorts[0]?.horizon_days} days of creation, corrected for deals that are still
        open.
      </p>
      <table className="segment-table cohort-table">
        <thead>
          <tr>
            <th scope="col">Created</th>
            <th scope="col">Win rate, 95% interval</th>
            <th scope="col" className="number">
              Resolved
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((cohort) => (
            <Row key={cohort.cohort} cohort={cohort} scale={scale} />
          ))}
        </tbody>
      </table>
      <p className="caption">
        Bars run from {percent(scale.min)} to {percent(scale.max)}. Resolved: the share of the deals
        that have closed; the rest can still move.
      </p>
    </>
  );
}

function Row({ cohort, scale }: { readonly cohort: Cohort; readonly scale: Scale }) {
  const estimate = estimateOf(cohort);
  const interval = estimate && `${percent(estimate.low)} to ${percent(estimate.high)}`;
  return (
    <tr>
      <th scope="row" className="cohort-name">
        {cohort.cohort}
        <span className="interval">{counted(cohort.deals, "deal")}</span>
      </th>
      <td>
        {estimate ? (
          <div className="rate">
            <p>
              {percent(estimate.value)}
              <span className="interval">{interval}</span>
            </p>
            <RangeBar
              estimate={estimate}
              scale={scale}
              label={`Win rate of ${cohort.cohort}: ${percent(estimate.value)}, 95% interval ${interval}`}
            />
          </div>
        ) : (
          <span className="muted">{sentence(cohort.reason ?? "not known")}</span>
        )}
      </td>
      <td className="number">
        {typeof cohort.resolved === "number" ? percent(cohort.resolved) : "–"}
      </td>
    </tr>
  );
}

function estimateOf(cohort: Cohort): Estimate | undefined {
  const value = cohort.cohort_win_rate ?? undefined;
  if (value === undefined) return undefined;
  return {
    value,
    low: cohort.cohort_win_rate_low ?? value,
    high: cohort.cohort_win_rate_high ?? value,
  };
}
