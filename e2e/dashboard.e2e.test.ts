import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createDatabase } from "@cloudphone/hub/platform/postgres/client";
import { uuidv7 } from "@cloudphone/shared/ids";
import { realApk } from "@cloudphone/testing/apk";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./api.ts";
import { browserMissing, openAt, openBrowser } from "./browser.ts";
import { focusOf, tabTo } from "./by-keyboard.ts";
import { type Account, Cell } from "./cell.ts";
import { allLooks, Dashboard, type Look, looks, pairedLooks } from "./dashboard.ts";
import { customersStory, operatorsStory } from "./dashboard-stories.ts";
import { isPaper, LiveScreen, places } from "./live-screen.ts";
import { SignedInWindows } from "./signed-in.ts";
import { prepareScreens } from "./web-page.ts";

const poll = { timeout: 60_000, interval: 100 };
const hostile = `<img src=x onerror="window.pwned=1">\u202e${"😀".repeat(5)}`;

/**
 * Each page is shown in four of the eight looks, in which each two of language, theme and width meet. Both stories are told in two: in English, light and wide
 * with all that one can do on the way, and in the look that differs in each of these: what is done goes through the same code in any look, what a look changes
 * is what is drawn. `COMBINATIONS=all` shows every page and tells both stories in all eight.
 */
const isWhole = process.env.COMBINATIONS === "all";
const toldIn = isWhole ? allLooks : [looks.chinesePhone];
const shownIn = isWhole ? allLooks : pairedLooks;

/**
 * Of the dark looks axe examines one, by turns, and colours alone: names and roles are the same in either theme, and are examined in both languages and widths of
 * the light one.
 */
const darkByTurns = ["zh-dark-1440", "en-dark-390"] as const;

/** The narrowest window that all must fit. */
const narrowest = { width: 360, height: 780 };

/** What an operator and a customer look at, by address; each with the words that tell that it is there. */
const customerPages = [
  "/",
  "/plans",
  "/apps",
  "/orders",
  "/usage",
  "/wallet",
  "/notifications",
  "/webhooks",
  "/keys",
  "/profile",
];
const operatorPages = [
  "/overview",
  "/hosts",
  "/devices",
  "/plans",
  "/orders",
  "/ledger",
  "/figures",
  "/recordings",
  "/users",
  "/roles",
  "/projections",
  "/events",
  "/sagas",
  "/consumers",
  "/dead-letters",
  "/audit",
  "/settings",
];

