import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { openBrowser } from "../e2e/browser.ts";
import { Cell } from "../e2e/cell.ts";
import { isPaper, places } from "../e2e/live-screen.ts";
import { UdpProxy } from "../e2e/udp-proxy.ts";
import { prepareScreens, WebPage } from "../e2e/web-page.ts";
import { type Benchmark, type Figure, quantile } from "./report.ts";
import { Stopwatch } from "./stopwatch.ts";

const rounds = 3;
/** So many that their p95 is not simply the longest one. */
const opens = 21;
const taps = 30;
const heldMs = 60_000;
/** The phone's encoder ends ten seconds after its last viewer. */
const encoderEndsMs = 11_500;

interface World {
  readonly cell: Cell;
  readonly browser: Browser;
}

/** What can be run alone; one after the other they take five to six minutes. */
const parts: Readonly<Record<string, (world: World) => Promise<Figure[]>>> = {
  opens: firstPictures,
  taps: async (world) => [
    await answers(world, { what: "tap to changed pixel, p95", delayMs: 0, limitMs: 120 }),
    await answers(world, { what: "the same, 50 ms away each way, p95", delayMs: 50, limitMs: 220 }),
  ],
  motion,
  breaks,
  lease: async (world) => [await leaseEnds(world)],
};

/** What somebody waits for who looks at a phone in real Chromium, on the page that customers use. */
export const screen: Benchmark = {
  name: "screen",
  parts: Object.keys(parts),
  async run(_count, part) {
    const agent = await prepareScreens();
    await using cell = await Cell.start({ env: { agent } });
    await cell.hostReady();
    const browser = await openBrowser();
    try {
      const world = { cell, browser };
      await cell.buy("Hourly");
      const figures: Figure[] = [];
      for (const [name, measure] of Object.entries(parts))
        if (part === undefined || part === name) figures.push(...(await measure(world)));
      return {
        setting: `One simulated phone of 360x640 encoded in JavaScript, hub, agent and headless Chromium on one machine; ${opens} opens and ${taps} taps a round.`,
        figures,
        bound:
          "the processor, which host and browser share. Of a first picture 345 ms after the click (median of 24 beside a load of 8) the page's own loading and drawing is 140, during which the session is asked for and found, offer and answer 90, ICE and the DTLS handshake in JavaScript 75, the key frame 40; a tap waits for the display's next refresh (17), for its encoding as a scene of its own (3 to 15, by what else the machine does), and for Chromium's compositor (17). Pictures wait for nothing at the viewer since their first packets say so (playout-delay): that alone had been 150 ms.",
      };
    } finally {
      await browser.close();
    }
  },
};

async function sit({ cell, browser }: World): Promise<{ web: WebPage; watch: Stopwatch }> {
  const web = await WebPage.open({ browser, cell, account: (await cell.accounts()).demo });
  return { web, watch: await Stopwatch.on(web.page) };
}

const phonesOf = (cell: Cell) => cell.customer.query<{ deviceId: string }[]>("devices.list");

async function openFirst(web: WebPage, cell: Cell): Promise<void> {
  const [phone] = await phonesOf(cell);
  await web.openPhone(phone?.deviceId ?? "");
}

async function firstPictures(world: World): Promise<Figure[]> {
  const { web, watch } = await sit(world);
  await using _open = web;
  const [cold, warm]: [number[], number[]] = [[], []];
  const open = async (): Promise<number> => {
    await web.page.goto("/");
    await web.page.getByRole("link", { name: "Open" }).first().click();
    return watch.firstPictureMs();
  };
  for (let round = 0; round < rounds; round++) {
    await web.page.goto("/");
    await delay(encoderEndsMs);
    cold.push(await open());
    const all: number[] = [];
    for (let n = 0; n < opens; n++) all.push(await open());
    warm.push(quantile(all, 0.95));
  }
  const limit = { atMost: 800 };
  return [
    { what: "open to first picture, p95", unit: "ms", rounds: warm, limit },
    { what: "the same, nobody looking before", unit: "ms", rounds: cold, limit },
  ];
}

interface Answering {
  readonly what: string;
  readonly delayMs: number;
  readonly limitMs: number;
}

