import { useQuery } from "@tanstack/react-query";
import type { Pipeline, QualityPart } from "../../api/client";
import { pipelineQuery } from "../../api/queries";
import { Loaded } from "../../components/loaded";
import { dayRange } from "../../format/dates";
import { counted, percent, shortMoney } from "../../format/numbers";
import { sentence } from "../../format/text";

const partNames: Record<string, string> = {
  expected_yield: "Expected yield",
  velocity: "Velocity",
  hygiene: "Hygiene",
  spread: "Spread",
};

/** The quality of the open pipeline in its four parts, and what changed it in a week. */
export function PipelineSection() {
  const pipeline = useQuery(pipelineQuery);
  return (
    <section className="card" aria-labelledby="pipeline-title">
      <div className="section-title">
        <h2 id="pipeline-title">Pipeline</h2>
      </div>
      <Loaded query={pipeline} what="The pipeline" lines={9}>
        {(data) =>
          data.deals === 0 ? <p className="muted">No open deals.</p> : <Body of={data} />
        }
      </Loaded>
    </section>
  );
}

function Body({ of: pipeline }: { readonly of: Pipeline }) {
  const { pipeline_quality: quality, deals, amount, currency } = pipeline;
  const score = quality.score ?? null;
  return (
    <>
      <p>
        {counted(deals, "open deal")}, {shortMoney(amount, currency)}
      </p>
      <p className="headline-value">
        {score === null ? "–" : Math.round(score)}
        {score !== null && <span className="of"> of 100</span>}
      </p>
      <p className="caption">
        {score === null ? sentence(quality.reason ?? "no quality is known") : "Pipeline quality"}
      </p>
      <ul className="quality-parts">
        {quality.parts.map((part) => (
          <Part key={part.part} part={part} />
        ))}
      </ul>
      <Bridge pipeline={pipeline} />
    </>
  );
}

function Part({ part: { part, weight, note, ...rest } }: { readonly part: QualityPart }) {
  const value = rest.value ?? null;
  const name = partNames[part] ?? part;
  return (
    <li>
      <p className="part-head">
        <span>{name}</span>
        <span>
          {value === null ? "–" : percent(value)}
          <span className="interval"> weight {percent(weight)}</span>
        </span>
      </p>
      {value !== null && (
        <div className="fill" role="img" aria-label={`${name}: ${percent(value)}`}>
          <span className="fill-value" style={{ width: `${value * 100}%` }} />
        </div>
      )}
      <p className="caption">{sentence(note)}</p>
    </li>
  );
}

function Bridge({ pipeline: { bridge, currency } }: { readonly pipeline: Pipeline }) {
  const steps = [
    ["Start", bridge.start, ""],
    ["Created", bridge.created, "+"],
    ["Increased", bridge.increased, "+"],
    ["Pulled in", bridge.pulled_in, "+"],
    ["Decreased", bridge.decreased, "−"],
    ["Pushed", bridge.pushed, "−"],
    ["Won", bridge.won, "−"],
    ["Lost", bridge.lost, "−"],
    ["End", bridge.end, ""],
  ] as const;
  // A step without deals says nothing; what is left adds up all the same.
  const shown = steps.filter(([, part, sign]) => sign === "" || part.deals > 0);
  return (
    <>
      <h3 className="bridge-title">What changed it, {dayRange(bridge.window)}</h3>
      <table className="bridge">
        <thead className="visually-hidden">
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Deals</th>
            <th scope="col">Amount</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(([name, part, sign]) => (
            <tr key={name} className={sign === "" ? "bridge-end" : ""}>
              <th scope="row">{name}</th>
              <td className="number muted">{counted(part.deals, "deal")}</td>
              <td className="number">
                {sign}
                {shortMoney(part.amount, currency)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {bridge.caution && <p className="caption">{sentence(bridge.caution)}</p>}
    </>
  );
}