describe.skipIf(browserMissing)(`the dashboard${browserMissing ?? ""}`, () => {
  let cell: Cell;
  let browser: Browser;
  let windows: SignedInWindows;
  let customer: Account;
  let admin: Account;
  let pictures = "";

  const openAlone = (account: Account, look: Look = looks.english): Promise<Dashboard> =>
    Dashboard.open({ browser, cell, account, look });
  const open = async (account: Account, look: Look = looks.english): Promise<Dashboard> =>
    Dashboard.inTab(await windows.tab(account, look.context), look);

  beforeAll(async () => {
    const agent = await prepareScreens();
    const phones = { CLOUDPHONE_SIMULATED_CAPACITY: "16" };
    [cell, browser] = await Promise.all([
      Cell.start({ agent: false, env: { agent: { ...agent, ...phones } } }),
      openBrowser(),
    ]);
    windows = new SignedInWindows(browser, cell);
    ({ admin, demo: customer } = await cell.accounts());
    pictures =
      process.env.CLOUDPHONE_SCREENSHOTS ??
      (await mkdtemp(path.join(tmpdir(), "cloudphone-screenshots-")));
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await cell?.[Symbol.asyncDispose]();
  });

  test("an operator without a host is led to the one command that makes one, and the host appears by itself", async () => {
    await using web = await open(admin);
    await web.heading("Overview");
    await web.page.getByText("There are no hosts yet.").waitFor();
    await web.take(pictures, "first-host");
    await web.go("/hosts");
    await web.page.getByRole("button", { name: "Add a host" }).first().click();
    await web.page.getByLabel("Name").fill("rack 2");
    await web.page.getByRole("button", { name: "Make the command" }).click();
    const command = web.page.locator("code", { hasText: "install/agent.sh" });
    await command.waitFor();
    const [, token = ""] = / --token (\S+) --name rack-2$/.exec(await command.innerText()) ?? [];
    await cell.addHost(token, hostile);
    await web.page.getByRole("button", { name: "Close" }).last().click();
    await web.page.getByRole("link", { name: hostile }).waitFor();
    await web.page.getByText("connected", { exact: true }).waitFor();
    expect(web.troubles()).toEqual([]);
  });

  test("a customer's first page is light, buys a phone whose steps are told as they happen, uses it, and sees what it cost", async () => {
    await cell.hostReady();
    await using web = await openAlone(customer);
    // The sign-in is in it, which most visits begin behind.
    expect(web.bytes()).toBeLessThan(250_000);
    await web.page.getByText("You have no phones yet.").waitFor();
    await web.page.getByRole("link", { name: "See the plans" }).click();
    await web.page.getByRole("button", { name: "Buy: Starter" }).click();
    // Twice: one order all the same.
    await web.page.getByRole("button", { name: /^Pay/ }).dblclick();
    await web.page.getByTestId("steps").getByText("Phone running").waitFor();
    await web.page.getByRole("link", { name: "Open the phone" }).waitFor(poll);
    await web.take(pictures, "order-paid");
    expect(await cell.customer.query("orders.list")).toHaveLength(1);
    await web.page.getByRole("link", { name: "Open the phone" }).click();
    await web.page.locator('[data-testid=screen][data-phase="playing"]').waitFor(poll);
    await web.screen.tap(places.notes);
    await expect.poll(async () => isPaper(await web.screen.pixel(places.middle)), poll).toBe(true);
    await web.take(pictures, "phone");
    await inShell(web);
    await web.take(pictures, "phone-shell");
    await inLog(web);
    await web.take(pictures, "phone-log");
    await inFiles(web);
    await web.take(pictures, "phone-files");
    await isShown(web, { browser, pictures });
    expect(await web.barriers()).toEqual([]);
    expect(await web.page.evaluate("window.pwned")).toBeUndefined();
    await web.go("/apps");
    await web.page.locator("input[type=file]").setInputFiles(realApk);
    await web.page.getByRole("button", { name: /^Install: / }).click();
    await web.page.getByLabel("All that are on (1)").check();
    await web.page.getByRole("button", { name: "Install on 1 phone" }).click();
    await web.page.getByText("1 of 1").waitFor(poll);
    await web.page.getByText("1 of 1").click();
    await web.page.getByText("installed", { exact: true }).waitFor();
    await web.go("/usage");
    await web.page.getByText("running", { exact: true }).waitFor();
    await web.go("/");
    await web.page.getByText("Starter").waitFor();
    await web.page.getByTestId("thumbnail").waitFor(poll);
    await web.take(pictures, "phones-live");
    expect(web.troubles()).toEqual([]);
  });

  test("hostile names are text wherever they are shown, and break no page", async () => {
    const [order] = await cell.customer.query<{ deviceId: string }[]>("orders.list");
    const api = cell.customer;
    await api.mutate("apiKeys.create", { name: hostile, scopes: ["devices.read"] });
    const plan = { name: hostile, priceMinor: 1, hourlyMinor: 1, idempotencyKey: randomUUID() };
    const [{ spec }] = (await cell.admin.query<{ spec: object }[]>("plans.list")) as [
      { spec: object },
    ];
    await cell.admin.mutate("plans.create", { ...plan, description: hostile.repeat(8), spec });
    await using web = await open(customer, looks.chinesePhone);
    for (const page of ["/plans", "/keys", "/apps", `/phones/${order?.deviceId}`]) {
      await web.go(page);
      expect(await web.overflow(), page).toBeLessThanOrEqual(0);
    }
    await web.go("/apps");
    const name = `${hostile}${"x".repeat(10_000)}.apk`;
    const buffer = Buffer.from("no package");
    await web.page
      .locator("input[type=file]")
      .setInputFiles({ name, mimeType: "application/octet-stream", buffer });
    await web.page.getByRole("alert").getByText("此文件无法安装").waitFor();
    expect(await web.overflow()).toBeLessThanOrEqual(0);
    expect(await web.page.evaluate("window.pwned")).toBeUndefined();
    expect(web.troubles(/422/)).toEqual([]);
  });

  test("a hub that is killed is said to be away on every page, and each is right again by itself once it is back, with nothing missed", async () => {
    await using web = await open(customer);
    await web.go("/wallet");
    await web.page.getByText("Demo credit").waitFor();
    await using staff = await open(admin);
    await staff.go("/events");
    await staff.page.getByRole("switch").click();
    const overview = await staff.page.context().newPage();
    await openAt(overview, "/overview", overview.getByText("On", { exact: true }).first());
    const { userId } = await cell.customer.query<{ userId: string }>("accounts.me");
    const give = async (reason: string): Promise<void> => {
      const gift = { amountMinor: 1234, reason, idempotencyKey: randomUUID() };
      await cell.admin.mutate("wallet.topup", { userId, ...gift });
    };
    await give("before");
    await staff.page.getByText('"before"').waitFor();
    const pages = [web.page, staff.page, overview];
    const away = (page: Page): Locator => page.getByText("The hub can't be reached");
    cell.kill("hub");
    await Promise.all(pages.map((page) => away(page).waitFor(poll)));
    await overview.screenshot({ path: path.join(pictures, "hub-away.png") });
    // As soon as the hub takes it: some pages are not connected again yet.
    await cell.signIn();
    await give("between");
    await Promise.all(pages.map((page) => away(page).waitFor({ ...poll, state: "detached" })));
    await give("after");
    for (const reason of ["before", "between", "after"]) {
      await web.page.getByText(reason, { exact: true }).waitFor(poll);
      const told = staff.page.getByText(`"${reason}"`);
      await told.waitFor(poll);
      expect(await told.count(), `${reason} is told once`).toBe(1);
    }
  });

  test("an operator sees a purchase that failed, step by step, replays a dead letter, looks at live screens, gives money back, and finds it in the audit log", async () => {
    const orderId = await failedPurchase(cell);
    const position = await deadLetter(cell);
    await using web = await open(admin);
    await web.go(`/sagas/${orderId}`);
    await web.page.getByText("undone", { exact: true }).waitFor();
    await web.page
      .getByText(/The balance is/)
      .first()
      .waitFor();
    await web.take(pictures, "saga-undone");
    await web.go(`/events/${orderId}`);
    await web.page.getByText("order.cancelled").waitFor();
    await web.take(pictures, "trace");
    await web.go(`/sagas/${await stuckBatch(cell)}`);
    await web.take(pictures, "saga");
    await web.page.getByRole("button", { name: "Undo" }).click();
    await web.page.getByLabel("Reason").fill("its phones are gone");
    await web.take(pictures, "saga-undo");
    // Twice: one step all the same.
    await web.page.getByRole("button", { name: "Undo" }).last().dblclick();
    await web.page.getByText("2 phones had not begun (admin@cloudphone.local:").waitFor();
    expect(await web.page.getByText("because of compensate").count()).toBe(1);
    await web.go("/dead-letters");
    await web.page.getByRole("button", { name: `Look: user.registered ${position}` }).click();
    await web.page.getByText("made for this test").last().waitFor();
    await web.take(pictures, "dead-letter");
    await web.page.getByRole("button", { name: "Try again" }).click();
    await web.page.getByText("There are none: every event was handled.").waitFor(poll);
    await web.go("/wall");
    await web.page.locator('.tile[data-phase="playing"]').first().waitFor(poll);
    await web.take(pictures, "wall");
    await web.go(`/orders/${(await paidFor(cell)).paidOrderId}`);
    await web.page.getByRole("button", { name: "Give money back" }).click();
    await web.page.getByLabel("Amount (empty: all that is left)").fill("0.01");
    await web.page.getByLabel("Reason").fill("a bad evening");
    await web.page.getByRole("button", { name: "Give money back" }).last().click();
    await web.page.getByText("Given back").waitFor();
    await web.go("/audit");
    await web.settled();
    await web.take(pictures, "audit-story");
    await web.page.getByText("replayed a dead letter").waitFor();
    await web.page.getByText("gave money back").waitFor();
    await web.page.getByText("a bad evening").waitFor();
    await web.page.getByText("undid a saga").first().waitFor();
    expect(web.troubles()).toEqual([]);
  });

  test.each([
    ["customer", customerPages],
    ["operator", operatorPages],
  ] as const)(
    "the %s's pages keep nobody out in each language, theme and width, and none complains or overflows",
    async (who, pages) => {
      await using web = await Dashboard.arrive({ browser, cell, look: looks.english });
      if (who === "customer") await walk(web, { pictures, who, at: "sign-in" });
      await web.enter(who === "customer" ? customer : admin);
      const details = await (who === "customer" ? customersDetails(cell) : staffsDetails(cell));
      for (const [place, page] of [...pages, ...details].entries()) {
        await web.go(page);
        await web.settled();
        await walk(web, { pictures, who, at: page, dark: darkByTurns[place % 2] });
      }
      expect(web.troubles()).toEqual([]);
    },
  );

  test("an administrator composes a role and gives it, sets a customer's quota, has a projection built anew, and finds it all in the audit log", async () => {
    await using web = await open(admin);
    const { page } = web;
    await web.go("/roles");
    await page.getByRole("button", { name: "New role" }).click();
    await page.getByLabel("Name", { exact: true }).fill("night-shift");
    await page.getByRole("checkbox", { name: /^hosts\.read/ }).check();
    await page.getByRole("checkbox", { name: /^operations\.read/ }).check();
    await web.rested();
    await web.take(pictures, "role");
    expect(await web.barriers()).toEqual([]);
    await page.getByRole("dialog").getByRole("button", { name: "New role" }).click();
    await page.getByRole("button", { name: "What it may do: night-shift" }).waitFor();
    await web.go("/users");
    await newAccount(web, "night@example.com", "night-shift");
    await page.getByRole("link", { name: customer.email }).click();
    await page.getByRole("heading", { level: 1 }).getByText(customer.email).waitFor();
    await page.getByRole("button", { name: "Change" }).click();
    await page.getByRole("spinbutton", { name: "Phones" }).fill("7");
    await web.rested();
    await web.take(pictures, "quota");
    await page.getByRole("dialog").getByRole("button", { name: "Change" }).click();
    await page.getByText("of 7", { exact: false }).first().waitFor();
    await web.go("/projections");
    await page.getByRole("button", { name: "Build anew: analytics.revenue" }).click();
    await page.getByRole("tooltip").getByRole("button", { name: "Build anew" }).click();
    await page.getByText(/by admin@cloudphone\.local: [\d,]+ events/).waitFor(poll);
    await web.take(pictures, "projection-rebuilt");
    await forbidFilming(web, (await paidFor(cell)).deviceId);
    await web.go("/settings");
    await keepNoneReady(web);
    await newListener(web);
    await web.go("/audit");
    const acts = ["saved a role", "made an account", "set a quota", "had a projection built anew"];
    acts.push("said whether a phone is filmed", "set a pool of phones", "made a listener");
    for (const act of acts) await page.getByText(act).first().waitFor();
    expect(web.troubles()).toEqual([]);
  });

  test("by keyboard alone a customer signs in, opens a phone and presses its buttons, sees the focus everywhere, and gets it back from a dialog", async () => {
    const [mine] = await cell.customer.query<{ deviceId: string }[]>("devices.list");
    const phone = { device: mine?.deviceId, packageName: "com.cloudphone.notes" };
    await using window = await browser.newContext({ baseURL: cell.url, ...looks.english.context });
    const page = await window.newPage();
    const isNotes = async () => isPaper(await new LiveScreen(page).pixel(places.middle));
    await openAt(page, "/", page.getByLabel("E-mail"));
    await page.keyboard.type(customer.email);
    await tabTo(page, /^Password$/);
    await page.keyboard.type(customer.password);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: /^Open: / }).waitFor();
    await tabTo(page, /^Open: /);
    await page.keyboard.press("Enter");
    await page.locator('[data-testid=screen][data-phase="playing"]').waitFor(poll);
    for (const button of [/^Home$/, /^Back$/]) {
      await openApp(cell, phone);
      await expect.poll(isNotes, poll).toBe(true);
      await tabTo(page, button);
      await page.keyboard.press("Enter");
      await expect.poll(isNotes, poll).toBe(false);
    }
    // What is typed goes to the phone, Tab as well, until F6.
    await tabTo(page, /^Keyboard$/);
    await page.keyboard.press("Enter");
    await page.keyboard.press("a");
    await page.keyboard.press("Tab");
    expect(await focusOf(page)).toMatchObject({ name: "Keyboard" });
    await page.keyboard.press("F6");
    await tabTo(page, /^Full screen$/);
    await tabTo(page, /^API keys$/);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "New key" }).waitFor();
    await tabTo(page, /^New key$/);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press("Tab");
      expect(await focusOf(page)).toMatchObject({ isOutside: false });
    }
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await focusOf(page)).toMatchObject({ name: "New key", isSeen: true });
  });

  test("a part of the page that the hub lacks is told, and does not have the page loaded over and over", async () => {
    await using web = await open(customer);
    const { page } = web;
    let loads = 0;
    page.on("load", () => loads++);
    const lacked = Promise.withResolvers<void>();
    await page.route(/assets\/wallet-page/, async (route) => {
      await route.fulfill({ status: 404 });
      lacked.resolve();
    });
    // The sign-in is being renewed when the page comes to be loaded anew.
    await page.route(/accounts\.refresh/, async (route) => {
      const response = await route.fetch();
      await lacked.promise;
      await route.fulfill({ response });
    });
    await page.goto("/wallet");
    await page.getByRole("alert").getByText("This page could not be loaded whole.").waitFor(poll);
    expect(loads).toBeLessThanOrEqual(3);
    await page.unrouteAll({ behavior: "wait" });
    await page.getByRole("button", { name: "Load it again" }).click();
    await web.heading("Wallet");
  });

  test("what two tabs do at once is done once, and both show it", async () => {
    await using web = await open(admin);
    const tab = await web.page.context().newPage();
    const saga = `/sagas/${await stuckBatch(cell)}`;
    await web.go(saga);
    await openAt(tab, saga, tab.getByRole("button", { name: "Undo" }));
    for (const page of [web.page, tab]) {
      await page.getByRole("button", { name: "Undo" }).click();
      await page.getByLabel("Reason").fill("its phones are gone");
    }
    await Promise.all(
      [web.page, tab].map((page) => page.getByRole("button", { name: "Undo" }).last().click()),
    );
    for (const page of [web.page, tab]) {
      await page.getByText("because of compensate").first().waitFor();
      expect(await page.getByText("because of compensate").count()).toBe(1);
    }
  });

  test("on a slow network two impatient clicks are one wish, and what takes too long is cancelled", async () => {
    await using web = await open(admin);
    await web.slowDown();
    await web.page.reload();
    await web.page.locator("main h1").waitFor(poll);
    await web.go("/users");
    await web.page.getByRole("button", { name: `Top up: ${customer.email}` }).click();
    await web.page.getByLabel("Amount").fill("7.77");
    await web.page.getByLabel("Reason").fill("impatience");
    await web.page.getByRole("dialog").getByRole("button", { name: "Top up" }).dblclick();
    await web.page.getByText("The wallet is topped up.").first().waitFor(poll);
    const statement = await cell.customer.query<{ lines: { memo: string }[] }>("wallet.statement");
    expect(statement.lines.filter(({ memo }) => memo === "impatience")).toHaveLength(1);
    await web.go("/apps");
    const buffer = Buffer.alloc(20_000_000);
    const large = { name: "large.apk", mimeType: "application/octet-stream", buffer };
    await web.page.locator("input[type=file]").setInputFiles(large);
    await web.page.getByRole("button", { name: "Cancel: large.apk" }).click();
    await web.page.getByText("Cancelled", { exact: true }).waitFor();
    expect(web.troubles()).toEqual([]);
  });

  test("who signs out in one tab is signed out in the other, and comes back to the page that was open", async () => {
    await using web = await openAlone(customer);
    const other = await web.page.context().newPage();
    const title = other.getByRole("heading", { level: 1 }).getByText("Wallet");
    await openAt(other, "/wallet", title);
    await web.page.getByRole("button", { name: "Sign out" }).click();
    await other.getByLabel("E-mail").waitFor();
    expect(new URL(other.url()).search).toContain("wallet");
  });

  test.each(toldIn)("in the look $name, a customer's whole story is told", async (look) => {
    await using web = await openAlone(customer, look);
    await customersStory(web, pictures);
    expect(web.troubles()).toEqual([]);
  });

  test.each(toldIn)("in the look $name, an operator's whole story is told", async (look) => {
    const happened = {
      orderId: await failedPurchase(cell),
      position: await deadLetter(cell),
      ...(await paidFor(cell)),
    };
    await using web = await open(admin, look);
    await operatorsStory(web, cell, happened);
    expect(web.troubles()).toEqual([]);
  });
});

