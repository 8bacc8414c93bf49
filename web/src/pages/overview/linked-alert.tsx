import { useQuery } from "@tanstack/react-query";
import type { AlertStory } from "../../api/client";
import { alertQuery } from "../../api/queries";
import { Loaded } from "../../components/loaded";
import { shortDate } from "../../format/dates";
import { AlertActions } from "./alert-actions";
import { AlertCard } from "./alert-card";

/** The page that shows one alert first, as messages link to it. */
export function alertLink(id: string): string {
  return `/?alert=${encodeURIComponent(id)}`;
}

/** The alert that the address names, with what happened to it and what can be done; or nothing. */
export function LinkedAlert() {
  const id = new URLSearchParams(window.location.search).get("alert");
  return id === null || id === "" ? null : <OneAlert id={id} />;
}

function OneAlert({ id }: { readonly id: string }) {
  const story = useQuery(alertQuery(id));
  return (
    <section className="linked-alert" aria-labelledby="linked-alert-title">
      <div className="section-title">
        <h2 id="linked-alert-title">Alert {id}</h2>
        <a href="/">Close</a>
      </div>
      <Loaded query={story} what="The alert" lines={8}>
        {(data) => (
          <AlertCard alert={data} opened={day(data.opened_at)}>
            <Standing story={data} />
            <AlertActions alert={data} />
          </AlertCard>
        )}
      </Loaded>
    </section>
  );
}

function Standing({ story }: { readonly story: AlertStory }) {
  const { life } = story;
  const words = [
    story.condition === "no_data" ? `${story.state}, too few deals to judge it now` : story.state,
    life.owner && `owner ${life.owner}`,
    life.snoozed_until && story.state === "snoozed" && `until ${day(life.snoozed_until)}`,
    life.reopened_because && `told again because ${life.reopened_because}`,
  ];
  return (
    <>
      <p className="alert-standing">State: {words.filter(Boolean).join(", ")}</p>
      <ol className="alert-history" aria-label="History">
        {story.history.map((step) => (
          <li key={`${step.at} ${step.what} ${step.text}`}>
            {day(step.at)}: {step.what} by {step.who}
            {step.text && `: ${step.text}`}
          </li>
        ))}
      </ol>
    </>
  );
}

const day = (instant: string) => shortDate(instant.slice(0, 10));
