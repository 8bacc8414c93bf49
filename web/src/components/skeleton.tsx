interface SkeletonProps {
  /** What is loading, for screen readers. */
  readonly label: string;
  readonly lines: number;
}

/** Grey lines in the place of what is loading. */
export function Skeleton({ label, lines }: SkeletonProps) {
  const widths = Array.from({ length: lines }, (_, line) => ["92%", "64%", "80%"][line % 3]);
  return (
    <div className="skeleton" role="status" aria-label={`Loading ${label}`}>
      {widths.map((width, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike and never move
        <span key={line} style={{ width }} />
      ))}
    </div>
  );
}
