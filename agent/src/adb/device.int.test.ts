import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SimFarm } from "../providers/simulated/farm.ts";
import { type RealAdb, realAdbMissing, startRealAdb } from "../providers/simulated/real-adb.ts";
import type { Adb, AdbDevice, Progress } from "./adb.ts";
import { isRemoteFolder, pullFolder, pushFolder } from "./folder.ts";
import { createAdb } from "./open.ts";

const missing = realAdbMissing();
const deviceId = "0190d6a0-0000-7000-8000-00000000ad01";
const call = { timeoutMs: 10_000 };

describe.skipIf(missing)(
  `a device behind a real adb server${missing ? `: ${missing}` : ""}`,
  () => {
    let farm: SimFarm;
    let real: RealAdb;
    let adb: Adb;
    let phone: AdbDevice;
    let dir = "";

    beforeAll(async () => {
      dir = await mkdtemp(path.join(tmpdir(), "adb-device-"));
      real = await startRealAdb();
      const adbServer = { host: "127.0.0.1", port: real.port, bin: null };
      farm = new SimFarm({ frontEnd: "transport", capacity: 2, dir: null, adbServer });
      await farm.start();
      farm.create(deviceId, { ...samplePhone, properties: { "sim.bootDelayMs": "10" } });
      await farm.powerOn(deviceId);
      adb = createAdb();
      const target = farm.target(deviceId);
      if (!target) throw new Error("the phone can't be reached");
      phone = await adb.open(target);
    });
    afterAll(async () => {
      await adb?.close();
      farm?.stop();
      await real?.[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    });

    it("moves five megabytes there and back, telling how far it is", async () => {
      const bytes = randomBytes(5 * 1024 ** 2);
      await writeFile(path.join(dir, "up"), bytes);
      const seen: Progress[] = [];
      const onProgress = (progress: Progress): void => void seen.push(progress);
      const to = "/sdcard/it's five.bin";
      await phone.push({ from: path.join(dir, "up"), to }, { ...call, onProgress });
      expect(seen.at(-1)).toEqual({ bytes: bytes.length, totalBytes: bytes.length });
      await phone.pull({ from: to, to: path.join(dir, "down") }, { ...call, onProgress });
      expect(seen.at(-1)).toEqual({ bytes: bytes.length, totalBytes: bytes.length });
      expect((await readFile(path.join(dir, "down"))).equals(bytes)).toBe(true);
      expect((await phone.shell(["ls", "/sdcard"], call)).output).not.toContain(".part");
    });

    it("takes bytes from a stream and gives them to one that is slow", async () => {
      const bytes = randomBytes(1024 ** 2);
      await phone.push({ from: Readable.from([bytes]), to: "/sdcard/s.bin" }, call);
      const got: Buffer[] = [];
      const slow = new Writable({
        highWaterMark: 1024,
        write(chunk: Buffer, _encoding, done) {
          got.push(chunk);
          setImmediate(done);
        },
      });
      await phone.pull({ from: "/sdcard/s.bin", to: slow }, call);
      expect(Buffer.concat(got).equals(bytes)).toBe(true);
    });

    it("moves a folder there and back with all that is in it, and leaves out what is no file", async () => {
      const from = path.join(dir, "tree");
      const files: [string, Buffer][] = Array.from({ length: 12 }, (_, n) => [
        n % 2 ? `deep/it's ${n}/a b.bin` : `top ${n}.bin`,
        randomBytes(n * 9000),
      ]);
      for (const [name, bytes] of files) {
        await mkdir(path.dirname(path.join(from, name)), { recursive: true });
        await writeFile(path.join(from, name), bytes);
      }
      await symlink("/nowhere", path.join(from, "link"));
      const bytes = files.reduce((sum, [, { length }]) => sum + length, 0);
      const seen: Progress[] = [];
      const onProgress = (progress: Progress): void => void seen.push(progress);
      const pushed = await pushFolder(phone, { from, to: "/sdcard/tree" }, { ...call, onProgress });
      expect(pushed).toEqual({ files: 12, bytes, skipped: ["link"] });
      expect(seen.at(-1)).toEqual({ bytes, totalBytes: bytes });
      expect(await isRemoteFolder(phone, "/sdcard/tree", call)).toBe(true);
      expect(await isRemoteFolder(phone, "/sdcard/tree/top 0.bin", call)).toBe(false);
      const to = path.join(dir, "tree back");
      const pulled = await pullFolder(phone, { from: "/sdcard/tree", to }, call);
      expect(pulled).toEqual({ files: 12, bytes, skipped: [] });
      for (const [name, content] of files)
        expect((await readFile(path.join(to, name))).equals(content), name).toBe(true);
    });

    it.each([
      ["/none.txt", "not_found", "/none.txt is not on the phone."],
      ["/sdcard", "bad_input", "/sdcard is a folder on the phone, not a file."],
      ["relative", "bad_input", "A path on the phone is absolute"],
      ["/sdcard/", "bad_input", "A path on the phone is absolute"],
    ])("says why %s can't be pulled, and leaves nothing here", async (from, code, message) => {
      const pulled = phone.pull({ from, to: path.join(dir, "pulled") }, call);
      await expect(pulled).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message),
      });
      expect((await readdir(dir)).filter((name) => name.startsWith("pulled"))).toEqual([]);
    });

    it.each([
      ["/system/x.bin", "forbidden", "The phone does not let adb reach /system/x.bin"],
      ["/sdcard/Download", "bad_input", "/sdcard/Download is a folder on the phone"],
    ])("says why nothing can be pushed to %s", async (to, code, message) => {
      const pushed = phone.push({ from: Readable.from([randomBytes(1024 ** 2)]), to }, call);
      await expect(pushed).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message),
      });
    });

    it("says which side lacks a file, or may not write it", async () => {
      const none = path.join(dir, "none");
      await expect(phone.push({ from: none, to: "/sdcard/n" }, call)).rejects.toMatchObject({
        code: "not_found",
        message: `There is no ${none} on this machine.`,
      });
      await phone.push({ from: Readable.from(["x"]), to: "/sdcard/x" }, call);
      await expect(phone.push({ from: "/dev/null", to: "/sdcard/n" }, call)).rejects.toMatchObject({
        code: "bad_input",
        message: "/dev/null is neither a file nor a folder.",
      });
      const unreachable = path.join(dir, "no", "folder");
      await expect(phone.pull({ from: "/sdcard/x", to: unreachable }, call)).rejects.toMatchObject({
        code: "not_found",
        message: `There is no ${unreachable} on this machine.`,
      });
    });

    it("gives up a push whose source is silent at the deadline, and what is called off; nothing half stays", async () => {
      const silent = (): Readable => new PassThrough();
      const late = phone.push({ from: silent(), to: "/sdcard/late" }, { timeoutMs: 200 });
      await expect(late).rejects.toMatchObject({ code: "timed_out" });
      const calling = new AbortController();
      const from = silent();
      const off = phone.push({ from, to: "/sdcard/off" }, { ...call, signal: calling.signal });
      from.push("begun");
      calling.abort();
      await expect(off).rejects.toMatchObject({ code: "interrupted" });
      expect((await phone.shell(["ls", "/sdcard"], call)).output).not.toMatch(/late|off|part/);
      await phone.push({ from: Readable.from([randomBytes(1024 ** 2)]), to: "/sdcard/m" }, call);
      const pulling = new AbortController();
      const pulled = phone.pull(
        { from: "/sdcard/m", to: path.join(dir, "called-off") },
        { ...call, signal: pulling.signal, onProgress: () => pulling.abort() },
      );
      await expect(pulled).rejects.toMatchObject({ code: "interrupted" });
      expect((await readdir(dir)).filter((name) => name.startsWith("called-off"))).toEqual([]);
    });

    it("opens a service of the phone, and says when nothing answers there", async () => {
      expect(await text(await phone.open("shell:echo through", call))).toBe("through\n");
      await expect(phone.open("localabstract:nobody", call)).rejects.toMatchObject({
        code: "unavailable",
        message: "Nothing answers there on the phone.",
      });
    });

    it("cuts off a command that does not end, one that is called off, and one that prints too much", async () => {
      const sleep = phone.shell(["sleep", "60"], { timeoutMs: 200 });
      await expect(sleep).rejects.toMatchObject({ code: "timed_out" });
      const off = phone.shell(["sleep", "60"], { ...call, signal: AbortSignal.timeout(50) });
      await expect(off).rejects.toMatchObject({ code: "interrupted" });
      await phone.push({ from: Readable.from([randomBytes(4096)]), to: "/sdcard/big" }, call);
      const much = phone.shell(["cat", "/sdcard/big"], { ...call, maxBytes: 1000 });
      await expect(much).rejects.toMatchObject({ code: "too_large" });
    });

    it("says that a phone is not there", async () => {
      const server = { host: "127.0.0.1", port: real.port, bin: null };
      const nobody = await adb.open({ server, serial: "NOBODY", connect: null });
      await expect(nobody.shell(["true"], call)).rejects.toMatchObject({
        code: "unavailable",
        message: "The phone is not connected to the adb server.",
      });
    });
  },
);

