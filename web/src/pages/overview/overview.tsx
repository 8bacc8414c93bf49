import { useQuery } from "@tanstack/react-query";
import type { Status } from "../../api/client";
import { statusQuery } from "../../api/queries";
import { Loaded } from "../../components/loaded";
import { baselineName, dayRange } from "../../format/dates";
import { Alerts } from "./alerts";
import { Cohorts } from "./cohorts";
import { EmptyWorkspace } from "./empty-workspace";
import { Header } from "./header";
import { Headlines } from "./headlines";
import { HeldLoads } from "./held-loads";
import { Insights } from "./insights";
import { LinkedAlert } from "./linked-alert";
import { PipelineSection } from "./pipeline-section";
import { Segments } from "./segments";
import { TrendSection } from "./trend-section";
import { Why } from "./why";

/** The first page: how sales are going, what to act on, and how sure that is. */
export function Overview() {
  const status = useQuery(statusQuery);
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to content
      </a>
      <Header status={status.data} />
      <main id="content" className="page" tabIndex={-1}>
        <Loaded query={status} what="The overview" lines={9}>
          {(data) => (data.data_version === null ? <EmptyWorkspace /> : <Content status={data} />)}
        </Loaded>
      </main>
    </>
  );
}

function Content({ status }: { readonly status: Status }) {
  const { window, baseline_window: baseline } = status;
  return (
    <>
      <div className="page-title">
        <h1>Overview</h1>
        <p>
          Deals closed {dayRange(window)}, compared with {baselineName(baseline, window)}
        </p>
      </div>
      <LinkedAlert />
      <HeldLoads loads={status.held_loads} />
      <Headlines status={status} />
      <div className="columns">
        <TrendSection />
        <Alerts />
        <Segments window={window} />
      </div>
      <Why />
      <div className="insights">
        <PipelineSection />
        <Cohorts />
      </div>
      <Insights />
    </>
  );
}
