import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, within } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AlertStory } from "../../api/client";
import { createQueryClient } from "../../api/queries";
import { LinkedAlert } from "./linked-alert";
import { alert } from "./overview-answers";

let story: AlertStory;
let asked: [string, unknown][];
let refusal: string | null;

beforeEach(() => {
  const opened = { at: "2026-06-28T22:00:00Z", who: "winsight", what: "opened", text: null };
  story = { ...alert({}), history: [opened] };
  asked = [];
  refusal = null;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const request = input instanceof Request ? input : new Request(input);
    if (request.method === "GET") return Response.json(story);
    if (refusal) return Response.json({ detail: refusal }, { status: 409 });
    asked.push([new URL(request.url).pathname, await request.json()]);
    return Response.json(story);
  });
});

afterEach(() => {
  cleanup();
  window.history.replaceState(null, "", "/");
});

async function openAt(address: string) {
  window.history.replaceState(null, "", address);
  render(
    <QueryClientProvider client={createQueryClient()}>
      <LinkedAlert />
    </QueryClientProvider>,
  );
}

const card = () => screen.findByRole("article", { name: "Enterprise Win Rate Decline" });

test("the alert that a message links to is shown with its numbers and its history", async () => {
  story.life = { ...story.life, owner: "Ana" };
  await openAt("/?alert=wrd-enterprise-7k2mq");
  const shown = await card();
  expect(shown.textContent).toContain("$2.3M revenue at risk");
  expect(shown.textContent).toContain("State: open, owner Ana");
  expect(within(shown).getByRole("list", { name: "History" }).textContent).toContain(
    "opened by winsight",
  );
});

test("an address without an alert shows none", async () => {
  await openAt("/");
  expect(screen.queryByRole("heading")).toBeNull();
});

test("what a person does reaches the server with their words", async () => {
  await openAt("/?alert=wrd-enterprise-7k2mq");
  const shown = await card();
  const press = (name: string) => userEvent.click(within(shown).getByRole("button", { name }));
  await press("Acknowledge");
  await userEvent.type(within(shown).getByRole("textbox"), "Bo");
  await press("Assign");
  await press("Useful");
  const path = (verb: string) => `/api/v1/alerts/wrd-enterprise-7k2mq/${verb}`;
  expect(asked).toEqual([
    [path("ack"), {}],
    [path("assign"), { owner: "Bo" }],
    [path("useful"), { useful: true }],
  ]);
});

test("a refusal is shown in the server's words", async () => {
  refusal = "alert wrd-enterprise-7k2mq is resolved";
  await openAt("/?alert=wrd-enterprise-7k2mq");
  await userEvent.click(within(await card()).getByRole("button", { name: "Resolve" }));
  expect((await screen.findByRole("alert")).textContent).toContain("is resolved");
});

test("a resolved alert can be talked about, and not be taken on", async () => {
  story = { ...story, state: "resolved" };
  await openAt("/?alert=wrd-enterprise-7k2mq");
  const shown = await card();
  const off = (name: string) =>
    within(shown).getByRole("button", { name }).hasAttribute("disabled");
  expect(["Acknowledge", "Snooze until worse", "Resolve"].map(off)).toEqual([true, true, true]);
  await userEvent.type(within(shown).getByRole("textbox"), "it was the price");
  expect(off("Comment")).toBe(false);
});
