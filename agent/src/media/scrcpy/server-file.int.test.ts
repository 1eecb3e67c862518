import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  checkServerFile,
  openServerFile,
  pinned,
  pushServerFile,
  serverPathOnPhone,
  sources,
} from "./server-file.ts";

const npm = sources.filter(({ name }) => name === "npm");
const signal = AbortSignal.timeout(50_000);

describe("scrcpy's server on this host", () => {
  let dataDir = "";
  let fetched = "";
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), "scrcpy-file-"));
    fetched = await openServerFile({ dataDir, configuredPath: null, signal, sources: npm });
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  it("is fetched through npm's registry, and is the official file", async () => {
    expect(await checkServerFile({ dataDir, configuredPath: null })).toEqual({
      state: "good",
      path: fetched,
    });
    expect((await readFile(fetched)).length).toBe(90_164);
  });

  it("is not fetched again while it is there", async () => {
    const again = await openServerFile({ dataDir, configuredPath: null, signal, sources: [] });
    expect(again).toBe(fetched);
  });

  it("is fetched anew when somebody has changed it, and not used until then", async () => {
    const good = await readFile(fetched);
    const bad = Buffer.from(good);
    bad.writeUInt8(bad.readUInt8(1000) ^ 1, 1000);
    await writeFile(fetched, bad);
    expect(await checkServerFile({ dataDir, configuredPath: null })).toMatchObject({
      state: "other",
    });
    const bribed = [{ name: "a mirror", fetch: () => Promise.resolve(bad) }];
    const refused = openServerFile({ dataDir, configuredPath: null, signal, sources: bribed });
    await expect(refused).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/a mirror gave another file .* refused.*CLOUDPHONE_SCRCPY/),
    });
    const honest = [{ name: "a mirror", fetch: () => Promise.resolve(good) }];
    await openServerFile({ dataDir, configuredPath: null, signal, sources: honest });
    expect((await readFile(fetched)).equals(good)).toBe(true);
  });

  it("is taken from the operator's file when that is the right one, and else refused", async () => {
    const configuredPath = path.join(dataDir, "own");
    await writeFile(configuredPath, await readFile(fetched));
    expect(await openServerFile({ dataDir, configuredPath, signal })).toBe(configuredPath);
    await writeFile(configuredPath, "another");
    await expect(openServerFile({ dataDir, configuredPath, signal })).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringContaining("is not the official scrcpy server 3.3.3"),
    });
    await rm(configuredPath);
    await expect(openServerFile({ dataDir, configuredPath, signal })).rejects.toMatchObject({
      message: expect.stringContaining("There is no scrcpy server at"),
    });
  });

  it("says why no source had it", async () => {
    const empty = await mkdtemp(path.join(tmpdir(), "scrcpy-none-"));
    await mkdir(path.join(empty, "bin"));
    const fake = path.join(empty, "bin/npm");
    await writeFile(fake, "#!/bin/sh\nexit 1\n");
    await chmod(fake, 0o755);
    const before = process.env.PATH;
    process.env.PATH = `${path.dirname(fake)}:${before}`;
    try {
      const opened = openServerFile({
        dataDir: empty,
        configuredPath: null,
        signal,
        sources: npm,
      });
      await expect(opened).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringMatching(/could not be fetched.*npm: Command failed/),
      });
    } finally {
      process.env.PATH = before;
      await rm(empty, { recursive: true, force: true });
    }
  });

  it("is pushed to a phone that lacks it or has another under its name, and to no other", async () => {
    const pushed: string[] = [];
    const phone = (sum: string) => ({
      shell: () => Promise.resolve({ output: sum, exitCode: 0 }),
      push: ({ to }: { to: string }) => Promise.resolve(void pushed.push(to)),
    });
    const call = { timeoutMs: 1000 };
    await pushServerFile(phone(`${pinned.sha256}  ${serverPathOnPhone}\n`), fetched, call);
    expect(pushed).toEqual([]);
    await pushServerFile(phone("sha256sum: No such file"), fetched, call);
    await pushServerFile(phone(`${"0".repeat(64)}  ${serverPathOnPhone}\n`), fetched, call);
    expect(pushed).toEqual([serverPathOnPhone, serverPathOnPhone]);
  });
});
