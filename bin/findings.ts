import { styleText } from "node:util";
import type { HostCapacity, HostFinding } from "@cloudphone/shared/events/host";
import { clean } from "./output.ts";

const areas: Readonly<Record<string, string>> = {
  kernel: "Processor and kernel",
  limits: "Memory and limits",
  gpu: "Graphics",
  docker: "Docker",
  adb: "adb and USB",
  screen: "Live screens",
  disk: "Disks",
  hub: "The hub",
  ports: "Ports",
};

const marks = {
  ok: { text: "ok  ", style: "green" },
  skipped: { text: "-   ", style: "dim" },
  warn: { text: "warn", style: "yellow" },
  fail: { text: "FAIL", style: "red" },
} as const;

const resources: Readonly<Record<string, string>> = {
  memoryMiB: "memory",
  cpus: "processor",
  diskMiB: "free disk",
  inotifyInstances: "inotify",
};

/** What was found of a machine, for people: grouped by area, coloured on a terminal only. */
export function findingsText(
  findings: readonly HostFinding[],
  capacity: HostCapacity | null,
): string {
  const lines: string[] = [];
  let area = "";
  for (const finding of findings) {
    const of = finding.check.split(".")[0] ?? "";
    if (of !== area) lines.push("", styleText("bold", areas[of] ?? of));
    area = of;
    lines.push(...linesOf(finding));
  }
  if (capacity) lines.push("", styleText("bold", "Capacity"), `  ${capacityText(capacity)}`);
  return `${lines.join("\n")}\n`;
}

function linesOf({ level, looksAt, says, why, remedy }: HostFinding): string[] {
  const mark = styleText(marks[level].style, marks[level].text);
  const indent = " ".repeat(8);
  return [
    `  ${mark}  ${looksAt.padEnd(24)}  ${clean(says)}`,
    ...(why === null ? [] : [`${indent}${clean(why)}`]),
    ...(remedy === null ? [] : [`${indent}${styleText("cyan", clean(remedy))}`]),
  ];
}

function capacityText({ devices, boundBy, by }: HostCapacity): string {
  const each = Object.entries(by).map(([name, count]) => `${resources[name] ?? name} ${count}`);
  const phones = devices === 1 ? "1 container fits" : `${devices} containers fit`;
  return `${phones}, bound by ${resources[boundBy] ?? boundBy} (${each.join(", ")})`;
}
