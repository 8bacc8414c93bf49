import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Alert = Schemas["Alert"];
export type BridgePart = Schemas["BridgePart"];
export type AlertStory = Schemas["AlertStory"];
export type Change = Schemas["Change"];
export type Changes = Schemas["Changes"];
export type Cohort = Schemas["Cohort"];
export type Insight = Schemas["Insight"];
export type Metric = Schemas["Metric"];
export type MetricChange = Schemas["MetricChange"];
export type Pipeline = Schemas["Pipeline"];
export type QualityPart = Schemas["QualityPart"];
export type Status = Schemas["Status"];
export type Trend = Schemas["Trend"];
export type TrendPoint = Schemas["TrendPoint"];
export type Verdict = Schemas["Verdict"];

/** What went wrong, in the words of the server's problem document. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number | null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const UNREACHABLE =
  "The server did not answer. Check that `winsight serve` is running, then retry.";

// The fetch is looked up on each call, so that a test can stand in for it.
export const client = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: (request) => globalThis.fetch(request),
});

interface Answer<T> {
  readonly data?: T;
  readonly error?: unknown;
  readonly response: Response;
}

/** The body of an answer; throws an `ApiError` with the problem's detail. */
export async function body<T>(pending: Promise<Answer<T>>): Promise<T> {
  const answer = await pending.catch(() => {
    throw new ApiError(UNREACHABLE, null);
  });
  if (answer.data !== undefined) return answer.data;
  const { status, statusText } = answer.response;
  throw new ApiError(
    detailOf(answer.error) ?? `The server answered ${status} ${statusText}.`,
    status,
  );
}

function detailOf(problem: unknown): string | undefined {
  if (typeof problem !== "object" || problem === null || !("detail" in problem)) return undefined;
  return typeof problem.detail === "string" ? problem.detail : undefined;
}
