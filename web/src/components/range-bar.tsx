import { type Estimate, position, type Scale } from "../format/scale";

interface RangeBarProps {
  readonly estimate: Estimate;
  /** The same number in the window before, drawn fainter below. */
  readonly before?: Estimate | undefined;
  readonly scale: Scale;
  /** A value to mark on the scale, such as an average. */
  readonly mark?: number | undefined;
  /** Says what the bar shows; the numbers stand beside it as text too. */
  readonly label: string;
}

/** An estimate inside its 95% interval. */
export function RangeBar({ estimate, before, scale, mark, label }: RangeBarProps) {
  return (
    <div className="range-bar" role="img" aria-label={label}>
      <Range estimate={estimate} scale={scale} className="range range-now" />
      {before && <Range estimate={before} scale={scale} className="range range-before" />}
      {mark !== undefined && (
        <span className="range-mark" style={{ left: `${position(mark, scale)}%` }} />
      )}
    </div>
  );
}

interface RangeProps {
  readonly estimate: Estimate;
  readonly scale: Scale;
  readonly className: string;
}

function Range({ estimate, scale, className }: RangeProps) {
  const left = position(estimate.low, scale);
  const width = position(estimate.high, scale) - left;
  return (
    <span className={className}>
      <span className="range-interval" style={{ left: `${left}%`, width: `${width}%` }} />
      <span className="range-value" style={{ left: `${position(estimate.value, scale)}%` }} />
    </span>
  );
}
