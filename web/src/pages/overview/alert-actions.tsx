import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import type { Alert } from "../../api/client";
import { type AlertAction, actOnAlert } from "../../api/queries";
import { sentence } from "../../format/text";

interface AlertActionsProps {
  readonly alert: Alert;
}

/** What a person can do with an alert: take it on, put it aside, close it, hand it over, talk. */
export function AlertActions({ alert }: AlertActionsProps) {
  const queries = useQueryClient();
  const [words, setWords] = useState("");
  const wordsId = useId();
  const act = useMutation({
    mutationFn: (action: AlertAction) => actOnAlert(alert.id, action),
    onSuccess: () => {
      setWords("");
      return queries.invalidateQueries({ queryKey: ["alerts"] });
    },
  });
  const said = words.trim();
  const resolved = alert.state === "resolved";
  const button = (name: string, action: AlertAction, off = false) => (
    <button
      type="button"
      className="button"
      disabled={off || act.isPending}
      onClick={() => act.mutate(action)}
    >
      {name}
    </button>
  );
  return (
    <div className="alert-actions">
      <label htmlFor={wordsId}>A name, a comment, or what was done</label>
      <input id={wordsId} value={words} onChange={(event) => setWords(event.target.value)} />
      <div className="buttons">
        {button("Acknowledge", { verb: "ack" }, resolved || alert.state === "acknowledged")}
        {button("Snooze until worse", { verb: "snooze" }, resolved)}
        {button("Resolve", { verb: "resolve", action: said === "" ? null : said }, resolved)}
        {button("Assign", { verb: "assign", owner: said }, said === "")}
        {button("Comment", { verb: "comment", text: said }, said === "")}
        {button("Useful", { verb: "useful", useful: true }, alert.life.useful === true)}
        {button("Not useful", { verb: "useful", useful: false }, alert.life.useful === false)}
      </div>
      {act.error && <p role="alert">{sentence(act.error.message)}</p>}
    </div>
  );
}
