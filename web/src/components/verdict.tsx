import type { Change, Verdict } from "../api/client";
import { points, pointsInWords } from "../format/numbers";

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
  const { wr_delta, wr_delta_low, wr_delta_high } = change;
  if (wr_delta === null) return null;
  if (wr_delta_low === null || wr_delta_high === null) return pointsInWords(wr_delta);
  return `${pointsInWords(wr_delta)} (${points(wr_delta_low)} to ${points(wr_delta_high)})`;
}
