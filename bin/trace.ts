import { clean } from "./output.ts";

export interface TraceNode {
  readonly kind: "event" | "step" | "command";
  readonly title: string;
  readonly at: string;
  readonly says: string;
  readonly position: number | null;
  readonly children: readonly TraceNode[];
}

/** A trace as people read it: how long after the first instant, then the tree. Pure. */
export function traceLines(startedAt: string, roots: readonly TraceNode[]): string[] {
  const begun = Date.parse(startedAt);
  const lines: string[] = [];
  const walk = (nodes: readonly TraceNode[], indent: string, top: boolean): void => {
    for (const [index, node] of nodes.entries()) {
      const last = index === nodes.length - 1;
      const branch = top ? "" : last ? "└─ " : "├─ ";
      const seconds = ((Date.parse(node.at) - begun) / 1000).toFixed(3);
      lines.push(`${seconds.padStart(9)} s  ${indent}${branch}${clean(words(node))}`);
      walk(node.children, top ? indent : indent + (last ? "   " : "│  "), false);
    }
  };
  walk(roots, "", true);
  return lines;
}

function words({ kind, title, says, position }: TraceNode): string {
  if (kind === "event") return `${title}  #${position}, ${says}`;
  return kind === "step" ? `saga ${title}: ${says}` : `command ${title}: ${says}`;
}
