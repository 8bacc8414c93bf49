// Only the parts that are used, so that the page stays small.
import { LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

export type { LineSeriesOption } from "echarts/charts";
export type { EChartsCoreOption, EChartsType } from "echarts/core";

use([LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

export { init };
