import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createQueryClient } from "../../api/queries";
import { Overview } from "./overview";
import { type Answers, alert, answers, change, metric } from "./overview-answers";

// What a chart draws is checked in a real browser; here only what is said about it.
vi.mock("../../charts/chart", () => ({
  Chart: ({ label }: { label: string }) => <div role="img" aria-label={label} />,
}));

let given: Answers;

beforeEach(() => {
  given = answers();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const { pathname, searchParams } = new URL(input instanceof Request ? input.url : input);
    const answer = given[pathname]?.(searchParams);
    if (answer === undefined) throw new TypeError("connection refused");
    const status = "status" in answer && typeof answer.status === "number" ? answer.status : 200;
    return Response.json(answer, { status });
  });
});

afterEach(cleanup);

function open() {
  render(
    <QueryClientProvider client={createQueryClient()}>
      <Overview />
    </QueryClientProvider>,
  );
}

const card = (name: string) => screen.findByRole("article", { name });

test("every headline stands beside its interval and the window before", async () => {
  open();
  const winRate = await card("Win rate");
  expect(winRate.textContent).toContain("41.4%");
  expect(winRate.textContent).toContain("95% interval 36.6% to 46.4%");
  expect(winRate.textContent).toContain("in the 91 days before");
  expect(within(winRate).getByRole("img").getAttribute("aria-label")).toBe(
    "Win rate: 41.4%, 95% interval 36.6% to 46.4%",
  );
  expect((await card("Deal friction index")).textContent).toContain("1.02");
  expect((await card("Won amount")).textContent).toContain("$5.04M");
  expect(screen.getByText("Data as of 30 June 2026, version 3")).toBeDefined();
  expect(screen.getByText("Data quality 96.4 of 100")).toBeDefined();
});

test("a load that is held is announced above the numbers", async () => {
  const held = { load: 7, files: ["monday.csv"], reasons: ["amount would become blank"] };
  const status = answers()["/api/v1/status"];
  given["/api/v1/status"] = (query) => ({ ...status?.(query), held_loads: [held] });
  open();
  const notice = await screen.findByRole("complementary", { name: "Load 7 is held" });
  expect(notice.textContent).toContain("amount would become blank");
  expect(notice.textContent).toContain("winsight quality accept 7");
});

test.each([
  ["fell", "Fell: −20 points (−29 to −11)"],
  ["rose", "Rose: −20 points (−29 to −11)"],
  ["no_real_change", "No real change: −20 points (−29 to −11)"],
] as const)("the verdict is the server's, whatever the difference: %s", async (verdict, said) => {
  const overall = change("all", { verdict });
  given["/api/v1/changes"] = (query) => ({ ...answers()["/api/v1/changes"]?.(query), overall });
  open();
  expect((await card("Win rate")).textContent).toContain(said);
});

test("the other headline metrics have a verdict and an interval of their change too", async () => {
  open();
  const rwwr = (await card("Revenue-weighted win rate")).textContent;
  expect(rwwr).toContain("No real change: −4 points (−14 to +6)");
  const friction = (await card("Deal friction index")).textContent;
  expect(friction).toContain("No real change: +5% (−9% to +22%)");
});

test("a rate that is not known says why", async () => {
  const reason = "95% or more of the lost deals have no amount";
  const unknown = { rwwr: null, rwwr_low: null, rwwr_high: null, rwwr_reason: reason };
  given["/api/v1/metrics"] = () => [metric("all", unknown)];
  open();
  expect((await card("Revenue-weighted win rate")).textContent).toContain(reason);
});

test("too few deals are no number", async () => {
  const few = {
    deals: 4,
    enough_data: false,
    win_rate: null,
    win_rate_low: null,
    win_rate_high: null,
  };
  given["/api/v1/metrics"] = () => [metric("all", few)];
  open();
  const winRate = await card("Win rate");
  expect(winRate.textContent).toContain("Too few closed deals to show it: 4");
  expect(winRate.textContent).not.toContain("%");
});

test("alerts come with facts, action and evidence, the most severe first", async () => {
  given["/api/v1/alerts"] = () => [
    alert({ id: "b", severity: "warning", title: "Lead Source Performance" }),
    alert({ id: "a", severity: "critical", title: "Enterprise Win Rate Decline" }),
  ];
  open();
  const region = await screen.findByRole("region", { name: "Open alerts" });
  const [first, second] = await within(region).findAllByRole("article");
  expect(first?.textContent).toContain("Critical");
  expect(first?.textContent).toContain("Enterprise Win Rate Decline");
  expect(first?.textContent).toContain("What to do Review pricing");
  expect(first?.textContent).toContain(
    "210 deals against 230. An association, not a proven cause.",
  );
  expect(second?.textContent).toContain("Lead Source Performance");
});

test("without alerts it says what would have been seen", async () => {
  given["/api/v1/alerts"] = () => [];
  open();
  expect(await screen.findByText("Nothing to act on")).toBeDefined();
  const region = screen.getByRole("region", { name: "Open alerts" });
  expect(await within(region).findByText(/a drop of 9 points or more/)).toBeDefined();
});

test("the trend and the segments follow what is chosen", async () => {
  open();
  expect(await screen.findByRole("img", { name: /^Win rate by month, May 2026/ })).toBeDefined();
  await userEvent.click(screen.getByRole("radio", { name: "Quarterly" }));
  expect(await screen.findByRole("img", { name: /^Win rate by quarter/ })).toBeDefined();

  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Segments by" }), "Region");
  expect(await screen.findByRole("columnheader", { name: "Region" })).toBeDefined();
  expect(screen.getByRole("rowheader", { name: /^Value of region/ })).toBeDefined();
});

test("a long table begins with the largest segments", async () => {
  const many = Array.from({ length: 12 }, (_, index) =>
    metric(`rep ${index}`, { deals: 20 + index }),
  );
  given["/api/v1/metrics"] = (query) => (query.has("by") ? many : [metric("all")]);
  open();
  const more = await screen.findByRole("button", { name: "Show all 12" });
  const rows = () => screen.getAllByRole("rowheader", { name: /^rep/ });
  expect(rows()).toHaveLength(8);
  expect(rows()[0]?.textContent).toContain("rep 11");
  await userEvent.click(more);
  expect(rows()).toHaveLength(12);
});

test("before the first load it shows the command", async () => {
  given["/api/v1/status"] = (query) => ({
    ...answers()["/api/v1/status"]?.(query),
    data_version: null,
  });
  open();
  expect(await screen.findByRole("heading", { name: "No deals yet" })).toBeDefined();
  expect(screen.getByText("winsight import deals.csv")).toBeDefined();
});

test("a problem is told in the server's words, beside what still works", async () => {
  const detail = "part 2 is missing; run `winsight doctor`";
  given["/api/v1/trend"] = () => ({
    type: "about:blank",
    title: "",
    status: 500,
    detail,
    instance: "",
  });
  open();
  const problem = await screen.findByRole("alert");
  expect(problem.textContent).toContain("The trend cannot be shown");
  expect(problem.textContent).toContain("Part 2 is missing; run winsight doctor.");
  expect(await card("Win rate")).toBeDefined();

  given["/api/v1/trend"] = answers()["/api/v1/trend"];
  await userEvent.click(within(problem).getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("img", { name: /^Win rate by month/ })).toBeDefined();
});
