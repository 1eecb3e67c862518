import type { Examined } from "./examine.ts";
import type { System } from "./system.ts";

export interface Fixed {
  readonly checkId: string;
  readonly command: string;
  readonly outcome: "ran" | "failed" | "needs root";
  /** What a command that failed said. */
  readonly said: string;
}

/** Runs the safe remedies of what was found, one after the other; a plain user is told which need root. */
export async function fixAll(
  system: Pick<System, "self" | "run">,
  results: readonly Examined[],
): Promise<Fixed[]> {
  const done: Fixed[] = [];
  for (const { check, finding } of results) {
    const remedy = "remedy" in finding ? finding.remedy : null;
    if (!remedy?.safe) continue;
    const { command } = remedy;
    if (remedy.root && system.self.uid !== 0) {
      done.push({ checkId: check.id, command, outcome: "needs root", said: "" });
      continue;
    }
    // A constant of a check's own: nothing from outside is in it.
    const ran = await system.run(["sh", "-c", command]);
    const worked = ran?.exitCode === 0;
    const said = (ran?.stderr ?? "").trim().slice(0, 300);
    done.push({ checkId: check.id, command, outcome: worked ? "ran" : "failed", said });
  }
  return done;
}