async function answers(world: World, { what, delayMs, limitMs }: Answering): Promise<Figure> {
  const { web, watch } = await sit(world);
  await using _open = web;
  await using proxy = new UdpProxy({ delayMs, blocked: false });
  if (delayMs > 0) await web.goThrough(proxy);
  await openFirst(web, world.cell);
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const all: number[] = [];
    for (let n = 0; n < taps; n++) {
      await home(web);
      all.push(await watch.answerMs(places.middle, () => web.screen.tap(places.notes)));
    }
    found.push(quantile(all, 0.95));
  }
  return { what, unit: "ms", rounds: found, limit: { atMost: limitMs } };
}

async function home(web: WebPage): Promise<void> {
  await web.screen.press("Home");
  while (isPaper(await web.screen.pixel(places.middle))) await delay(20);
  // Each tap falls somewhere else between two pictures.
  await delay(Math.random() * 200);
}

/** A screen that moves all the time, watched for a minute. */
async function motion(world: World): Promise<Figure[]> {
  const { web } = await sit(world);
  await using _open = web;
  await openFirst(web, world.cell);
  await home(web);
  await web.screen.tap(places.motion);
  await delay(2000);
  const [before, begun] = [await web.screen.played(), performance.now()];
  await delay(heldMs);
  const [after, seconds] = [await web.screen.played(), (performance.now() - begun) / 1000];
  const total = after.total - before.total;
  const lost = after.dropped - before.dropped;
  return [
    {
      what: `pictures shown over ${heldMs / 1000} s`,
      unit: "1/s",
      rounds: [(total - lost) / seconds],
      limit: { atLeast: 29.5 },
    },
    {
      what: "of them dropped",
      unit: "%",
      rounds: [(lost * 100) / Math.max(1, total)],
      limit: { atMost: 1 },
    },
  ];
}

/** How long there is no picture when a part of the way breaks. */
async function breaks(world: World): Promise<Figure[]> {
  return [
    {
      what: "agent killed to picture",
      unit: "ms",
      rounds: await kills(world),
      limit: { atMost: 5000 },
    },
    {
      what: "open without UDP to picture",
      unit: "ms",
      rounds: await withoutUdp(world),
      limit: { atMost: 3000 },
    },
    {
      what: "UDP cut to picture by the hub",
      unit: "ms",
      rounds: await cuts(world),
      limit: { atMost: 3000 },
    },
  ];
}

async function kills(world: World): Promise<number[]> {
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { web, watch } = await sit(world);
    await using _open = web;
    await openFirst(web, world.cell);
    await delay(2000);
    const at = Date.now();
    await world.cell.killed("agent");
    found.push(await watch.pictureAfterMs(at, 500));
    await web.playing();
  }
  return found;
}

async function withoutUdp(world: World): Promise<number[]> {
  const { web, watch } = await sit(world);
  await using _open = web;
  await web.forbidDirect();
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await web.page.goto("/");
    const opener = web.page.getByRole("link", { name: "Open" }).first();
    await opener.waitFor();
    const at = Date.now();
    await opener.click();
    found.push(await watch.changeMs(at, { phase: "playing" }));
  }
  return found;
}

async function cuts(world: World): Promise<number[]> {
  const { web, watch } = await sit(world);
  await using _open = web;
  await using proxy = new UdpProxy({ delayMs: 0, blocked: false });
  await web.goThrough(proxy);
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) {
    proxy.way.blocked = false;
    await openFirst(web, world.cell);
    await delay(3000);
    proxy.way.blocked = true;
    found.push(await watch.changeMs(Date.now(), { path: "relay" }));
  }
  return found;
}

async function leaseEnds(world: World): Promise<Figure> {
  const { cell } = world;
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { orderId } = await cell.buy("Hourly");
    const phones =
      await cell.customer.query<{ deviceId: string; lease: { orderId: string } | null }[]>(
        "devices.list",
      );
    const phone = phones.find(({ lease }) => lease?.orderId === orderId);
    const { web, watch } = await sit(world);
    await using _open = web;
    await web.openPhone(phone?.deviceId ?? "");
    const at = Date.now();
    await cell.customer.mutate("orders.end", { orderId, idempotencyKey: randomUUID() });
    found.push(await watch.changeMs(at, { phase: "ended" }));
  }
  return { what: "lease's end to cut", unit: "ms", rounds: found, limit: { atMost: 1000 } };
}
