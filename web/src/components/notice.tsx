import type { ReactNode } from "react";
import { sentence } from "../format/text";

interface ProblemProps {
  /** What could not be shown, such as `The trend`. */
  readonly what: string;
  readonly error: Error;
  readonly onRetry: () => void;
}

/** An error in the server's own words, with a way to try again. */
export function Problem({ what, error, onRetry }: ProblemProps) {
  return (
    <div className="notice" role="alert">
      <p className="notice-title">{what} cannot be shown</p>
      <p>
        <WithCode text={sentence(error.message)} />
      </p>
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

/** Text in which what stands between backticks is code. */
export function WithCode({ text }: { readonly text: string }): ReactNode {
  return text.split("`").map((part, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
    index % 2 === 1 ? <code key={index}>{part}</code> : part,
  );
}
