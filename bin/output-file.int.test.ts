import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkOutputFile } from "./output-file.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "output-"));
});
afterAll(() => rm(dir, { recursive: true }));

test("a file may be new or there already", async () => {
  await checkOutputFile(path.join(dir, "new.mp4"));
  await writeFile(path.join(dir, "old.mp4"), "");
  await checkOutputFile(path.join(dir, "old.mp4"));
});

test("a folder that is missing, and one in place of the file, are told before the work", async () => {
  const missing = path.join(dir, "none");
  await expect(checkOutputFile(path.join(missing, "x.mp4"))).rejects.toMatchObject({
    code: "not_found",
    message: `There is no ${missing} on this machine.`,
  });
  await expect(checkOutputFile(dir)).rejects.toMatchObject({
    code: "bad_input",
    message: `${dir} is a folder; name the file in it too.`,
  });
});
