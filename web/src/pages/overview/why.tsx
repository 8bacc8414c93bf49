import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Changes } from "../../api/client";
import { changesQuery } from "../../api/queries";
import { Loaded } from "../../components/loaded";
import { changeInPoints } from "../../components/verdict";
import { exactPoints } from "../../format/numbers";
import { sentence } from "../../format/text";
import { changeSentence, splitOf } from "./change-sentence";
import { DEFAULT_DIMENSION, DimensionSelect, dimensions } from "./dimension-select";

const SHOWN = 6;

/** Why the win rate changed: its exact parts of mix and rate, value by value. */
export function Why() {
  const [dimension, setDimension] = useState(DEFAULT_DIMENSION);
  const changes = useQuery(changesQuery(dimension));
  const title = dimensions.find(({ name }) => name === dimension)?.title ?? dimension;
  return (
    <section className="card why" aria-labelledby="why-title">
      <div className="section-title">
        <h2 id="why-title">Why it changed</h2>
        <DimensionSelect id="why-by" label="Change by" value={dimension} onChange={setDimension} />
      </div>
      <Loaded query={changes} what="The reasons" lines={7}>
        {(data) => <Parts changes={data} title={title} />}
      </Loaded>
    </section>
  );
}

function Parts({ changes, title }: { readonly changes: Changes; readonly title: string }) {
  const split = splitOf(changes);
  const remarks = changes.remarks.map((remark) => (
    <p key={remark} className="caption">
      {sentence(remark)}
    </p>
  ));
  if (split === undefined) {
    return (
      <>
        <p className="muted">Without closed deals in both windows there is nothing to explain.</p>
        {remarks}
      </>
    );
  }
  const interval = changes.overall.enough_data ? changeInPoints(changes.overall) : null;
  const rows = changes.segments
    .map(({ value, mix, rate }) => ({ value, mix: mix ?? 0, rate: rate ?? 0 }))
    .toSorted((a, b) => Math.abs(b.mix) + Math.abs(b.rate) - Math.abs(a.mix) - Math.abs(a.rate));
  const shown = rows.slice(0, SHOWN);
  const widest = Math.max(
    ...rows.flatMap(({ mix, rate }) => [Math.abs(mix), Math.abs(rate)]),
    0.001,
  );
  return (
    <>
      <p className="why-sentence">{changeSentence(changes, split, title.toLowerCase())}</p>
      {interval && <p className="caption">All deals: {interval}, 95% interval.</p>}
      <table className="why-table">
        <thead>
          <tr>
            <th scope="col">Value</th>
            <th scope="col">Mix, points</th>
            <th scope="col">Rate, points</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ value, mix, rate }) => (
            <tr key={value}>
              <th scope="row" className="why-value">
                {value}
              </th>
              <td>
                <Part of={value} name="mix" by={mix} widest={widest} />
              </td>
              <td>
                <Part of={value} name="rate" by={rate} widest={widest} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="caption">
        {rows.length > shown.length ? `The ${shown.length} largest of ${rows.length} values. ` : ""}
        The parts of all values add up to the change exactly. An association, not a proven cause.
      </p>
      {remarks}
    </>
  );
}

interface PartProps {
  readonly of: string;
  readonly name: string;
  readonly by: number;
  readonly widest: number;
}

/** A bar to the left of the middle for what lowers the win rate, to the right for what raises it. */
function Part({ of, name, by, widest }: PartProps) {
  const width = (Math.abs(by) / widest) * 50;
  const left = by < 0 ? 50 - width : 50;
  const text = exactPoints(by);
  return (
    <div className="part">
      <span className="part-value">{text}</span>
      <div className="part-bar" role="img" aria-label={`${name} of ${of}: ${text} points`}>
        <span
          className={by < 0 ? "part-down" : "part-up"}
          style={{ left: `${left}%`, width: `${width}%` }}
        />
      </div>
    </div>
  );
}
