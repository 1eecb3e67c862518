import { realApk } from "@cloudphone/testing/apk";
import { expect } from "vitest";
import type { Cell } from "./cell.ts";
import { type Dashboard, saying } from "./dashboard.ts";
import { HostByHand } from "./host-by-hand.ts";
import { isPaper, places } from "./live-screen.ts";

/** The two whole stories, told by the page's own words: in whatever language, theme and width it is. */

const poll = { timeout: 60_000, interval: 100 };

/** A customer who has signed in buys a phone, watches how that goes, uses it, installs an app, sees what it costs, and signs out. */
export async function customersStory(web: Dashboard, pictures: string): Promise<void> {
  const { page, words } = web;
  await web.go("/plans");
  await page.getByRole("button", { name: `${words.plans.buy}: Hourly` }).click();
  await page.getByRole("button", { name: saying(words.plans.pay) }).click();
  await page.getByTestId("steps").getByText(words.orders.step.started).waitFor(poll);
  await page.getByRole("link", { name: words.orders.openPhone }).click();
  await page.locator('[data-testid=screen][data-phase="playing"]').waitFor(poll);
  await web.screen.tap(places.notes);
  await expect.poll(async () => isPaper(await web.screen.pixel(places.middle)), poll).toBe(true);
  await web.take(pictures, "phone");
  expect(await web.overflow()).toBeLessThanOrEqual(0);
  expect(await web.barriers()).toEqual([]);
  await installs(web);
  await web.go("/usage");
  await page.getByText(words.usage.state.open, { exact: true }).first().waitFor();
  await page.getByText(/[¥]\d/).first().waitFor();
  await page.getByRole("button", { name: words.app.signOut }).click();
  await page.getByLabel(words.signIn.email).waitFor();
}

/** Uploads an app, and installs it on all phones that are on. */
async function installs(web: Dashboard): Promise<void> {
  const { page, words } = web;
  await web.go("/apps");
  await web.settled();
  const whole = page.getByText(saying(words.apps.counts, String.raw`(\d+)`, String.raw`\1`));
  const before = await whole.count();
  await page.locator("input[type=file]").setInputFiles(realApk);
  await page
    .getByRole("button", { name: `${words.apps.install}: ` })
    .first()
    .click();
  await page.getByLabel(saying(words.apps.allPhones)).check();
  const { installOn_one: one, installOn_other: other } = words.apps;
  const onAll = new RegExp([one, other].map((text) => saying(text).source).join("|"));
  await page.getByRole("button", { name: onAll }).click();
  await expect.poll(() => whole.count(), poll).toBe(before + 1);
}

interface Happened {
  /** A purchase that failed. */
  readonly orderId: string;
  /** Of a dead letter of `user.registered`. */
  readonly position: number;
  /** That money was paid for. */
  readonly paidOrderId: string;
  /** Of that order's phone. */
  readonly phone: string;
}

/** An operator who has signed in adds a host, sees it and a phone, sees a purchase that failed, replays a dead letter, gives money back, and finds it in the audit log. */
export async function operatorsStory(
  web: Dashboard,
  cell: Cell,
  { orderId, position, paidOrderId, phone }: Happened,
): Promise<void> {
  const { page, words } = web;
  await using host = await enrols(web, cell);
  expect(host.hostId).not.toBe("");
  await web.go("/devices");
  await page.getByRole("link", { name: phone }).waitFor();
  await web.go(`/sagas/${orderId}`);
  await page.getByText(words.sagas.status.compensated, { exact: true }).waitFor();
  await web.go("/dead-letters");
  const look = `${words.deadLetters.look}: user.registered ${position}`;
  await page.getByRole("button", { name: look }).click();
  await page.getByText("made for this test").last().waitFor();
  await page.getByRole("button", { name: words.deadLetters.replay }).click();
  await page.getByText(words.deadLetters.none).waitFor(poll);
  const reason = `as ${page.viewportSize()?.width} in ${words.app.name}: ${orderId}`;
  await web.go(`/orders/${paidOrderId}`);
  await page.getByRole("button", { name: words.orders.refund }).click();
  await page.getByLabel(words.orders.refundAmount).fill("0.01");
  await page.getByLabel(words.orders.reason).fill(reason);
  await page.getByRole("button", { name: words.orders.refund }).last().click();
  await page.getByText(words.orders.back).waitFor();
  await web.go("/audit");
  await page.getByText(reason).first().waitFor();
  await page.getByText(words.act.deadLetters.replay).first().waitFor();
  expect(await web.overflow()).toBeLessThanOrEqual(0);
  await cell.admin.mutate("hosts.remove", { hostId: host.hostId, reason: "told" });
}

/** Adds a host by the page's command: that it is there is seen by itself. */
async function enrols(web: Dashboard, cell: Cell): Promise<HostByHand> {
  const { page, words } = web;
  const name = `rack-${web.name}`;
  await web.go("/hosts");
  await page.getByRole("button", { name: words.hosts.add }).first().click();
  await page.getByLabel(words.hosts.name, { exact: true }).fill(name);
  const command = page.locator("code", { hasText: "install/agent.sh" });
  const make = page.getByRole("button", { name: words.hosts.makeCommand });
  // Again, as a person would, when the machine's interfaces changed under the request.
  for (let tries = 1; tries <= 3 && !(await command.isVisible()); tries++) {
    await make.click();
    await command.waitFor({ timeout: 10_000 }).catch(() => undefined);
  }
  const [, token = ""] = / --token (\S+) --name /.exec(await command.innerText()) ?? [];
  const host = await HostByHand.enroll(cell, { token, name });
  await page.getByRole("button", { name: words.app.close }).last().click();
  const row = page.getByRole("row").filter({ hasText: name });
  await row.getByText(words.hosts.state.connected, { exact: true }).waitFor(poll);
  return host;
}
