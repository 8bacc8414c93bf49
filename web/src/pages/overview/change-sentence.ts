import type { Changes } from "../../api/client";
import { exactPercent, exactPoints } from "../../format/numbers";

/** The parts of a change of the win rate, as shares. */
export interface Split {
  readonly total: number;
  readonly mix: number;
  readonly rate: number;
}

/** The exact parts of the change, added up over the values; nothing where a window has no deals. */
export function splitOf({ segments }: Changes): Split | undefined {
  let [mix, rate] = [0, 0];
  for (const segment of segments) {
    if (typeof segment.mix !== "number" || typeof segment.rate !== "number") return undefined;
    mix += segment.mix;
    rate += segment.rate;
  }
  return segments.length === 0 ? undefined : { total: mix + rate, mix, rate };
}

/** What happened, whether it is real by the server's verdict, and what it is made of. */
export function changeSentence(changes: Changes, split: Split, by: string): string {
  const { overall } = changes;
  const from = overall.baseline_win_rate === null ? "" : exactPercent(overall.baseline_win_rate);
  const to = overall.win_rate === null ? "" : exactPercent(overall.win_rate);
  const rates = from && to ? `The win rate went from ${from} to ${to}` : "The win rate moved";
  const parts = `${exactPoints(split.mix)} from which deals closed (mix by ${by}) and ${exactPoints(split.rate)} from how often they were won`;
  return `${rates}: ${exactPoints(split.total)} points, ${parts}. ${verdicts[overall.verdict]}`;
}

const verdicts: Record<Changes["overall"]["verdict"], string> = {
  fell: "The fall is more than chance alone gives.",
  rose: "The rise is more than chance alone gives.",
  no_real_change:
    "Chance alone, over all segments and weeks, gives as much, or it is too small to act on.",
  not_enough_data: "There are too few deals to tell it from chance.",
};
