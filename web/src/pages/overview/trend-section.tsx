import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { trendQuery } from "../../api/queries";
import { Loaded } from "../../components/loaded";
import type { Grain } from "../../format/dates";
import { TrendChart } from "./trend-chart";

const grains: readonly { readonly grain: Grain; readonly title: string }[] = [
  { grain: "week", title: "Weekly" },
  { grain: "month", title: "Monthly" },
  { grain: "quarter", title: "Quarterly" },
];

/** The win rate over time, at a grain the reader chooses. */
export function TrendSection() {
  const [grain, setGrain] = useState<Grain>("month");
  const trend = useQuery(trendQuery(grain));
  return (
    <section className="card trend" aria-labelledby="trend-title">
      <div className="section-title">
        <h2 id="trend-title">Win rate over time</h2>
        <fieldset className="switch">
          <legend className="visually-hidden">Period length</legend>
          {grains.map(({ grain: option, title }) => (
            <label key={option}>
              <input
                type="radio"
                name="grain"
                value={option}
                checked={option === grain}
                onChange={() => setGrain(option)}
              />
              <span>{title}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <Loaded query={trend} what="The trend" lines={10}>
        {(data) => <TrendChart points={data.points} grain={grain} />}
      </Loaded>
    </section>
  );
}