interface Walk {
  readonly pictures: string;
  readonly who: string;
  readonly at: string;
  /** The dark look whose colours are examined. */
  readonly dark?: (typeof darkByTurns)[number] | undefined;
}

/** Goes through all looks of a page that is open: it has room in each, and keeps nobody out. */
async function walk(web: Dashboard, { pictures, who, at, dark }: Walk): Promise<void> {
  const name = `${who}-${at.replace(/^\//, "").replaceAll("/", "-").slice(0, 20) || "phones"}`;
  for (const look of shownIn) {
    await web.change(look);
    await web.rested();
    await web.take(pictures, name);
    const where = `${at} in the look ${look.name}`;
    expect(await web.overflow(), where).toBeLessThanOrEqual(0);
    expect(await barriers(web, { look, dark }), where).toEqual([]);
  }
  await web.page.setViewportSize(narrowest);
  expect(await web.overflow(), `${at} in ${narrowest.width} pixels`).toBeLessThanOrEqual(0);
  await web.change(looks.english);
}

/** What axe finds in one look, where it is to look. */
async function barriers(
  web: Dashboard,
  { look, dark }: { readonly look: Look } & Pick<Walk, "dark">,
): Promise<string[]> {
  if (isWhole || look.context.colorScheme === "light") return web.barriers();
  return look.name === (dark ?? darkByTurns[0]) ? web.barriers("color-contrast") : [];
}

