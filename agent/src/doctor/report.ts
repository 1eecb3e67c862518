import type { EventData } from "@cloudphone/shared/events/catalog";
import type { HostFinding } from "@cloudphone/shared/events/host";
import type { Id } from "@cloudphone/shared/ids";
import type { Capacity } from "./capacity.ts";
import type { Examination, Examined } from "./examine.ts";

const longest = 500;
const short = (text: string): string =>
  text.length > longest ? `${text.slice(0, longest - 1)}…` : text;

/** A finding as it is told to programs and to the hub. */
export function toldOf({ check, finding }: Examined): HostFinding {
  const problem = "why" in finding ? finding : null;
  return {
    check: check.id,
    looksAt: check.looksAt,
    level: finding.level,
    says: short(finding.says),
    why: problem && short(problem.why),
    remedy: problem?.remedy ? short(problem.remedy.command) : null,
  };
}

const toldCapacity = ({ devices, boundBy, by }: Capacity) => ({ devices, boundBy, by: { ...by } });

/** What goes up to the hub. */
export const checkedData = (hostId: Id, examination: Examination): EventData<"host.checked"> => ({
  hostId,
  findings: examination.results.map(toldOf),
  capacity: examination.capacity && toldCapacity(examination.capacity),
});