describe("an adb server that does not behave", () => {
  const target = (server: Server) => {
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    return { server: { host: "127.0.0.1", port, bin: null }, serial: "x", connect: null };
  };

  it("is given up at the deadline when it is silent, and its socket is closed", async () => {
    const closed = Promise.withResolvers<void>();
    const silent = createServer((socket) => {
      socket.resume();
      socket.once("close", () => closed.resolve());
      socket.on("error", () => undefined);
    }).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const phone = await createAdb().open(target(silent));
    await expect(phone.shell(["true"], { timeoutMs: 100 })).rejects.toMatchObject({
      code: "timed_out",
    });
    await closed.promise;
    silent.close();
  });

  it("breaks no call but the one it hangs up on", async () => {
    const rude = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.resetAndDestroy());
    }).listen(0, "127.0.0.1");
    await once(rude, "listening");
    const phone = await createAdb().open(target(rude));
    await expect(phone.shell(["true"], { timeoutMs: 5000 })).rejects.toMatchObject({
      code: "unavailable",
    });
    rude.close();
  });

  it("is said to be missing when nothing listens and none may be started", async () => {
    const gone = createServer().listen(0, "127.0.0.1");
    await once(gone, "listening");
    const where = target(gone);
    gone.close();
    await once(gone, "close");
    const phone = await createAdb().open(where);
    await expect(phone.shell(["true"], { timeoutMs: 5000 })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^No adb server answers on port \d+ of this host/),
    });
  });
});