/** Pages of single things of the customer's. */
async function customersDetails(cell: Cell): Promise<string[]> {
  const { paidOrderId, deviceId } = await paidFor(cell);
  return [`/orders/${paidOrderId}`, `/phones/${deviceId}`];
}

/** Pages of single things that staff look at. */
async function staffsDetails(cell: Cell): Promise<string[]> {
  const [host] = await cell.admin.query<{ hostId: string }[]>("hosts.list");
  const { userId } = await cell.customer.query<{ userId: string }>("accounts.me");
  const { paidOrderId: order } = await paidFor(cell);
  const ofOrder = ["orders", "sagas", "events"].map((area) => `/${area}/${order}`);
  return [`/hosts/${host?.hostId}`, `/users/${userId}`, "/wall", ...ofOrder];
}

/** Runs a command in the shell that the phone's page has, and ends it: its output is the phone's, its exit code is told. */
async function inShell({ page }: Dashboard): Promise<void> {
  await page.getByRole("tab", { name: "Shell" }).click();
  const shell = page.getByTestId("shell");
  await shell.and(page.locator("[data-phase=open]")).waitFor(poll);
  await page.keyboard.type("log '<b>told by the shell</b>'; exit 3\r");
  await shell.getByText("The shell has ended with exit code 3.").waitFor(poll);
}

