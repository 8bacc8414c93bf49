import { useQuery } from "@tanstack/react-query";
import type { Insight } from "../../api/client";
import { insightsQuery } from "../../api/queries";
import { Loaded } from "../../components/loaded";

/** What the last weekly and monthly runs found. */
export function Insights() {
  return (
    <div className="insights">
      <Run cadence="weekly" title="This week" />
      <Run cadence="monthly" title="This month" />
    </div>
  );
}

interface RunProps {
  readonly cadence: "weekly" | "monthly";
  readonly title: string;
}

function Run({ cadence, title }: RunProps) {
  const insights = useQuery(insightsQuery(cadence));
  const titleId = `insights-${cadence}`;
  return (
    <section className="card" aria-labelledby={titleId}>
      <div className="section-title">
        <h2 id={titleId}>{title}</h2>
      </div>
      <Loaded query={insights} what={`The ${cadence} insights`} lines={7}>
        {(data) =>
          data.length === 0 ? (
            <p className="muted">
              No {cadence} run yet. Start one with <code>winsight run {cadence}</code>.
            </p>
          ) : (
            <ul className="insight-list">
              {data
                .toSorted((left, right) => right.rank - left.rank)
                .map((insight) => (
                  <InsightItem key={`${insight.kind} ${insight.title}`} insight={insight} />
                ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}

function InsightItem({ insight }: { readonly insight: Insight }) {
  return (
    <li>
      <h3>{insight.title}</h3>
      <p>{insight.text}</p>
      {insight.action && (
        <p className="action">
          <span className="action-label">What to do</span> {insight.action}
        </p>
      )}
      {insight.caution && <p className="caution">{insight.caution}</p>}
    </li>
  );
}
