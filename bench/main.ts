import { archive } from "./archive.ts";
import { devices } from "./devices.ts";
import { events } from "./events/events.ts";
import { idleHosts } from "./idle-hosts.ts";
import { flowInstall } from "./flow-install.ts";
import { installAlone } from "./install-alone.ts";
import { mutations } from "./mutations.ts";
import { outbox } from "./outbox.ts";
import { page } from "./page.ts";
import { relay } from "./relay.ts";
import { rebuild } from "./rebuild.ts";
import { type Benchmark, runBenchmark } from "./report.ts";
import { sagas } from "./sagas.ts";
import { screen } from "./screen.ts";
import { screenLeaks } from "./screen-leaks.ts";
import { screenSending } from "./screen-sending.ts";
import { stop } from "./stop.ts";
import { start } from "./start.ts";

/** `npm run bench [name [count or part]]`: each prints its figures beside the limit they are held against, and keeps the table in bench/results. */
const benchmarks: readonly Benchmark[] = [
  flowInstall,
  installAlone,
  start,
  stop,
  relay,
  screen,
  screenSending,
  screenLeaks,
  page,
  devices,
  rebuild,
  archive,
  events,
  mutations,
  sagas,
  idleHosts,
  outbox,
];

const [wanted, second] = process.argv.slice(2);
const chosen = benchmarks.filter(({ name }) => wanted === undefined || name === wanted);
if (chosen.length === 0) {
  const names = benchmarks.map(({ name }) => name).join(", ");
  process.stderr.write(`error: there is no benchmark ${wanted}; there are ${names}.\n`);
  process.exit(2);
}
const parts = chosen.flatMap((benchmark) => benchmark.parts ?? []);
const part = parts.find((name) => name === second);
const count = second === undefined || part !== undefined ? undefined : Number(second);
if (count !== undefined && !(Number.isSafeInteger(count) && count > 0)) {
  const orPart = parts.length > 0 ? `, or a part: ${parts.join(", ")}` : "";
  process.stderr.write(`error: ${second} is no count; give a whole number from 1 on${orPart}.\n`);
  process.exit(2);
}
for (const benchmark of chosen)
  if (!(await runBenchmark(benchmark, { count, part }))) process.exitCode = 1;
