import { describe, expect, test } from "vitest";
import { baselineName, dayCount, dayRange, lastDay, longDate, periodName } from "./dates";
import {
  count,
  counted,
  exactPercent,
  percent,
  points,
  pointsInWords,
  ratio,
  shortMoney,
} from "./numbers";
import { position, scaleFor } from "./scale";
import { sentence } from "./text";

describe("numbers", () => {
  test.each([
    [percent(0.4526), "45%"],
    [percent(0), "0%"],
    [percent(1), "100%"],
    [exactPercent(0.4526), "45.3%"],
    [exactPercent(1), "100.0%"],
    [points(-0.031), "−3"],
    [points(0.049), "+5"],
    [points(-0.004), "0"],
    [pointsInWords(-0.01), "−1 point"],
    [pointsInWords(0.16), "+16 points"],
    [pointsInWords(0), "0 points"],
    [ratio(1.015873), "1.02"],
    [count(8800), "8,800"],
    [counted(1, "deal"), "1 deal"],
    [counted(1240, "deal"), "1,240 deals"],
  ])("%s is %s", (written, expected) => expect(written).toBe(expected));

  test.each([
    ["0.00", "USD", "$0"],
    ["12.50", "EUR", "€13"],
    ["999.49", "USD", "$999"],
    ["999.60", "USD", "$1.00k"],
    ["450000.00", "GBP", "£450k"],
    ["999949.00", "USD", "$1.00M"],
    ["2310450.00", "USD", "$2.31M"],
    ["131432464.00", "USD", "$131M"],
    ["4500000000.00", "INR", "₹4.50B"],
    ["2310450.00", "CHF", "CHF 2.31M"],
    ["-1500.00", "USD", "−$1.50k"],
  ])("%s %s is %s", (amount, currency, expected) => {
    expect(shortMoney(amount, currency)).toBe(expected);
  });
});

describe("dates", () => {
  const quarter = { from: "2026-04-01", to: "2026-07-01" };

  test("a window is named by its first and last day", () => {
    expect(dayRange(quarter)).toBe("1 April to 30 June 2026");
    expect(dayRange({ from: "2025-12-31", to: "2026-04-01" })).toBe(
      "31 December 2025 to 31 March 2026",
    );
    expect(lastDay({ from: "2024-02-01", to: "2024-03-01" })).toBe("2024-02-29");
    expect(dayCount(quarter)).toBe(91);
    // Across the change to summer time a day is still a day.
    expect(dayCount({ from: "2026-03-28", to: "2026-03-31" })).toBe(3);
  });

  test("a baseline is called by its length only when it lies right before", () => {
    expect(baselineName({ from: "2025-12-31", to: "2026-04-01" }, quarter)).toBe(
      "the 91 days before",
    );
    expect(baselineName({ from: "2025-04-01", to: "2025-07-01" }, quarter)).toBe(
      "1 April to 30 June 2025",
    );
  });

  test("days and periods have names", () => {
    expect(longDate("2026-06-30")).toBe("30 June 2026");
    expect(periodName("week", "2024-02-12")).toBe("12 Feb 2024");
    expect(periodName("month", "2024-02-01")).toBe("Feb 2024");
    expect(periodName("quarter", "2024-10-01")).toBe("Q4 2024");
  });
});

describe("scale", () => {
  const shares = { min: 0, max: 1 };
  const estimate = (low: number, high: number) => ({ value: (low + high) / 2, low, high });

  test.each([
    { shown: [estimate(0.41, 0.49)], steps: 3, expected: { min: 0.3, max: 0.6 } },
    { shown: [estimate(0.02, 0.06)], steps: 3, expected: { min: 0, max: 0.3 } },
    { shown: [estimate(0.93, 1)], steps: 3, expected: { min: 0.7, max: 1 } },
    {
      shown: [estimate(0.1, 0.2), estimate(0.55, 0.72)],
      steps: 3,
      expected: { min: 0.1, max: 0.8 },
    },
    { shown: [estimate(0, 1)], steps: 12, expected: { min: 0, max: 1 } },
    { shown: [], steps: 3, expected: { min: 0, max: 0.3 } },
  ])("holds what is shown: $expected", ({ shown, steps, expected }) => {
    expect(scaleFor(shown, 0.1, steps, shares)).toEqual(expected);
  });

  test("a ratio has no upper bound", () => {
    expect(scaleFor([estimate(0.9, 1.1)], 0.25, 4)).toEqual({ min: 0.5, max: 1.5 });
  });

  test("a position never leaves the scale", () => {
    const scale = { min: 0.2, max: 0.6 };
    expect(position(0.4, scale)).toBeCloseTo(50);
    expect(position(0.1, scale)).toBe(0);
    expect(position(0.9, scale)).toBe(100);
  });
});

describe("text", () => {
  test.each([
    ["no deals yet; import a file", "No deals yet; import a file."],
    ["The server did not answer.", "The server did not answer."],
    ["is that right?", "Is that right?"],
    ["", ""],
  ])("%s becomes %s", (text, expected) => expect(sentence(text)).toBe(expected));
});
