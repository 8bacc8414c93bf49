/** The dimension shown first; the headline takes its overall change from the same answer. */
export const DEFAULT_DIMENSION = "acv_bucket";

// Every built-in dimension but the cycle bucket: how long a deal took is known only once it is closed.
export const dimensions: readonly { readonly name: string; readonly title: string }[] = [
  { name: DEFAULT_DIMENSION, title: "Deal size" },
  { name: "region", title: "Region" },
  { name: "industry", title: "Industry" },
  { name: "product", title: "Product" },
  { name: "lead_source", title: "Lead source" },
  { name: "rep", title: "Rep" },
  { name: "team", title: "Team" },
  { name: "deal_type", title: "Deal type" },
];

/** Which dimension a card is broken down by. */
export function DimensionSelect({
  id,
  label,
  value,
  onChange,
}: {
  readonly id: string;
  /** What a screen reader calls it. */
  readonly label: string;
  readonly value: string;
  readonly onChange: (dimension: string) => void;
}) {
  return (
    <>
      <label className="select" htmlFor={id}>
        by
      </label>
      <select
        id={id}
        aria-label={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        {dimensions.map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
    </>
  );
}
