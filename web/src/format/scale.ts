/** A confidence interval and the estimate inside it. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The part of the number line that a range bar draws. */
export interface Scale {
  readonly min: number;
  readonly max: number;
}

/**
 * A scale of whole steps that holds every estimate, at least `steps` steps wide and, when given,
 * within `bounds`.
 */
export function scaleFor(
  estimates: readonly Estimate[],
  step: number,
  steps: number,
  bounds: Scale = { min: 0, max: Number.POSITIVE_INFINITY },
): Scale {
  const lows = estimates.length > 0 ? estimates.map(({ low }) => low) : [bounds.min];
  const highs = estimates.length > 0 ? estimates.map(({ high }) => high) : [bounds.min];
  // Counted in whole steps, so that a scale of tenths does not end at 0.30000000000000004.
  let first = Math.floor(Math.min(...lows) / step);
  let last = Math.ceil(Math.max(...highs) / step);
  const [lowest, highest] = [Math.round(bounds.min / step), Math.round(bounds.max / step)];
  while (last - first < steps && (first > lowest || last < highest)) {
    if (last < highest) last += 1;
    if (last - first < steps && first > lowest) first -= 1;
  }
  const round = (value: number) => Math.round(value * step * 1e6) / 1e6;
  return { min: round(Math.max(first, lowest)), max: round(Math.min(last, highest)) };
}

/** Where a value lies on a scale, in percent of its length, never outside. */
export function position(value: number, scale: Scale): number {
  const share = (value - scale.min) / (scale.max - scale.min);
  return Math.min(1, Math.max(0, share)) * 100;
}
