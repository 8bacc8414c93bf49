import { type ReactNode, useId } from "react";
import type { Alert } from "../../api/client";
import { sentence } from "../../format/text";
import { messageLines } from "./message-lines";

interface AlertCardProps {
  readonly alert: Alert;
  /** The day it opened. */
  readonly opened: string;
  /** What stands below it. */
  readonly children?: ReactNode;
}

const names: Record<string, string> = {
  critical: "Critical",
  warning: "Warning",
  info: "Insight",
};

/** One alert: what happened, what it touches, what to do, and why it is believed. */
export function AlertCard({ alert, opened, children }: AlertCardProps) {
  const titleId = useId();
  return (
    <article className={`card alert alert-${alert.severity}`} aria-labelledby={titleId}>
      <p className="alert-head">
        <span className="severity">{names[alert.severity] ?? alert.severity}</span>
        <span>Since {opened}</span>
      </p>
      <h3 id={titleId}>{alert.title}</h3>
      <Message text={alert.message} />
      {alert.context && <p>{alert.context}</p>}
      <p className="action">
        <span className="action-label">What to do</span> {alert.action}
      </p>
      <details className="evidence">
        <summary>Evidence</summary>
        <p>
          {sentence(alert.evidence.summary)} An {alert.label}, not a proven cause.
        </p>
      </details>
      {children}
    </article>
  );
}

function Message({ text }: { readonly text: string }) {
  const { facts, items, sentences } = messageLines(text);
  return (
    <>
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {items.length > 0 && (
        <ul className="patterns">
          {items.map((item) => (
            <li key={item}>{item}</li>
          ))}
        </ul>
      )}
      {facts.length > 0 && (
        <dl className="facts">
          {facts.map(({ label, text: fact }) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{fact}</dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}
