import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createQueryClient } from "../../api/queries";
import { Cohorts } from "./cohorts";
import { type Answers, answers, change, cohort, pipeline } from "./overview-answers";
import { PipelineSection } from "./pipeline-section";
import { Why } from "./why";

let given: Answers;

beforeEach(() => {
  given = answers();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const { pathname, searchParams } = new URL(input instanceof Request ? input.url : input);
    return Response.json(given[pathname]?.(searchParams) ?? null);
  });
});

afterEach(cleanup);

function open() {
  render(
    <QueryClientProvider client={createQueryClient()}>
      <Why />
      <PipelineSection />
      <Cohorts />
    </QueryClientProvider>,
  );
}

test("the change is told with its parts, which add up, and the server's verdict", async () => {
  const segments = [
    change("SMB", { mix: 0.011, rate: 0.001 }),
    change("Enterprise", { mix: -0.001, rate: -0.211 }),
  ];
  given["/api/v1/changes"] = (query) => ({ ...answers()["/api/v1/changes"]?.(query), segments });
  open();
  expect(
    await screen.findByText(
      "The win rate went from 58.0% to 38.0%: −20.0 points, +1.0 from which deals closed (mix by deal size) and −21.0 from how often they were won. The fall is more than chance alone gives.",
    ),
  ).toBeDefined();
  expect(screen.getByText("All deals: −20 points (−29 to −11), 95% interval.")).toBeDefined();
  const [first] = screen.getAllByRole("rowheader", { name: /^(SMB|Enterprise)/ });
  expect(first?.textContent).toBe("Enterprise");
  expect(screen.getByRole("img", { name: "rate of Enterprise: −21.1 points" })).toBeDefined();
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Change by" }), "Region");
  expect(await screen.findByText(/mix by region/)).toBeDefined();
});

test("without deals in both windows there is nothing to explain, and the remarks say why", async () => {
  const segments = [change("SMB", { mix: null, rate: null })];
  const remarks = ["no deal closed in 2025-12-31 to 2026-03-31"];
  given["/api/v1/changes"] = (query) => ({
    ...answers()["/api/v1/changes"]?.(query),
    segments,
    remarks,
  });
  open();
  expect(await screen.findByText(/^Without closed deals in both windows/)).toBeDefined();
  expect(screen.getByText("No deal closed in 2025-12-31 to 2026-03-31.")).toBeDefined();
});

test("the pipeline has a score, its parts, and the steps of its bridge that moved something", async () => {
  open();
  const region = await screen.findByRole("region", { name: "Pipeline" });
  expect(await within(region).findByText("412 open deals, $21.0M")).toBeDefined();
  expect(region.textContent).toContain("72 of 100");
  expect(within(region).getByRole("img", { name: "Expected yield: 92%" })).toBeDefined();
  expect(region.textContent).toContain("Import stage events.");
  const steps = within(region).getAllByRole("rowheader");
  expect(steps.map((step) => step.textContent)).toEqual(["Start", "Created", "Won", "Lost", "End"]);
  expect(region.textContent).toContain("−$600k");
});

test("a pipeline without deals and one without a score say so", async () => {
  given["/api/v1/pipeline"] = () => pipeline({ deals: 0 });
  open();
  expect(await screen.findByText("No open deals.")).toBeDefined();
  cleanup();
  const quality = { score: null, reason: "the open deals have no amounts", parts: [] };
  given["/api/v1/pipeline"] = () => pipeline({ pipeline_quality: quality });
  open();
  expect(await screen.findByText("The open deals have no amounts.")).toBeDefined();
});

test("cohorts show the corrected rate with its interval, or why there is none", async () => {
  const young = cohort({ cohort: "2026-Q2", cohort_win_rate: null, reason: "too young" });
  given["/api/v1/cohorts"] = () => [cohort(), young];
  open();
  const name = "Win rate of 2026-Q1: 32%, 95% interval 28% to 37%";
  expect(await screen.findByRole("img", { name })).toBeDefined();
  expect(screen.getByText("Too young.")).toBeDefined();
  cleanup();
  given["/api/v1/cohorts"] = () => [];
  open();
  expect(await screen.findByText("No deals were created yet.")).toBeDefined();
});
