import type { Status } from "../../api/client";
import { longDate } from "../../format/dates";
import { count, counted } from "../../format/numbers";

/** The product, the workspace, and what the numbers rest on. */
export function Header({ status }: { readonly status: Status | undefined }) {
  return (
    <header className="header">
      <div className="header-inner">
        <p className="brand">
          <Logo />
          Winsight
          {status && <span className="workspace">{status.workspace}</span>}
        </p>
        {status && status.data_version !== null && (
          <p className="provenance">
            <span>
              Data as of {longDate(status.data_as_of ?? status.as_of)}, version{" "}
              {status.data_version}
            </span>
            <span>
              {counted(status.deals, "deal")}, {count(status.open_deals)} open
            </span>
            {status.quality_score !== null && (
              <span>Data quality {score(status.quality_score)} of 100</span>
            )}
          </p>
        )}
      </div>
    </header>
  );
}

/** With a decimal, so that only a perfect score reads as 100. */
function score(value: number): string {
  const tenths = Math.floor(value * 10) / 10;
  return tenths === 100 ? "100" : tenths.toFixed(1);
}

function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M6 10.5 11.2 22 16 13.5 20.8 22 26 10.5" />
    </svg>
  );
}
