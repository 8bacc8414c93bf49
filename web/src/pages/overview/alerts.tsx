import { useQuery } from "@tanstack/react-query";
import type { Alert, Insight } from "../../api/client";
import { alertsQuery, insightsQuery } from "../../api/queries";
import { Loaded } from "../../components/loaded";
import { shortDate } from "../../format/dates";
import { AlertCard } from "./alert-card";
import { alertLink } from "./linked-alert";

/** The open alerts, the most severe first. */
export function Alerts() {
  const alerts = useQuery(alertsQuery);
  return (
    <section className="alerts" aria-labelledby="alerts-title">
      <div className="section-title">
        <h2 id="alerts-title">Open alerts</h2>
        {alerts.data && alerts.data.length > 0 && (
          <p className="alert-count">{alerts.data.length}</p>
        )}
      </div>
      <Loaded query={alerts} what="The alerts" lines={8}>
        {(data) => (data.length === 0 ? <NothingToDo /> : <AlertList alerts={data} />)}
      </Loaded>
    </section>
  );
}

const severities = ["critical", "warning", "info"];

function AlertList({ alerts }: { readonly alerts: readonly Alert[] }) {
  const order = (alert: Alert) => severities.indexOf(alert.severity);
  return (
    <ul className="alert-list">
      {alerts
        .toSorted((left, right) => order(left) - order(right))
        .map((alert) => (
          <li key={alert.id}>
            <AlertCard alert={alert} opened={shortDate(alert.opened_at.slice(0, 10))}>
              <p>
                <a href={alertLink(alert.id)}>Follow up</a>
              </p>
            </AlertCard>
          </li>
        ))}
    </ul>
  );
}

/** An answer too: what was looked at, and how large a drop would have been seen. */
function NothingToDo() {
  const weekly = useQuery(insightsQuery("weekly"));
  const nothingChanged = weekly.data?.find(
    (insight: Insight) => insight.kind === "nothing_changed",
  );
  return (
    <div className="card nothing">
      <p className="notice-title">Nothing to act on</p>
      <p>{nothingChanged?.text ?? "No rule found a change that passes its false-alarm budget."}</p>
    </div>
  );
}
