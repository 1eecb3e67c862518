import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { guards } from "./catalog.ts";
import { Checkout } from "./checkout.ts";
import { type Guard, type TestRef, titleOf } from "./guard.ts";

const run = promisify(execFile);
const runMs = 900_000;

interface Verdict {
  readonly status: "passed" | "failed" | "not run";
  /** The first line of what it complains about. */
  readonly why: string;
}

/** What a run said of each test. */
type Verdicts = (test: TestRef) => Verdict;

/** `npm run guards [word …]`: takes out each guard whose name or file has one of the words, all without any. */
async function main(words: readonly string[]): Promise<boolean> {
  const chosen = guards.filter(
    ({ name, file }) =>
      words.length === 0 || words.some((word) => name.includes(word) || file.includes(word)),
  );
  if (chosen.length === 0) {
    say(`There is no guard called ${words.join(" ")}. These are there:`);
    for (const { name } of guards) say(`  ${name}`);
    return false;
  }
  await using checkout = await Checkout.copy(chosen.map(({ file }) => file));
  say(`${chosen.length} guards. First their tests with every guard in place …`);
  const untouched = await runTests(
    checkout,
    chosen.map(({ test }) => test),
  );
  const wrong: string[] = [];
  for (const guard of chosen) {
    const begun = performance.now();
    const { red, why } = await judge(checkout, guard, untouched);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    if (!red) wrong.push(guard.name);
    say(`${red ? "red  " : "WRONG"} ${seconds.padStart(5)} s  ${guard.name}`);
    say(`               ${titleOf(guard.test)}`);
    say(`               ${why}`);
  }
  say(
    wrong.length === 0
      ? `Each of the ${chosen.length} guards, when taken out, turned its test red.`
      : `${wrong.length} of ${chosen.length} did not: ${wrong.join("; ")}`,
  );
  return wrong.length === 0;
}

async function judge(
  checkout: Checkout,
  guard: Guard,
  untouched: Verdicts,
): Promise<{ red: boolean; why: string }> {
  const before = untouched(guard.test);
  if (before.status !== "passed")
    return { red: false, why: `${before.status} with the guard in place: ${before.why}` };
  const putBack = await checkout.change(guard.file, { text: guard.guard, by: guard.without });
  try {
    const { status, why } = (await runTests(checkout, [guard.test]))(guard.test);
    if (status === "failed") return { red: true, why };
    return { red: false, why: `${status} although the guard is out` };
  } finally {
    await putBack();
  }
}

async function runTests(checkout: Checkout, tests: readonly TestRef[]): Promise<Verdicts> {
  const report = path.join(checkout.dir, "guards-report.json");
  await rm(report, { force: true });
  const titles = new Set(tests.map((test) => titleOf(test).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  const args = [
    path.join(checkout.dir, "node_modules/vitest/vitest.mjs"),
    ...["run", ...new Set(tests.map(({ file }) => file))],
    ...["-t", [...titles].join("|"), "--reporter=json", `--outputFile=${report}`],
  ];
  // A red run ends with exit code 1; what it says of each test is in its report.
  await run(process.execPath, args, {
    cwd: checkout.dir,
    timeout: runMs,
    maxBuffer: 64 * 1024 ** 2,
  })
    .then(() => undefined)
    .catch(() => undefined);
  const { testResults } = JSON.parse(
    await readFile(report, "utf8").catch(() => '{"testResults":[]}'),
  ) as Report;
  return (test) => {
    const file = testResults.find(({ name }) => name === path.join(checkout.dir, test.file));
    const found = file?.assertionResults.find(({ title }) => title === titleOf(test));
    const status =
      found?.status === "passed" || found?.status === "failed" ? found.status : "not run";
    return { status, why: (found?.failureMessages?.[0] ?? "").split("\n")[0]?.slice(0, 160) ?? "" };
  };
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
