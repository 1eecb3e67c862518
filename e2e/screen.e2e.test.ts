import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { realApk } from "@cloudphone/testing/apk";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserMissing, openAt, openBrowser } from "./browser.ts";
import { Api } from "./api.ts";
import { type Account, Cell } from "./cell.ts";
import { Dashboard, looks } from "./dashboard.ts";
import { isPaper, places } from "./live-screen.ts";
import { SignedInWindows } from "./signed-in.ts";
import { UdpProxy } from "./udp-proxy.ts";
import { prepareScreens, WebPage } from "./web-page.ts";

const run = promisify(execFile);
const entry = path.resolve(import.meta.dirname, "../bin/cloudphone.ts");
const poll = { timeout: 60_000, interval: 100 };

describe.skipIf(browserMissing)(`a phone's screen in a browser${browserMissing ?? ""}`, () => {
  let cell: Cell;
  let browser: Browser;
  let windows: SignedInWindows;
  let customer: Account;
  let orderId = "";
  let device = { deviceId: "", name: "" };

  const signedIn = (account = customer): Promise<WebPage> =>
    WebPage.open({ browser, cell, account });

  const inTab = async (): Promise<WebPage> =>
    WebPage.inTab(await windows.tab(customer, { locale: "en-US" }));

  /** On the phone's page, with a picture. */
  async function watching(query = ""): Promise<WebPage> {
    const web = await inTab();
    await web.openPhone(device.deviceId, query);
    return web;
  }

  const shows = (web: WebPage, isApp: boolean): Promise<void> =>
    expect.poll(async () => isPaper(await web.screen.pixel(places.middle)), poll).toBe(isApp);

  async function home(web: WebPage): Promise<void> {
    await web.screen.press("Home");
    await shows(web, false);
  }

  async function openNotes(web: WebPage): Promise<void> {
    await web.screen.tap(places.notes);
    await shows(web, true);
  }

  /** What the customer types. */
  const typed = (...words: readonly string[]): Promise<string> => typedBy(customer, ...words);

  async function typedBy(account: Account, ...words: readonly string[]): Promise<string> {
    return (await run(process.execPath, [entry, ...words], { env: await signedInAs(account) }))
      .stdout;
  }

  /** The environment in which an account's command line is signed in, once, in a home of its own. */
  function signedInAs(account: Account): Promise<NodeJS.ProcessEnv> {
    const known = homes.get(account.email) ?? newHome(account);
    homes.set(account.email, known);
    return known;
  }
  const homes = new Map<string, Promise<NodeJS.ProcessEnv>>();

  async function newHome({ email, password }: Account): Promise<NodeJS.ProcessEnv> {
    const folder = path.join(cell.dir, "homes", email);
    const env = { ...process.env, CLOUDPHONE_URL: cell.url, CLOUDPHONE_HOME: folder };
    const login = { ...env, CLOUDPHONE_PASSWORD: password };
    await run(process.execPath, [entry, "login", "--email", email], { env: login });
    return env;
  }

  /** How many encoders run on the phone, as its own log says. */
  async function encoders(): Promise<number> {
    const log = await typed("shell", device.name, "logcat -d");
    const lines = (said: RegExp): number =>
      log.split("\n").filter((line) => said.test(line)).length;
    return lines(/scrcpy.*Device:/) - lines(/scrcpy.*The server has ended/);
  }

  beforeAll(async () => {
    const agent = { ...(await prepareScreens()), CLOUDPHONE_RECORDING_DAYS: "1" };
    [cell, browser] = await Promise.all([Cell.start({ env: { agent } }), openBrowser()]);
    windows = new SignedInWindows(browser, cell);
    await cell.hostReady();
    ({ orderId } = await cell.buy("Hourly"));
    [device = device] = await cell.customer.query<(typeof device)[]>("devices.list");
    customer = (await cell.accounts()).demo;
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await cell?.[Symbol.asyncDispose]();
  });

  test("is shown by the direct way, from the list of phones on, and the page has nothing to complain of", async () => {
    await using web = await signedIn();
    await web.page.getByRole("link", { name: "Open" }).click();
    await web.playing();
    await expect.poll(() => web.path(), poll).toBe("direct");
    expect(web.complaints).toEqual([]);
  });

  test("answers a tap on an icon, and the buttons beside it", async () => {
    await using web = await watching();
    await home(web);
    await openNotes(web);
    await home(web);
  });

  test("takes text in Chinese from a keyboard, and gives back what is copied there", async () => {
    await using web = await watching();
    await home(web);
    await openNotes(web);
    await web.page.keyboard.insertText("你好，云手机 😀");
    await web.page.getByText("On the phone: 你好，云手机 😀").waitFor();
    await web.page.getByLabel("Text for the phone").fill("второй");
    await web.page.getByRole("button", { name: "Paste on the phone" }).click();
    await web.page.getByText("On the phone: второй").waitFor();
  });

  test("turns, and is touched in the right place when it lies on its side", async () => {
    await using web = await watching();
    await home(web);
    const upright = await web.screen.size();
    await web.screen.press("Rotate");
    const lying = { width: upright.height, height: upright.width };
    await expect.poll(() => web.screen.size(), poll).toEqual(lying);
    await web.screen.tap({ x: 0.125, y: 0.86 });
    await shows(web, true);
    await web.screen.press("Rotate");
    await expect.poll(() => web.screen.size(), poll).toEqual(upright);
  });

  test("has one encoder for three viewers, one of whom has control; who only looks touches nothing", async () => {
    await using first = await watching();
    await home(first);
    await openNotes(first);
    // Nothing moves on the screen any more: who comes late sees it all the same.
    await using second = await watching();
    await shows(second, true);
    await using third = await watching("?look=true");
    await shows(third, true);
    // On a busy machine a lesser one takes the first one's place, and for a moment there are two.
    await expect.poll(encoders, poll).toBe(1);
    await first.page.getByText("3 viewers").waitFor();
    await third.page.getByText("View only").waitFor();
    await third.page.getByText("Filmed", { exact: true }).waitFor();
    expect(await third.page.getByRole("button", { name: "Home" }).isDisabled()).toBe(true);
    await second.page.getByText("Somebody else has control").waitFor();
    await second.page.getByRole("button", { name: "Take control" }).click();
    await first.page.getByText("Somebody else has control").waitFor();
    await home(second);
    await Promise.all([shows(first, false), shows(third, false)]);
  });

  test("goes through the hub where nothing direct goes, says so, takes input there and is heard", async () => {
    await using web = await inTab();
    await web.forbidDirect();
    await web.openPhone(device.deviceId);
    expect(await web.path()).toBe("relay");
    await web.page.getByText("the picture comes through the hub").waitFor();
    await home(web);
    await openNotes(web);
    await home(web);
    await web.screen.tap(places.motion);
    const loudest = await web.notePlayed();
    await web.screen.press("Sound on");
    await expect.poll(loudest, poll).toBeGreaterThan(0.01);
    await web.screen.press("Sound off");
    await home(web);
  });

  test("changes to the hub's way when datagrams stop getting through, and back when they do again", async () => {
    await using proxy = new UdpProxy({ delayMs: 0, blocked: false });
    await using web = await inTab();
    await web.goThrough(proxy);
    await web.openPhone(device.deviceId);
    await expect.poll(() => web.path(), poll).toBe("direct");
    await home(web);
    proxy.way.blocked = true;
    await expect.poll(() => web.path(), poll).toBe("relay");
    await openNotes(web);
    proxy.way.blocked = false;
    await expect.poll(() => web.path(), { timeout: 45_000 }).toBe("direct");
    await home(web);
  });

  test("has an APK installed that is chosen on its page", async () => {
    await using web = await watching();
    await home(web);
    await web.page.locator("input[type=file]").setInputFiles(realApk);
    await web.page.getByText("Installed", { exact: true }).waitFor({ timeout: 45_000 });
  });

  test("is nobody else's: not by its address, not by the hub's API", async () => {
    const other = { email: "other@example.com", password: randomUUID() };
    const idempotencyKey = randomUUID();
    await cell.admin.mutate("accounts.create", { ...other, role: "customer", idempotencyKey });
    await using web = await signedIn(other);
    await web.page.goto(`/phones/${device.deviceId}`);
    await web.page.getByText("You have no such phone.").waitFor();
    const api = new Api(() => cell.url);
    await api.login(other);
    const wish = { device: device.deviceId, purpose: "screen", idempotencyKey: randomUUID() };
    await expect(api.mutate("sessions.open", wish)).rejects.toMatchObject({ fault: "not_found" });
  });

  test("is back by itself after the host's agent was killed", async () => {
    await using web = await watching();
    await home(web);
    await openNotes(web);
    await cell.killed("agent");
    // A phone that was cut off begins anew at home.
    await shows(web, false);
    await web.playing();
    await openNotes(web);
  });

  test("was filmed by its host, whose films staff can have and customers can't", async () => {
    const told = await run(process.execPath, [entry, "screen", device.name], {
      env: await signedInAs(customer),
    });
    expect(told.stdout).toBe(`${cell.url}/phones/${device.deviceId}\n`);
    expect(told.stderr).toContain("this screen is filmed");
    const none = cell.customer.query("recordings.list");
    await expect(none).rejects.toMatchObject({ fault: "forbidden" });
    // The one that its agent was killed over is finished by the next one.
    type Film = { recordingId: string; deviceId: string; userId: string; bytes: number };
    const films = () => cell.admin.query<Film[]>("recordings.list");
    await expect.poll(async () => (await films()).length, poll).toBeGreaterThan(0);
    const [film] = await films();
    expect(film).toMatchObject({ deviceId: device.deviceId, userId: expect.any(String) as string });
    const file = path.join(cell.dir, "film.mp4");
    const { admin } = await cell.accounts();
    await typedBy(admin, "recordings", "download", film?.recordingId ?? "", "-o", file);
    const { streams } = JSON.parse(
      (await run("ffprobe", ["-v", "error", "-show_streams", "-of", "json", file])).stdout,
    ) as { streams: { codec_name: string }[] };
    expect(streams.map(({ codec_name: name }) => name)).toEqual(["h264", "opus"]);
    await using staff = await Dashboard.open({
      browser,
      cell,
      account: admin,
      look: looks.english,
    });
    await staff.go("/recordings");
    const download = staff.page.waitForEvent("download");
    await staff.page
      .getByRole("button", { name: `Download: ${device.name}` })
      .first()
      .click();
    // ISO 14496-12, 4.3: what an MP4 file begins with.
    const fromPage = await readFile(await (await download).path());
    expect(fromPage.toString("latin1", 4, 8)).toBe("ftyp");
    expect(staff.troubles()).toEqual([]);
  });

  test("goes on while the hub is killed, and is as before once that is back", async () => {
    await using web = await watching();
    await home(web);
    await expect.poll(() => web.path(), poll).toBe("direct");
    const phases = await web.notePhases();
    cell.kill("hub", "SIGSTOP");
    cell.kill("hub");
    await web.page.getByText("The picture goes on directly").waitFor();
    const { total } = await web.screen.played();
    const totalNow = async (): Promise<number> => (await web.screen.played()).total;
    await expect.poll(totalNow, poll).toBeGreaterThan(total + 2);
    await web.page.getByText("The picture goes on directly").waitFor({ state: "detached" });
    await openNotes(web);
    expect(await phases()).toEqual([]);
  });

  test("is one of several that take the same tap, each in its own place for it", async () => {
    await cell.buy("Hourly");
    const phones = await cell.customer.query<(typeof device)[]>("devices.list");
    const other = phones.find(({ deviceId }) => deviceId !== device.deviceId)?.name ?? "";
    const tap = ["input", "tap", device.name, "45", "560", "--also", other, "--json"];
    expect(JSON.parse(await typed(...tap))).toEqual([
      { device: device.name, reason: null },
      { device: other, reason: null },
    ]);
    const inFront = () => typed("shell", other, "dumpsys window");
    await expect.poll(inFront, poll).toContain("com.cloudphone.notes");
    const none = typed("input", "key", device.name, "HOME", "--also", "no-such-phone");
    await expect(none).rejects.toMatchObject({
      code: 8,
      stdout: expect.stringContaining("You have no phone called no-such-phone") as string,
    });
  });

  test("leads another phone from the wall, which does the same, and says of each whether input reaches it", async () => {
    const phones = await cell.customer.query<(typeof device)[]>("devices.list");
    await using web = await inTab();
    const together = web.page.getByRole("button", { name: "Control together" });
    await openAt(web.page, "/wall", together);
    await together.click();
    await expect.poll(() => web.page.getByText("Takes input").count(), poll).toBe(2);
    await web.page.getByRole("radio", { name: `Leads: ${device.name}` }).click();
    await web.page.getByText("1 phone does what is done on").waitFor();
    await web.page.getByRole("button", { name: "Home", exact: true }).click();
    const inFront = (name: string) => typed("shell", name, "dumpsys window");
    for (const { name } of phones)
      await expect.poll(() => inFront(name), poll).not.toContain("com.cloudphone.notes");
    const leader = web.page.locator(".tile[data-role=leads] .tile-screen");
    const { width = 0, height = 0 } = (await leader.boundingBox()) ?? {};
    await leader.click({
      position: { x: places.notes.x * width, y: places.notes.y * height },
    });
    for (const { name } of phones)
      await expect.poll(() => inFront(name), poll).toContain("com.cloudphone.notes");
    await web.page.keyboard.insertText("你好");
    const copied = (name: string) => typed("clipboard", "get", name);
    for (const { name } of phones) await expect.poll(() => copied(name), poll).toContain("你好");
    expect(web.complaints).toEqual([]);
  });

  test("ends with the lease, and says so", async () => {
    await using web = await watching();
    await cell.customer.mutate("orders.end", { orderId, idempotencyKey: randomUUID() });
    await web.page.getByText("Your lease of this phone has ended.").waitFor();
  });
});