/** Finds in the log, by its words, what the shell logged. */
async function inLog({ page }: Dashboard): Promise<void> {
  await page.getByRole("tab", { name: "Log" }).click();
  const log = page.getByTestId("log");
  await log.getByLabel("Find in the log").fill("TOLD by");
  await log.getByText("<b>told by the shell</b>").waitFor(poll);
  await log.getByText("1 line", { exact: true }).waitFor(poll);
  await log.getByRole("button", { name: "Pause" }).click();
  await log.getByText("Paused: the phone waits.").waitFor();
}

/** Uploads a file whose name is hostile, and downloads it again. */
async function inFiles({ page }: Dashboard): Promise<void> {
  await page.getByRole("tab", { name: "Files" }).click();
  const files = page.getByTestId("files");
  const buffer = randomBytes(300_000);
  const file = { name: `${hostile}'".bin`, mimeType: "application/octet-stream", buffer };
  await files.locator("input[type=file]").setInputFiles(file);
  await files.getByText("Uploaded").waitFor(poll);
  const download = page.waitForEvent("download");
  await files.getByRole("button", { name: "onerror" }).click();
  expect((await readFile(await (await download).path())).equals(buffer)).toBe(true);
}

/** Makes a link by which somebody without an account sees the phone's screen, and takes it back under the visitor's eyes. */
async function isShown(
  { page }: Dashboard,
  { browser, pictures }: { browser: Browser; pictures: string },
): Promise<void> {
  await page.getByRole("tab", { name: "Share" }).click();
  await page.getByRole("button", { name: "Make a link" }).click();
  const link = await page.locator("code", { hasText: "/shared#" }).innerText();
  await using visitor = await browser.newContext({ locale: "en-US" });
  const visit = await visitor.newPage();
  await openAt(visit, link, visit.locator('[data-testid=screen][data-phase="playing"]'));
  await visit.screenshot({ path: path.join(pictures, "shared-en-light-1440.png") });
  const takeBack = page.getByRole("button", { name: "Take back" });
  await takeBack.click();
  await takeBack.waitFor({ state: "detached" });
  await visit.getByText("This link is over", { exact: true }).waitFor(poll);
}

