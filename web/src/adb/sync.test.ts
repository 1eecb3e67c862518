import { expect, test } from "vitest";
import { PhoneStream } from "./stream.ts";
import { inSync } from "./sync.ts";

/** A phone whose sync service is open and says nothing. */
function silentPhone() {
  const sent: string[] = [];
  const stream = new PhoneStream({
    window: () => 1000,
    maxData: () => 65_536,
    write: (_remote, data) => sent.push(new TextDecoder().decode(data.subarray(0, 4))),
    acknowledge: () => undefined,
    close: () => sent.push("close"),
  });
  stream.acknowledged(7);
  return { sent, open: async () => stream };
}

test("a file that is not wanted any more ends at once, though the phone says nothing, and its stream is closed", async () => {
  const phone = silentPhone();
  const stop = new AbortController();
  const file = new Blob(["x".repeat(100)]);
  const onBytes = (): void => stop.abort();
  const sending = inSync(phone, (sync) => sync.send("/sdcard/a", file, onBytes), stop.signal);
  await expect(sending).rejects.toMatchObject({ code: "cancelled" });
  expect(phone.sent).toEqual(["SEND", "DATA", "close"]);
});

test("what is cancelled before its turn asks the phone for nothing", async () => {
  const phone = silentPhone();
  const listing = inSync(phone, (sync) => sync.list("/sdcard"), AbortSignal.abort());
  await expect(listing).rejects.toMatchObject({ code: "cancelled" });
  expect(phone.sent).toEqual(["close"]);
});
