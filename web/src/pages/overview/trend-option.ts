import type { TrendPoint } from "../../api/client";
import type { EChartsCoreOption, LineSeriesOption } from "../../charts/echarts";
import type { Palette } from "../../charts/palette";
import { type Grain, periodName } from "../../format/dates";
import { counted, exactPercent, percent } from "../../format/numbers";
import { scaleFor } from "../../format/scale";

/** A line with its 95% band; a period with too few deals is a gap in both. */
export function trendOption(
  points: readonly TrendPoint[],
  grain: Grain,
  palette: Palette,
): EChartsCoreOption {
  const scale = scaleFor(points.flatMap(intervalOf), 0.1, 3, { min: 0, max: 1 });
  const axisText = { color: palette.muted, fontSize: 12 };
  return {
    animation: false,
    grid: { left: 44, right: 12, top: 12, bottom: 34 },
    tooltip: {
      trigger: "axis",
      className: "chart-tooltip",
      confine: true,
      backgroundColor: palette.surface,
      borderColor: palette.line,
      borderWidth: 1,
      padding: [10, 12],
      textStyle: { color: palette.soft, fontFamily: "inherit", fontSize: 13 },
      axisPointer: { lineStyle: { color: palette.muted, type: "solid" } },
      formatter: (hovered: { dataIndex: number }[]) =>
        tooltip(points[hovered[0]?.dataIndex ?? -1], grain),
    },
    xAxis: {
      type: "category",
      boundaryGap: false,
      data: points.map(({ from }) => periodName(grain, from)),
      axisLine: { lineStyle: { color: palette.line } },
      axisTick: { show: false },
      axisLabel: {
        ...axisText,
        hideOverlap: true,
        margin: 14,
        interval: (index: number) => isLabelled(points, index, grain),
      },
    },
    yAxis: {
      type: "value",
      min: scale.min,
      max: scale.max,
      interval: 0.1,
      axisLabel: { ...axisText, formatter: percent },
      splitLine: { lineStyle: { color: palette.line } },
    },
    series: [...band(points, palette), line(points, palette)],
  };
}

// Labels stand at the start of a year, half-year or quarter, so that the eye finds the same season.
function isLabelled(points: readonly TrendPoint[], index: number, grain: Grain): boolean {
  const monthOf = (point: TrendPoint | undefined) => Number(point?.from.slice(5, 7) ?? 0);
  const month = monthOf(points[index]);
  const months = points.length * { week: 12 / 52, month: 1, quarter: 3 }[grain];
  const step = months <= 12 ? 1 : months <= 36 ? 3 : months <= 72 ? 6 : 12;
  const startsMonth = grain !== "week" || month !== monthOf(points[index - 1]);
  return startsMonth && (month - 1) % step === 0;
}

// The band is a filled line stacked on an invisible one at the lower end.
function band(points: readonly TrendPoint[], palette: Palette): LineSeriesOption[] {
  const edge = (data: (number | null)[]): LineSeriesOption => ({
    type: "line",
    stack: "interval",
    data,
    symbol: "none",
    silent: true,
    emphasis: { disabled: true },
    lineStyle: { opacity: 0 },
  });
  const widths = points.map(({ win_rate_low: low, win_rate_high: high }) =>
    low === null || high === null ? null : high - low,
  );
  return [
    edge(points.map(({ win_rate_low }) => win_rate_low)),
    { ...edge(widths), areaStyle: { color: palette.band, opacity: 1 } },
  ];
}

function line(points: readonly TrendPoint[], palette: Palette): LineSeriesOption {
  const shown = (index: number) => points[index]?.win_rate != null;
  const few = points.length <= 60;
  return {
    type: "line",
    // A point between two gaps has no line to be seen by, so it is always marked.
    data: points.map(({ win_rate, complete }, index) => ({
      value: win_rate,
      symbolSize: few || !(shown(index - 1) || shown(index + 1)) ? 6 : 0,
      itemStyle: complete
        ? { color: palette.accent }
        : { color: palette.surface, borderColor: palette.accent, borderWidth: 2 },
    })),
    symbol: "circle",
    showAllSymbol: true,
    lineStyle: { color: palette.accent, width: 2 },
    emphasis: { disabled: true },
    z: 3,
  };
}

function intervalOf(point: TrendPoint) {
  const { win_rate: value, win_rate_low: low, win_rate_high: high } = point;
  return value === null || low === null || high === null ? [] : [{ value, low, high }];
}

// Built from elements: the content security policy forbids inline styles in markup.
function tooltip(point: TrendPoint | undefined, grain: Grain): HTMLElement {
  const box = document.createElement("div");
  for (const text of point ? describe(point, grain) : []) {
    const row = document.createElement("p");
    row.textContent = text;
    box.append(row);
  }
  return box;
}

/** The facts of one period, a line each. */
export function describe(point: TrendPoint, grain: Grain): string[] {
  const { win_rate: rate, win_rate_low: low, win_rate_high: high } = point;
  const name = periodName(grain, point.from);
  const heading = grain === "week" ? `Week of ${name}` : name;
  const lines = [heading];
  if (rate === null) lines.push("Too few deals for a rate");
  else lines.push(`Win rate ${exactPercent(rate)}`);
  if (low !== null && high !== null) lines.push(`95% interval ${percent(low)} to ${percent(high)}`);
  lines.push(`${counted(point.deals, "closed deal")}, ${point.won} won`);
  if (!point.complete) lines.push("Period not complete");
  return lines;
}
