import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "./notice";
import { Skeleton } from "./skeleton";

interface LoadedProps<T> {
  readonly query: UseQueryResult<T>;
  /** What is being loaded, as the start of a sentence: `The trend`. */
  readonly what: string;
  /** How much room the skeleton takes. */
  readonly lines: number;
  readonly children: (data: T) => ReactNode;
}

/** The answer of a query, or a skeleton while it loads, or what went wrong. */
export function Loaded<T>({ query, what, lines, children }: LoadedProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Problem what={what} error={query.error} onRetry={query.refetch} />;
  return <Skeleton label={what.toLowerCase()} lines={lines} />;
}
