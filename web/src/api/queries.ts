import { QueryClient, queryOptions } from "@tanstack/react-query";
import type { Days, Grain } from "../format/dates";
import { type Alert, ApiError, body, client } from "./client";

const MINUTE_MS = 60_000;

/** Numbers change when a load is committed, so they stay fresh for a minute. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: MINUTE_MS,
        // What the server refuses it will refuse again; only silence is worth another try.
        retry: (failures, error) =>
          failures < 2 && error instanceof ApiError && error.status === null,
      },
    },
  });
}

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: () => body(client.GET("/api/v1/status")),
});

export const alertsQuery = queryOptions({
  queryKey: ["alerts", "open"],
  queryFn: () => body(client.GET("/api/v1/alerts", { params: { query: { state: "open" } } })),
});

/** One alert with what happened to it. */
export const alertQuery = (id: string) =>
  queryOptions({
    queryKey: ["alerts", "one", id],
    queryFn: () => body(client.GET("/api/v1/alerts/{id}", { params: { path: { id } } })),
  });

/** What a person can do with an alert. */
export type AlertAction =
  | { readonly verb: "ack" | "snooze" }
  | { readonly verb: "resolve"; readonly action: string | null }
  | { readonly verb: "assign"; readonly owner: string }
  | { readonly verb: "comment"; readonly text: string }
  | { readonly verb: "useful"; readonly useful: boolean };

/** Does it; answers with the alert as it then is. */
export function actOnAlert(id: string, asked: AlertAction): Promise<Alert> {
  const params = { path: { id } };
  switch (asked.verb) {
    case "ack":
    case "snooze":
      return body(client.POST(`/api/v1/alerts/{id}/${asked.verb}`, { params, body: {} }));
    case "resolve":
      return body(
        client.POST("/api/v1/alerts/{id}/resolve", { params, body: { action: asked.action } }),
      );
    case "assign":
      return body(
        client.POST("/api/v1/alerts/{id}/assign", { params, body: { owner: asked.owner } }),
      );
    case "comment":
      return body(
        client.POST("/api/v1/alerts/{id}/comment", { params, body: { text: asked.text } }),
      );
    case "useful":
      return body(
        client.POST("/api/v1/alerts/{id}/useful", { params, body: { useful: asked.useful } }),
      );
  }
}

export const insightsQuery = (cadence: "weekly" | "monthly") =>
  queryOptions({
    queryKey: ["insights", cadence],
    queryFn: () => body(client.GET("/api/v1/insights", { params: { query: { cadence } } })),
  });

export const trendQuery = (grain: Grain) =>
  queryOptions({
    queryKey: ["trend", grain],
    queryFn: () => body(client.GET("/api/v1/trend", { params: { query: { grain } } })),
  });

/** Metrics of a window, of all deals or of every value of a dimension. */
export const metricsQuery = ({ from, to }: Days, by?: string) =>
  queryOptions({
    queryKey: ["metrics", from, to, by ?? "all"],
    queryFn: () => {
      const query = by === undefined ? { from, to } : { from, to, by };
      return body(client.GET("/api/v1/metrics", { params: { query } }));
    },
  });

/** What changed between the trailing window and the one before, by a dimension. */
export const changesQuery = (by: string) =>
  queryOptions({
    queryKey: ["changes", by],
    queryFn: () => body(client.GET("/api/v1/changes", { params: { query: { by } } })),
  });

/** The open pipeline, its quality, and what changed it in the past week. */
export const pipelineQuery = queryOptions({
  queryKey: ["pipeline"],
  queryFn: () => body(client.GET("/api/v1/pipeline", { params: { query: { all: true } } })),
});

/** Win rates by the quarter in which deals were created. */
export const cohortsQuery = queryOptions({
  queryKey: ["cohorts"],
  queryFn: () => body(client.GET("/api/v1/cohorts")),
});
