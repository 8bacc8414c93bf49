import { useMemo } from "react";
import type { TrendPoint } from "../../api/client";
import { Chart } from "../../charts/chart";
import { usePalette } from "../../charts/palette";
import { type Grain, periodName } from "../../format/dates";
import { count, percent } from "../../format/numbers";
import { trendOption } from "./trend-option";

interface TrendChartProps {
  readonly points: readonly TrendPoint[];
  readonly grain: Grain;
}

/** The chart, and the same numbers as a table for whoever prefers or needs one. */
export function TrendChart({ points, grain }: TrendChartProps) {
  const palette = usePalette();
  const option = useMemo(() => trendOption(points, grain, palette), [points, grain, palette]);
  if (points.length === 0) return <p className="muted">No closed deals yet.</p>;
  return (
    <figure>
      <Chart option={option} label={textAlternative(points, grain)} />
      <figcaption className="caption">
        All deals by close date. The band is the 95% interval; a gap is a {grain} with too few
        deals, a hollow point one that is not complete.
      </figcaption>
      <details>
        <summary>Show as a table</summary>
        <TrendTable points={points} grain={grain} />
      </details>
    </figure>
  );
}

function TrendTable({ points, grain }: TrendChartProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section className="scroll" tabIndex={0} aria-label={`Win rate by ${grain}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">{grain === "week" ? "Week of" : "Period"}</th>
            <th scope="col" className="number">
              Win rate
            </th>
            <th scope="col" className="number">
              95% interval
            </th>
            <th scope="col" className="number">
              Deals
            </th>
          </tr>
        </thead>
        <tbody>
          {points.toReversed().map((point) => (
            <tr key={point.period}>
              <th scope="row">{periodName(grain, point.from)}</th>
              <td className="number">{point.win_rate === null ? "–" : percent(point.win_rate)}</td>
              <td className="number">{interval(point)}</td>
              <td className="number">{count(point.deals)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function interval({ win_rate_low: low, win_rate_high: high }: TrendPoint): string {
  return low === null || high === null ? "–" : `${percent(low)} to ${percent(high)}`;
}

/** What the chart shows, in a sentence. */
export function textAlternative(points: readonly TrendPoint[], grain: Grain): string {
  const rated = points.flatMap(({ win_rate, from }) =>
    win_rate === null ? [] : [{ rate: win_rate, name: periodName(grain, from) }],
  );
  const [first, last] = [rated[0], rated.at(-1)];
  if (!first || !last) return `Win rate by ${grain}: no ${grain} has enough closed deals.`;
  const rates = rated.map(({ rate }) => rate);
  return (
    `Win rate by ${grain}, ${first.name} to ${last.name}: from ${percent(first.rate)} to ` +
    `${percent(last.rate)}, lowest ${percent(Math.min(...rates))}, highest ` +
    `${percent(Math.max(...rates))}. The same numbers follow as a table.`
  );
}
