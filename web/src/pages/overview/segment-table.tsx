import { useState } from "react";
import type { Change, Metric } from "../../api/client";
import { RangeBar } from "../../components/range-bar";
import { changeInPoints, VerdictText } from "../../components/verdict";
import { count, counted, percent, shortMoney } from "../../format/numbers";
import { type Estimate, type Scale, scaleFor } from "../../format/scale";

export interface SegmentRow {
  readonly metric: Metric;
  readonly change: Change | undefined;
}

interface SegmentTableProps {
  /** The dimension, as the heading of the first column. */
  readonly title: string;
  readonly rows: readonly SegmentRow[];
  /** The win rate of all deals, marked on every bar. */
  readonly average: number | undefined;
}

const SHOWN_AT_FIRST = 8;

/** One row per segment, the largest first, all bars on one scale. */
export function SegmentTable({ title, rows, average }: SegmentTableProps) {
  const [all, setAll] = useState(false);
  if (rows.length === 0) return <p className="muted">No deals closed in this window.</p>;
  const estimates = rows.flatMap(({ metric }) => estimateOf(metric) ?? []);
  const bySize = rows.toSorted((left, right) => right.metric.deals - left.metric.deals);
  const shown = all ? bySize : bySize.slice(0, SHOWN_AT_FIRST);
  const scale = scaleFor(estimates, 0.1, 3, { min: 0, max: 1 });
  return (
    <>
      <table className="segment-table">
        <thead>
          <tr>
            <th scope="col">{title}</th>
            <th scope="col" className="number wide">
              Deals
            </th>
            <th scope="col">Win rate, 95% interval</th>
            <th scope="col">Change</th>
            <th scope="col" className="number wide">
              Won
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <Row key={row.metric.value} row={row} scale={scale} average={average} />
          ))}
        </tbody>
      </table>
      {shown.length < rows.length && (
        <button type="button" className="button more" onClick={() => setAll(true)}>
          Show all {rows.length}
        </button>
      )}
      <p className="caption">
        Bars run from {percent(scale.min)} to {percent(scale.max)}
        {average === undefined ? "." : `; the line marks all deals, ${percent(average)}.`}
      </p>
    </>
  );
}

interface RowProps {
  readonly row: SegmentRow;
  readonly scale: Scale;
  readonly average: number | undefined;
}

function Row({ row: { metric, change }, scale, average }: RowProps) {
  const estimate = estimateOf(metric);
  return (
    <tr>
      <th scope="row">
        {metric.value}
        <span className="narrow muted">{counted(metric.deals, "deal")}</span>
      </th>
      <td className="number wide">{count(metric.deals)}</td>
      <td>
        {estimate ? (
          <WinRate value={metric.value} estimate={estimate} scale={scale} average={average} />
        ) : (
          <span className="muted">Too few deals for a rate</span>
        )}
      </td>
      <td className="change">{change && <ChangeCell change={change} />}</td>
      <td className="number wide">{shortMoney(metric.won_amount, metric.currency)}</td>
    </tr>
  );
}

interface WinRateProps {
  readonly value: string;
  readonly estimate: Estimate;
  readonly scale: Scale;
  readonly average: number | undefined;
}

function WinRate({ value, estimate, scale, average }: WinRateProps) {
  const rate = percent(estimate.value);
  const interval = `${percent(estimate.low)} to ${percent(estimate.high)}`;
  return (
    <div className="rate">
      <p>
        {rate}
        <span className="interval">{interval}</span>
      </p>
      <RangeBar
        estimate={estimate}
        scale={scale}
        mark={average}
        label={`Win rate of ${value}: ${rate}, 95% interval ${interval}`}
      />
    </div>
  );
}

function ChangeCell({ change }: { readonly change: Change }) {
  return (
    <>
      <VerdictText verdict={change.verdict} />
      {change.enough_data && <span className="interval">{changeInPoints(change)}</span>}
    </>
  );
}

function estimateOf({ win_rate, win_rate_low, win_rate_high }: Metric): Estimate | undefined {
  if (win_rate === null || win_rate_low === null || win_rate_high === null) return undefined;
  return { value: win_rate, low: win_rate_low, high: win_rate_high };
}
