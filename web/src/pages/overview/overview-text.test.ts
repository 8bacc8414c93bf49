import { expect, describe as suite, test } from "vitest";
import type { TrendPoint } from "../../api/client";
import { messageLines } from "./message-lines";
import { metric } from "./overview-answers";
import { textAlternative } from "./trend-chart";
import { describe } from "./trend-option";

function point(from: string, changed: Partial<TrendPoint> = {}): TrendPoint {
  return {
    ...metric("all", { period: from, deals: 120, won: 54 }),
    win_rate: 0.45,
    win_rate_low: 0.364,
    win_rate_high: 0.539,
    from,
    to: from,
    complete: true,
    ...changed,
  };
}

const unknown = { win_rate: null, win_rate_low: null, win_rate_high: null, enough_data: false };

suite("a period of the trend", () => {
  test("has its rate, interval and deals", () => {
    expect(describe(point("2026-06-01"), "month")).toEqual([
      "Jun 2026",
      "Win rate 45.0%",
      "95% interval 36% to 54%",
      "120 closed deals, 54 won",
    ]);
  });

  test("says what it lacks", () => {
    const partial = point("2026-06-29", { ...unknown, deals: 1, won: 0, complete: false });
    expect(describe(partial, "week")).toEqual([
      "Week of 29 Jun 2026",
      "Too few deals for a rate",
      "1 closed deal, 0 won",
      "Period not complete",
    ]);
  });
});

suite("the trend in a sentence", () => {
  test("skips the gaps", () => {
    const points = [
      point("2026-04-01", { win_rate: 0.5 }),
      point("2026-05-01", unknown),
      point("2026-06-01", { win_rate: 0.3 }),
      point("2026-07-01", { win_rate: 0.4 }),
    ];
    expect(textAlternative(points, "month")).toBe(
      "Win rate by month, Apr 2026 to Jul 2026: from 50% to 40%, lowest 30%, highest 50%. " +
        "The same numbers follow as a table.",
    );
  });

  test("says when there is none", () => {
    expect(textAlternative([point("2026-05-01", unknown)], "month")).toBe(
      "Win rate by month: no month has enough closed deals.",
    );
  });
});

test("a message is sorted into facts, items and sentences", () => {
  const message =
    "10 deals showing loss-risk patterns:\n- Enterprise deals >90 days: 4\nRatio: 2:1\n";
  expect(messageLines(message)).toEqual({
    sentences: ["10 deals showing loss-risk patterns:"],
    items: ["Enterprise deals >90 days: 4"],
    facts: [{ label: "Ratio", text: "2:1" }],
  });
});