/** Makes an account of a role that was composed here. */
async function newAccount({ page }: Dashboard, email: string, role: string): Promise<void> {
  await page.getByRole("button", { name: "New account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("E-mail").fill(email);
  await dialog.getByLabel("Password").fill("a long password");
  await dialog.getByRole("combobox", { name: "Role" }).click();
  await page.getByTitle(role, { exact: true }).last().click();
  await dialog.getByRole("button", { name: "New account" }).click();
  await page.getByRole("link", { name: email }).waitFor();
}

/** Says of a phone that it is not filmed, whatever its host has. */
async function forbidFilming(web: Dashboard, deviceId: string): Promise<void> {
  await web.go(`/phones/${deviceId}?look=true`);
  const filming = web.page.getByTestId("filming");
  await filming.getByText("That is as its host has it.").waitFor(poll);
  await filming.getByRole("button").click();
  const dialog = web.page.getByRole("dialog");
  await dialog.getByRole("radio", { name: "not filmed" }).check();
  await dialog.getByRole("button", { name: "Change whether it is filmed" }).click();
  await filming.getByText("The screen of this phone is not filmed.", { exact: true }).waitFor(poll);
}

/** Says of a plan's phones that none are kept ready. */
async function keepNoneReady({ page }: Dashboard): Promise<void> {
  await page.getByRole("button", { name: "Keep phones ready" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("combobox", { name: "Phones of the plan" }).click();
  await page.getByTitle("Starter", { exact: true }).last().click();
  await dialog.getByLabel("How many").fill("0");
  await dialog.getByRole("button", { name: "Keep phones ready" }).click();
  await page.getByText("The pool is set.").waitFor();
}

/** Makes a program that hears of orders; its password is told this once. */
async function newListener({ page }: Dashboard): Promise<void> {
  await page.getByRole("button", { name: "New listener" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("mirror");
  await dialog.getByRole("combobox", { name: "Hears" }).fill("order.*");
  await page.keyboard.press("Enter");
  await dialog.getByLabel("Name").click();
  await dialog.getByRole("button", { name: "New listener" }).click();
  await dialog.getByText("cloudphone/v1/events/+").waitFor();
  await dialog.getByRole("button", { name: "I have noted it" }).click();
  await page.getByText("mirror", { exact: true }).waitFor();
}

/** Returns once the phone has opened it: it may have been open before. */
async function openApp(cell: Cell, app: object): Promise<void> {
  const asked = { ...app, idempotencyKey: randomUUID() };
  const { commandId } = await cell.customer.mutate<{ commandId: string }>("apps.start", asked);
  await eventually(async () => {
    const { state } = await cell.customer.query<{ state: string }>("devices.command", {
      commandId,
    });
    return state === "completed" ? true : null;
  });
}

/** An order of the customer's that money was paid for, and its phone. */
async function paidFor(cell: Cell) {
  const paid = await cell.customer.query<{ id: string; priceMinor: number; deviceId: string }[]>(
    "orders.list",
    { state: "paid" },
  );
  const { id: paidOrderId = "", deviceId = "" } =
    paid.find(({ priceMinor }) => priceMinor > 0) ?? {};
  const { name: phone } = await cell.customer.query<{ name: string }>("devices.show", {
    device: deviceId,
  });
  return { paidOrderId, deviceId, phone };
}

/** An order that the customer has not the money for; returns once it is cancelled. */
async function failedPurchase(cell: Cell): Promise<string> {
  const plans = await cell.admin.query<{ spec: object }[]>("plans.list");
  const dear = {
    name: `Dear ${randomUUID()}`,
    priceMinor: 99_000_000,
    hourlyMinor: 1,
    spec: plans[0]?.spec,
  };
  const plan = await cell.admin.mutate<{ id: string }>("plans.create", {
    ...dear,
    idempotencyKey: randomUUID(),
  });
  const { orderId } = await cell.customer.mutate<{ orderId: string }>("orders.create", {
    planId: plan.id,
    idempotencyKey: randomUUID(),
  });
  await eventually(async () => {
    const { state } = await cell.customer.query<{ state: string }>("orders.show", { orderId });
    return state === "cancelled" ? true : null;
  });
  return orderId;
}

/** An install on two phones that came to a stand before it began. */
async function stuckBatch(cell: Cell): Promise<string> {
  const id = uuidv7(Date.now(), randomBytes(16));
  const item = { deviceId: randomUUID(), hostId: randomUUID(), state: "waiting" };
  const items = [1, 2].map(() => ({ ...item, commandId: randomUUID() }));
  const of = { batchId: id, userId: randomUUID(), packageName: "io.appium.settings" };
  const state = { ...of, parallel: 4, items, ended: false };
  await using core = openContext(cell, "core");
  await core.query`
    insert into sagas (id, name, status, phase, state, correlation_id)
    values (${id}, 'install-batch', 'needs_operator', 'failed', ${JSON.stringify(state)}::text::jsonb, ${id})`;
  return id;
}

/** A context's database, beside the hub. */
function openContext(cell: Cell, name: "core" | "billing") {
  const account = `cloudphone_${name}`;
  const at = { host: path.join(cell.dir, "postgres"), port: 5432 };
  const address = { ...at, user: account, database: account };
  const database = createDatabase({ address, connections: 1 });
  return { query: database.query, [Symbol.asyncDispose]: () => database.stop() };
}

/** An event that a consumer has given up; returns its position. Handled once more it does no harm. */
async function deadLetter(cell: Cell): Promise<number> {
  const [event] = await cell.admin.query<{ position: number; subject: string }[]>("events.list", {
    types: ["user.registered"],
    limit: 1,
  });
  const consumers = await cell.admin.query<{ name: string }[]>("consumers.list");
  const consumer = consumers.find(({ name }) => name.startsWith("billing."))?.name ?? "";
  await using billing = openContext(cell, "billing");
  const { position = 0, subject = "" } = event ?? {};
  await billing.query`
    insert into parked_events (consumer, position, subject, type, state, attempts, error)
    values (${consumer}, ${position}, ${subject}, 'user.registered', 'dead', 8, 'made for this test')`;
  return position;
}
