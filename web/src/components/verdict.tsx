import type { Change, MetricChange, Verdict } from "../api/client";
import { growth, points, pointsInWords } from "../format/numbers";

const words: Record<Verdict, string> = {
  fell: "Fell",
  rose: "Rose",
  no_real_change: "No real change",
  not_enough_data: "Too few deals to tell",
};

/** What the evidence says of a change, as the API's gate decided it: never the raw difference. */
export function VerdictText({ verdict }: { readonly verdict: Verdict }) {
  return <span className={`verdict verdict-${verdict}`}>{words[verdict]}</span>;
}

/** The change in points with its interval: `−3 points (−10 to +4)`. */
export function changeInPoints(change: Change): string | null {
  return inPoints(change.wr_delta, change.wr_delta_low, change.wr_delta_high);
}

/** The change of a share with its interval, as `changeInPoints`. */
export function shareChange({ change, change_low, change_high }: MetricChange): string | null {
  return inPoints(change, change_low, change_high);
}

/** The change of a ratio with its interval: `+5% (−9% to +22%)`. */
export function ratioChange({ change, change_low, change_high }: MetricChange): string | null {
  if (change === null) return null;
  if (change_low === null || change_high === null) return growth(change);
  return `${growth(change)} (${growth(change_low)} to ${growth(change_high)})`;
}

function inPoints(by: number | null, low: number | null, high: number | null): string | null {
  if (by === null) return null;
  if (low === null || high === null) return pointsInWords(by);
  return `${pointsInWords(by)} (${points(low)} to ${points(high)})`;
}
