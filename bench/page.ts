import { randomUUID } from "node:crypto";
import path from "node:path";
import { createDatabase } from "@cloudphone/hub/platform/postgres/client";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { eventually } from "../e2e/api.ts";
import { openBrowser } from "../e2e/browser.ts";
import { type Account, Cell } from "../e2e/cell.ts";
import { Dashboard, looks } from "../e2e/dashboard.ts";
import { type Benchmark, type Figure, quantile } from "./report.ts";

const rounds = 5;
const slowdown = 4;
const devices = 10_000;
const scrollMs = 4000;
const eventsPerRound = 20;

interface World {
  readonly cell: Cell;
  readonly browser: Browser;
}

/** What people wait for on the web page itself, in real Chromium: its first load on a slow processor, a long list, and what has just happened. */
export const page: Benchmark = {
  name: "page",
  async run() {
    await using cell = await Cell.start({ onDisk: true });
    await cell.hostReady();
    const browser = await openBrowser();
    try {
      const world = { cell, browser };
      const { admin, demo } = await cell.accounts();
      await fill(cell);
      const figures = [
        ...(await firstLoads(world, demo)),
        ...(await scrolls(world, admin)),
        ...(await arrivals(world, admin)),
      ];
      return {
        setting: `Hub, PostgreSQL, agent and headless Chromium, which draws in software, on one machine; ${devices} devices in the table; ${eventsPerRound} events a round.`,
        figures,
        bound:
          "the processor, which all of it shares. A first load is parsing and running 150 kB of packed scripts, two thirds of them React and its router, and drawing the frame of the page; the sign-in is renewed and the hub asked meanwhile. What is beyond the main thread's own work is waiting for a processor that others use too. A frame of the list is React and Ant Design's virtual table drawing the rows that come into sight, and Chromium's painting without a graphics card. An event comes by the hub's own announcement, one subscription and one drawing of the newest hundred.",
      };
    } finally {
      await browser.close();
    }
  },
};

/** Devices beside the hub's own doing: what is measured is the list. */
async function fill(cell: Cell): Promise<void> {
  const account = "cloudphone_core";
  const address = {
    ...{ host: path.join(cell.dir, "postgres"), port: 5432 },
    ...{ user: account, database: account },
  };
  const core = createDatabase({ address, connections: 1 });
  await core.query`
    insert into devices (id, name, host_id, provider, spec, power, state)
    select uuidv7(), 'bench-' || n, h.id, d.provider, d.spec, 'stopped', 'stopped'
    from generate_series(1, ${devices}::int) n, (select id from hosts limit 1) h,
      (select 'simulated' as provider, ${core.query.json(spec)}::jsonb as spec) d`;
  await core.stop();
}

const spec = {
  ...{ provider: "simulated", image: "sim-13", width: 360, height: 640, dpi: 160, cpus: 1 },
  ...{ memoryMiB: 512, properties: {} },
};

/** Inside the page: when its title stood there with nothing loading, and until when the main thread was busy. */
const readiness = `{
  const seen = (window.readiness = { shownMs: null, busyUntilMs: 0 });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.busyUntilMs = Math.max(seen.busyUntilMs, startTime + duration);
  }).observe({ type: "longtask", buffered: true });
  new MutationObserver(() => {
    if (seen.shownMs === null && document.querySelector("main h1") && !document.querySelector("main .skeleton"))
      seen.shownMs = performance.now();
  }).observe(document, { childList: true, subtree: true });
}`;

/** A signed-in customer's first page, nothing of it in the browser's cache. */
async function firstLoads(world: World, account: Account): Promise<Figure[]> {
  const [slow, own, plain]: [number[], number[], number[]] = [[], [], []];
  const visit = await signedIn(world, account);
  for (let n = 0; n <= rounds; n++) {
    const [quick, throttled] = [await firstLoad(visit, 1), await firstLoad(visit, slowdown)];
    // The first round warms the hub.
    if (n === 0) continue;
    plain.push(quick.usableMs);
    slow.push(throttled.usableMs);
    own.push(throttled.ownMs);
  }
  await visit.close();
  return [
    {
      what: `first load until it can be used, processor ${slowdown} times slower`,
      ...{ unit: "ms", rounds: slow, limit: { atMost: 2000 } },
    },
    {
      what: "  of it the page's main thread at work, by its own clock",
      ...{ unit: "ms", rounds: own, limit: { atMost: 2000 } },
    },
    { what: "the same, processor as it is", unit: "ms", rounds: plain, limit: null },
  ];
}

async function signedIn({ cell, browser }: World, account: Account): Promise<BrowserContext> {
  const web = await Dashboard.open({ browser, cell, account, look: looks.english });
  return web.page.context();
}

interface FirstLoad {
  /** From the navigation until the page is there and no long task runs any more. */
  readonly usableMs: number;
  /** What its main thread worked in that time: what else the machine does is not in it. */
  readonly ownMs: number;
}

