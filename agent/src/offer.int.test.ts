import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ProviderReport } from "@cloudphone/shared/events/host";
import { pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { Offer } from "./offer.ts";
import type { Provider } from "./providers/provider.ts";
import { systemSource } from "./source.ts";
import { openStore, type OpenStore } from "./store/open.ts";

const hostId = "018f3c5a-0000-7000-8000-000000000001";

/** A host with one provider, whose report and hints the test gives. */
function host() {
  const dir = mkdtempSync(path.join(tmpdir(), "offer-"));
  const logger = pino({ level: "silent" });
  const store: OpenStore = openStore(path.join(dir, "agent.db"), { source: systemSource, logger });
  let report: () => Promise<ProviderReport> = () => Promise.reject(new Error("unset"));
  let asked = Promise.withResolvers<void>();
  let hint: (deviceId: string | null) => void = () => undefined;
  const provider = {
    kind: "usb",
    fingerprint: () => report().finally(() => asked.resolve()),
    watch: (onHint: (deviceId: string | null) => void) => {
      hint = onHint;
      return { [Symbol.dispose]: () => (hint = () => undefined) };
    },
  } as unknown as Provider;
  const providers = new Map([["usb", provider]]);
  const offer = new Offer({ hostId, providers, store, source: systemSource, logger });
  onTestFinished(async () => {
    await offer.stop();
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    offer,
    offers: (capacity: number) => {
      report = () =>
        Promise.resolve({ kind: "usb", available: true, reason: null, capacity, labels: {} });
    },
    fails: () => {
      report = () => Promise.reject(new Error("adb is away"));
    },
    hint: (deviceId: string | null) => hint(deviceId),
    nextLook: () => {
      asked = Promise.withResolvers<void>();
      return asked.promise;
    },
    said: () =>
      store.outbox
        .readAfter(0, { maxRows: 100, maxBytes: 1_000_000 })
        .map(
          ({ event }) =>
            JSON.parse(event) as { type: string; data: { providers: ProviderReport[] } },
        )
        .map(({ type, data }) => [type, data.providers[0]?.capacity]),
  };
}

it("tells the hub what has changed, and nothing when nothing has", async () => {
  const { offer, offers, said } = host();
  offers(2);
  await offer.reports();
  await offer.tell();
  expect(said()).toEqual([]);
  offers(3);
  await offer.tell();
  await offer.tell();
  expect(said()).toEqual([["host.providers.changed", 3]]);
});

it("looks anew after a hint about no one device, once for a storm of them", async () => {
  const { offer, offers, hint, nextLook, said } = host();
  offers(2);
  await offer.reports();
  offer.start();
  offers(1);
  const looked = nextLook();
  hint("018f3c5a-0000-7000-8000-000000000002");
  for (let n = 0; n < 50; n++) hint(null);
  await looked;
  await offer.stop();
  expect(said()).toEqual([["host.providers.changed", 1]]);
});

it("keeps what a provider last said while it does not answer", async () => {
  const { offer, offers, fails, said } = host();
  offers(2);
  await offer.reports();
  fails();
  await offer.tell();
  expect(said()).toEqual([]);
});
