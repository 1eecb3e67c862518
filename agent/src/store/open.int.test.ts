import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemSource } from "../source.ts";
import { openStore, type OpenStore, type StoreOptions } from "./open.ts";
import type { StoreTx } from "./store.ts";

const logger = pino({ level: "silent" });
const deviceId = "018f3c5a-0000-7000-8000-0000000000d1";
const cause = { correlationId: deviceId, causationId: null };

function temporary(): string {
  const dir = mkdtempSync(path.join(os.tmpdir(), "store-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const open = (file: string, options: Partial<StoreOptions> = {}): OpenStore =>
  openStore(file, { source: systemSource, logger, ballastBytes: 64 * 1024, ...options });

const emit = (tx: StoreTx, reason: string | null = null): void =>
  tx.emit(
    {
      type: "device.state.changed",
      subject: deviceId,
      data: { deviceId, state: "failed", reason },
    },
    cause,
  );

const seqs = (store: OpenStore): number[] =>
  store.outbox.readAfter(0, { maxRows: 100_000, maxBytes: 1e9 }).map(({ seq }) => seq);

/** Emits until the store says that it is full; how many went in. */
async function fill(store: OpenStore): Promise<number> {
  for (let count = 0; count < 5000; count++) {
    const error: unknown = await store
      .transaction((tx) => emit(tx, "x".repeat(900)))
      .then(
        () => null,
        (reason: unknown) => reason,
      );
    if (!error) continue;
    expect(error).toMatchObject({ name: "Fault", code: "disk_full" });
    return count;
  }
  throw new Error("the store never became full");
}

async function drainsAndGoesOn(store: OpenStore): Promise<number> {
  const count = await fill(store);
  expect(store.pressure()).toBe("full");
  expect(seqs(store)).toHaveLength(count);
  store.outbox.acked(store.outbox.lastSeq);
  expect(store.outbox.count).toBe(0);
  await store.transaction((tx) => emit(tx));
  expect(store.pressure()).toBe("ok");
  expect(seqs(store)).toEqual([count + 1]);
  return count;
}

describe("the store", () => {
  it("never gives a number twice, also when all was taken over before it is opened again", async () => {
    const file = path.join(temporary(), "agent.db");
    const first = open(file);
    for (let row = 0; row < 3; row++) await first.transaction((tx) => emit(tx));
    first.outbox.acked(3);
    await first.close();
    const second = open(file);
    expect(second.epoch).toBe(first.epoch);
    expect(second.outbox).toMatchObject({ ackedSeq: 3, lastSeq: 3, count: 0 });
    await second.transaction((tx) => emit(tx));
    expect(seqs(second)).toEqual([4]);
    await second.close();
  });

  it("undoes a work that throws, and only that, of those that commit together", async () => {
    const store = open(path.join(temporary(), "agent.db"));
    const works = await Promise.allSettled([
      store.transaction((tx) => emit(tx, "one")),
      store.transaction((tx) => {
        emit(tx, "two");
        throw new Error("no");
      }),
      store.transaction((tx) => emit(tx, "three")),
    ]);
    expect(works.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const events = store.outbox.readAfter(0, { maxRows: 10, maxBytes: 1e6 });
    expect(events.map(({ event }) => JSON.parse(event).data.reason)).toEqual(["one", "three"]);
    await store.close();
  });

  it("says that it is full at its greatest size, drains, and takes events again", async () => {
    const store = open(path.join(temporary(), "agent.db"), { maxBytes: 256 * 1024 });
    expect(await drainsAndGoesOn(store)).toBeGreaterThan(10);
    await store.close();
  });

  it("keeps a damaged file aside and begins a new epoch", async () => {
    const dir = temporary();
    const file = path.join(dir, "agent.db");
    const first = open(file);
    await first.transaction((tx) => emit(tx));
    await first.close();
    writeFileSync(file, Buffer.alloc(statSync(file).size, 7));
    const second = open(file);
    expect(second.epoch).not.toBe(first.epoch);
    expect(readdirSync(dir).some((name) => name.startsWith("agent.db.damaged-"))).toBe(true);
    await second.transaction((tx) => emit(tx));
    expect(seqs(second)).toEqual([1]);
    await second.close();
  });

  it.skipIf(process.getuid?.() !== 0)(
    "drains a disk that is full to the last byte, and goes on",
    async () => {
      const dir = temporary();
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", dir], { timeout: 10_000 });
      onTestFinished(() => void execFileSync("umount", ["-l", dir], { timeout: 10_000 }));
      const store = open(path.join(dir, "agent.db"), { ballastBytes: 512 * 1024 });
      expect(await drainsAndGoesOn(store)).toBeGreaterThan(10);
      await store.close();
    },
  );

  it("holds every transaction it acknowledged, whenever its process is killed", async () => {
    const file = path.join(temporary(), "agent.db");
    for (let round = 1; round <= 6; round++) {
      const acknowledged = await emitUntilKilled(file, round * 7);
      const store = open(file);
      expect(store.outbox.lastSeq).toBeGreaterThanOrEqual(acknowledged);
      expect(seqs(store)).toEqual(Array.from({ length: store.outbox.lastSeq }, (_, i) => i + 1));
      await store.close();
    }
  });
});

/** A process that emits on and on, killed after some answers; the last number it was told is on disk. */
async function emitUntilKilled(file: string, answers: number): Promise<number> {
  const program = `
    import { pino } from "pino";
    import { openStore } from ${JSON.stringify(path.join(import.meta.dirname, "open.ts"))};
    import { systemSource } from ${JSON.stringify(path.join(import.meta.dirname, "../source.ts"))};
    const store = openStore(process.argv[1], { source: systemSource, logger: pino({ level: "silent" }) });
    const draft = { type: "device.destroyed", subject: "d", data: { deviceId: "${deviceId}" } };
    for (;;) {
      await store.transaction((tx) => tx.emit(draft, ${JSON.stringify(cause)}));
      process.stdout.write(store.outbox.lastSeq + "\\n");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, file], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 20_000,
    killSignal: "SIGKILL",
  });
  const exited = once(child, "exit");
  let last = 0;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (++seen === answers) child.kill("SIGKILL");
  }
  await exited;
  expect(seen).toBeGreaterThanOrEqual(answers);
  return last;
}
