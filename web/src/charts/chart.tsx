import { useEffect, useRef } from "react";
import { type EChartsCoreOption, type EChartsType, init } from "./echarts";

interface ChartProps {
  readonly option: EChartsCoreOption;
  /** What the chart shows, for readers who do not see it. */
  readonly label: string;
}

/** A chart that follows the size of its box. */
export function Chart({ option, label }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(null);

  useEffect(() => {
    if (!box.current) return;
    const created = init(box.current);
    chart.current = created;
    const observer = new ResizeObserver(() => created.resize());
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      created.dispose();
    };
  }, []);

  useEffect(() => {
    chart.current?.setOption(option, { notMerge: true });
  }, [option]);

  return <div className="chart" ref={box} role="img" aria-label={label} />;
}