async function firstLoad(visit: BrowserContext, rate: number): Promise<FirstLoad> {
  const tab = await visit.newPage();
  await tab.addInitScript(readiness);
  const line = await visit.newCDPSession(tab);
  await line.send("Network.enable");
  await line.send("Network.setCacheDisabled", { cacheDisabled: true });
  await line.send("Emulation.setCPUThrottlingRate", { rate });
  await line.send("Performance.enable", { timeDomain: "threadTicks" });
  await tab.goto("/");
  const shown = (): Promise<number | null> => tab.evaluate("readiness.shownMs");
  const shownMs = await eventually(shown, 60_000, "the first page");
  // A long task that was under way is told once it is over.
  await tab.evaluate("new Promise((done) => requestIdleCallback(done))");
  const busyUntilMs = await tab.evaluate<number>("readiness.busyUntilMs");
  const { metrics } = await line.send("Performance.getMetrics");
  const workedS = metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
  await tab.close();
  return { usableMs: Math.max(shownMs, busyUntilMs), ownMs: workedS * 1000 };
}

async function scrolls(world: World, account: Account): Promise<Figure[]> {
  const { cell, browser } = world;
  await using web = await Dashboard.open({ browser, cell, account, look: looks.english });
  await web.go("/devices");
  await web.settled();
  await web.page.locator("[data-testid=rows]").hover();
  const fps: number[] = [];
  // Until the list is virtual: its first page is not.
  await scroll(web.page, 1500);
  for (let n = 0; n < rounds; n++) fps.push(await scroll(web.page, scrollMs));
  const read = await web.page.locator("[data-testid=rows] [role=status]").innerText();
  const still = await stillFps(web.page);
  return [
    {
      what: `list of ${devices} devices while it is scrolled, ${read} at the end`,
      ...{ unit: "frames/s", rounds: fps, limit: { atLeast: 50 } },
    },
    { what: "the same page while nothing moves", unit: "frames/s", rounds: still, limit: null },
  ];
}

const counting = `{
  const own = (window.counted = { count: 0, begun: performance.now(), on: true });
  const next = () => { if (own.on) { own.count++; requestAnimationFrame(next); } };
  requestAnimationFrame(next);
}`;
const counted =
  "(counted.on = false, (counted.count * 1000) / (performance.now() - counted.begun))";

/** Frames a second while the wheel is turned. */
async function scroll(tab: Page, forMs: number): Promise<number> {
  await tab.evaluate(counting);
  for (const endsMs = performance.now() + forMs; performance.now() < endsMs; )
    await tab.mouse.wheel(0, 240);
  return tab.evaluate<number>(counted);
}

async function stillFps(tab: Page): Promise<number[]> {
  const figures: number[] = [];
  for (let n = 0; n < rounds; n++) {
    await tab.evaluate(counting);
    await tab.evaluate("new Promise((done) => setTimeout(done, 1000))");
    figures.push(await tab.evaluate<number>(counted));
  }
  return figures;
}

/** Inside the page: when each mark was first seen in the table of events. */
const arrival = `{
  const seen = (window.arrivals = {});
  new MutationObserver(() => {
    for (const [mark] of (document.querySelector("main table")?.textContent ?? "").matchAll(/mark-[0-9a-f]{8}/g))
      seen[mark] ??= Date.now();
  }).observe(document.querySelector("main"), { childList: true, subtree: true, characterData: true });
}`;

/** From when the log took an event until it stands on a page that shows events as they happen. */
async function arrivals({ cell, browser }: World, account: Account): Promise<Figure[]> {
  await using web = await Dashboard.open({ browser, cell, account, look: looks.english });
  await web.go("/events");
  await web.page.getByRole("switch").click();
  await web.page.evaluate(arrival);
  const { userId } = await cell.customer.query<{ userId: string }>("accounts.me");
  const [median, beyond]: [number[], number[]] = [[], []];
  for (let n = 0; n < rounds; n++) {
    const took: number[] = [];
    for (let each = 0; each < eventsPerRound; each++)
      took.push(await arriving(cell, web.page, userId));
    median.push(quantile(took, 0.5));
    beyond.push(quantile(took, 0.95));
  }
  const what = "an event's commit until it is on the page";
  return [
    { what: `${what}, median`, unit: "ms", rounds: median, limit: null },
    { what: `${what}, p95`, unit: "ms", rounds: beyond, limit: { atMost: 300 } },
  ];
}

async function arriving(cell: Cell, tab: Page, userId: string): Promise<number> {
  const mark = `mark-${randomUUID().slice(0, 8)}`;
  const gift = { amountMinor: 1, reason: mark, idempotencyKey: randomUUID() };
  await cell.admin.mutate("wallet.topup", { userId, ...gift });
  const shownAt = await eventually(
    () => tab.evaluate<number | null>(`arrivals["${mark}"] ?? null`),
    60_000,
    "the event",
  );
  const events = await cell.admin.query<{ recordedAt: string; data: { reason?: string } }[]>(
    "events.list",
    { types: ["wallet.credited"], limit: 10 },
  );
  const event = events.find(({ data }) => data.reason === mark);
  return shownAt - Date.parse(event?.recordedAt ?? "");
}
