const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAY_MS = 86_400_000;

/** Days of `[from, to)`, as the API writes a window. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

export type Grain = "week" | "month" | "quarter";

// Dates are days, not instants: they are read as UTC so that no reader's time zone moves them.
function parse(day: string): Date {
  return new Date(`${day}T00:00:00Z`);
}

function month(date: Date): string {
  return MONTHS[date.getUTCMonth()] ?? "";
}

/** `2026-06-30` is `30 June 2026`. */
export function longDate(day: string): string {
  const date = parse(day);
  return `${date.getUTCDate()} ${month(date)} ${date.getUTCFullYear()}`;
}

/** `2026-06-30` is `30 Jun 2026`. */
export function shortDate(day: string): string {
  const date = parse(day);
  return `${date.getUTCDate()} ${month(date).slice(0, 3)} ${date.getUTCFullYear()}`;
}

/** Number of days in a window. */
export function dayCount(days: Days): number {
  return Math.round((parse(days.to).getTime() - parse(days.from).getTime()) / DAY_MS);
}

/** The last day inside a window, as ISO text. */
export function lastDay(days: Days): string {
  return new Date(parse(days.to).getTime() - DAY_MS).toISOString().slice(0, 10);
}

/** `1 April to 30 June 2026`; the year is said once when both days share it. */
export function dayRange(days: Days): string {
  const last = lastDay(days);
  const from = parse(days.from);
  const sameYear = days.from.slice(0, 4) === last.slice(0, 4);
  const start = sameYear ? `${from.getUTCDate()} ${month(from)}` : longDate(days.from);
  return `${start} to ${longDate(last)}`;
}

/** What to call a baseline window: `the 91 days before`, or its days when it lies elsewhere. */
export function baselineName(baseline: Days, window: Days): string {
  return baseline.to === window.from ? `the ${dayCount(baseline)} days before` : dayRange(baseline);
}

/** The name of a period: `12 Feb 2024` (the Monday of a week), `Feb 2024`, `Q1 2024`. */
export function periodName(grain: Grain, from: string): string {
  const date = parse(from);
  const year = date.getUTCFullYear();
  switch (grain) {
    case "week":
      return shortDate(from);
    case "month":
      return `${month(date).slice(0, 3)} ${year}`;
    case "quarter":
      return `Q${Math.floor(date.getUTCMonth() / 3) + 1} ${year}`;
  }
}
