const MINUS = "−";

const symbols: Record<string, string> = { EUR: "€", GBP: "£", INR: "₹", USD: "$" };

/** A share as a whole percentage: `0.452` is `45%`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** A share with one decimal, for places where one metric stands alone: `0.4526` is `45.3%`. */
export function exactPercent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

/** A signed difference of shares in whole points, without the unit: `-0.031` is `−3`. */
export function points(difference: number): string {
  return signed(Math.round(difference * 100));
}

/** A signed difference of shares in points with one decimal: `-0.0314` is `−3.1`. */
export function exactPoints(difference: number): string {
  const tenths = Math.round(difference * 1000);
  if (tenths === 0) return "0.0";
  const text = (Math.abs(tenths) / 10).toFixed(1);
  return tenths > 0 ? `+${text}` : `${MINUS}${text}`;
}

/** `points` with its unit: `−1 point`, `+4 points`. */
export function pointsInWords(difference: number): string {
  const rounded = Math.round(difference * 100);
  return `${signed(rounded)} ${Math.abs(rounded) === 1 ? "point" : "points"}`;
}

/** A factor as signed growth: `1.2` is `+20%`, `0.95` is `−5%`. */
export function growth(factor: number): string {
  return `${signed(Math.round((factor - 1) * 100))}%`;
}

function signed(value: number): string {
  if (value === 0) return "0";
  return value > 0 ? `+${value}` : `${MINUS}${-value}`;
}

/** A ratio with two decimals: `1.0159` is `1.02`. */
export function ratio(value: number): string {
  return value.toFixed(2);
}

/** A count with thousands separated: `8,800`. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A count and its noun: `1 deal`, `8,800 deals`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A decimal amount as people say it: `"2310450.00"` in USD is `$2.31M`. */
export function shortMoney(amount: string, currency: string): string {
  const value = Number(amount);
  const sign = value < 0 ? MINUS : "";
  const symbol = symbols[currency] ?? `${currency} `;
  return `${sign}${symbol}${shortened(Math.abs(value))}`;
}

function shortened(value: number): string {
  const units: [number, string][] = [
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  // A value that would round up to the next unit belongs to it: 999,950 is 1.00M, not 1000k.
  const unit = units.find(([size]) => value >= size * 0.9995);
  if (!unit) return value.toFixed(0);
  const [size, suffix] = unit;
  return `${(value / size).toPrecision(3)}${suffix}`;
}
