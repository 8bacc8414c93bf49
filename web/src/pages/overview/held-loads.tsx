import type { Status } from "../../api/client";

interface HeldLoadsProps {
  readonly loads: Status["held_loads"];
}

/** Loads that the quality gate keeps from the numbers: why, and how to decide. */
export function HeldLoads({ loads }: HeldLoadsProps) {
  return loads.map(({ load, files, reasons }) => (
    <aside key={load} className="notice held" aria-label={`Load ${load} is held`}>
      <p className="notice-title">
        Load {load} ({files.join(", ")}) is held: the numbers below are from before it
      </p>
      <ul>
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      <p>
        Release it with <code>winsight quality accept {load}</code>, or throw it away with{" "}
        <code>winsight quality discard {load}</code>.
      </p>
    </aside>
  ));
}
