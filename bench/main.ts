import { flowInstall } from "./flow-install.ts";

/** `npm run bench [name]`: each benchmark prints its figures beside the limit they are held against. */
const benchmarks: Record<string, () => Promise<void>> = { "flow-install": flowInstall };

const [wanted] = process.argv.slice(2);
const names = wanted === undefined ? Object.keys(benchmarks) : [wanted];
for (const name of names) {
  const benchmark = benchmarks[name];
  if (!benchmark) {
    process.stderr.write(
      `error: there is no benchmark ${name}; there are ${Object.keys(benchmarks).join(", ")}.\n`,
    );
    process.exit(2);
  }
  await benchmark();
}
