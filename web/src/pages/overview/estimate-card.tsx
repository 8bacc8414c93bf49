import { useId } from "react";
import type { Verdict } from "../../api/client";
import { RangeBar } from "../../components/range-bar";
import { VerdictText } from "../../components/verdict";
import { type Estimate, scaleFor } from "../../format/scale";

interface EstimateCardProps {
  readonly title: string;
  readonly meaning: string;
  readonly estimate: Estimate | undefined;
  readonly before: Estimate | undefined;
  readonly kind: "share" | "ratio";
  /** Why there is no estimate, when there is none. */
  readonly missing: string;
  readonly format: (value: number) => string;
  /** What the evidence says of the change. */
  readonly verdict: Verdict;
  /** The change with its interval, where there is one. */
  readonly change: string | null;
  readonly beforeName: string;
}

/** A metric with its 95% interval as a bar and as text, beside the window before. */
export function EstimateCard(props: EstimateCardProps) {
  const titleId = useId();
  const { title, meaning, estimate, missing, format } = props;
  return (
    <article className="card headline" aria-labelledby={titleId}>
      <h2 id={titleId}>{title}</h2>
      <p className="meaning">{meaning}</p>
      {estimate ? (
        <>
          <p className="headline-value">{format(estimate.value)}</p>
          <p className="headline-interval">95% interval {range(estimate, format)}</p>
          <Bar {...props} estimate={estimate} />
          <Comparison {...props} />
        </>
      ) : (
        <>
          <p className="headline-value headline-missing">–</p>
          <p className="headline-interval">{missing}</p>
        </>
      )}
    </article>
  );
}

function Bar({
  title,
  estimate,
  before,
  kind,
  format,
}: EstimateCardProps & { estimate: Estimate }) {
  const shown = before ? [estimate, before] : [estimate];
  const scale =
    kind === "share" ? scaleFor(shown, 0.1, 3, { min: 0, max: 1 }) : scaleFor(shown, 0.25, 4);
  return (
    <div className="headline-bar">
      <RangeBar
        estimate={estimate}
        before={before}
        scale={scale}
        label={`${title}: ${format(estimate.value)}, 95% interval ${range(estimate, format)}`}
      />
      <p className="scale" aria-hidden="true">
        <span>{end(scale.min, kind)}</span>
        <span>{end(scale.max, kind)}</span>
      </p>
    </div>
  );
}

function Comparison({ verdict, change, before, format, beforeName }: EstimateCardProps) {
  return (
    <div className="comparison">
      <p>
        <VerdictText verdict={verdict} />
        {change && `: ${change}`}
      </p>
      <p className="before">
        {before
          ? `${format(before.value)} (${range(before, format)}) in ${beforeName}`
          : `Too few deals in ${beforeName}`}
      </p>
    </div>
  );
}

function range(estimate: Estimate, format: (value: number) => string): string {
  return `${format(estimate.low)} to ${format(estimate.high)}`;
}

function end(value: number, kind: "share" | "ratio"): string {
  return kind === "share" ? `${Math.round(value * 100)}%` : `${value}`;
}
