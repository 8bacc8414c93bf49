import { useId } from "react";
import type { Metric } from "../../api/client";
import { counted, shortMoney } from "../../format/numbers";

interface AmountCardProps {
  readonly current: Metric;
  readonly baseline: Metric;
  readonly beforeName: string;
}

/** The amount won. A total and not an estimate, so it has no interval and no verdict. */
export function AmountCard({ current, baseline, beforeName }: AmountCardProps) {
  const titleId = useId();
  const largest = Math.max(Number(current.won_amount), Number(baseline.won_amount), 1);
  const width = (metric: Metric) => `${(Number(metric.won_amount) / largest) * 100}%`;
  const won = shortMoney(current.won_amount, current.currency);
  return (
    <article className="card headline" aria-labelledby={titleId}>
      <h2 id={titleId}>Won amount</h2>
      <p className="meaning">An exact total, not an estimate</p>
      <p className="headline-value">{won}</p>
      <p className="headline-interval">
        of {shortMoney(current.closed_amount, current.currency)} closed
      </p>
      <div className="headline-bar">
        <div className="total-bar" role="img" aria-label={`Won amount: ${won}`}>
          <span className="total-now" style={{ width: width(current) }} />
          <span className="total-before" style={{ width: width(baseline) }} />
        </div>
        <p className="scale" aria-hidden="true">
          <span>0</span>
          <span>{shortMoney(String(largest), current.currency)}</span>
        </p>
      </div>
      <div className="comparison">
        <p>From {counted(current.won, "deal")} won</p>
        <p className="before">
          {shortMoney(baseline.won_amount, baseline.currency)} from {counted(baseline.won, "deal")}{" "}
          in {beforeName}
        </p>
      </div>
    </article>
  );
}
