import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Device } from "../../api.ts";

/** In the order in which a phone goes through them. */
const states = [
  "running",
  "starting",
  "creating",
  "stopping",
  "stopped",
  "wiping",
  "failed",
] as const satisfies readonly Device["state"][];

interface StateBarProps {
  readonly byState: Readonly<Record<string, number>>;
  readonly total: number;
}

/** How many phones are in each state: as a bar, and in numbers. */
export function StateBar({ byState, total }: StateBarProps) {
  const { t } = useTranslation();
  const present = states.filter((state) => (byState[state] ?? 0) > 0);
  if (total === 0) return <p className="faint">{t("devices.none")}</p>;
  return (
    <>
      <div className="state-bar" aria-hidden>
        {present.map((state) => (
          <span key={state} data-state={state} style={{ flexGrow: byState[state] }} />
        ))}
      </div>
      <ul className="state-legend">
        {present.map((state) => (
          <li key={state}>
            <span className="dot" data-state={state} aria-hidden />
            <Link to="/devices" search={{ state }}>
              {t(`state.${state}`)}
            </Link>{" "}
            {byState[state]}
          </li>
        ))}
      </ul>
    </>
  );
}
