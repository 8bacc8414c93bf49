import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Change, Metric } from "../../api/client";
import { changesQuery, metricsQuery } from "../../api/queries";
import { Loaded } from "../../components/loaded";
import type { Days } from "../../format/dates";
import { DEFAULT_DIMENSION, DimensionSelect, dimensions } from "./dimension-select";
import { SegmentTable } from "./segment-table";

interface SegmentsProps {
  readonly window: Days;
}

/** Win rates inside one dimension, each with its interval and what changed. */
export function Segments({ window }: SegmentsProps) {
  const [dimension, setDimension] = useState(DEFAULT_DIMENSION);
  const overall = useQuery(metricsQuery(window));
  const metrics = useQuery(metricsQuery(window, dimension));
  const changes = useQuery(changesQuery(dimension));
  const title = dimensions.find(({ name }) => name === dimension)?.title ?? dimension;
  return (
    <section className="card segments" aria-labelledby="segments-title">
      <div className="section-title">
        <h2 id="segments-title">Segments</h2>
        <DimensionSelect
          id="segments-by"
          label="Segments by"
          value={dimension}
          onChange={setDimension}
        />
      </div>
      <Loaded query={metrics} what="The segments" lines={6}>
        {(rows) => (
          <Loaded query={changes} what="The changes" lines={6}>
            {(table) => (
              <SegmentTable
                key={dimension}
                title={title}
                rows={joined(rows, table.segments)}
                average={overall.data?.[0]?.win_rate ?? undefined}
              />
            )}
          </Loaded>
        )}
      </Loaded>
    </section>
  );
}

function joined(metrics: readonly Metric[], changes: readonly Change[]) {
  const byValue = new Map(changes.map((change) => [change.value, change]));
  return metrics.map((metric) => ({ metric, change: byValue.get(metric.value) }));
}
