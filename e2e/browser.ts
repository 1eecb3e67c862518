import { access } from "node:fs/promises";
import type { Browser, Locator, Page } from "playwright-core";
import { chromium } from "playwright-core";

export const executablePath = process.env.CLOUDPHONE_CHROMIUM ?? "/usr/bin/chromium";

/** Why there is no browser to test with; null: there is one. */
export const browserMissing = await access(executablePath).then(
  () => null,
  () => `no Chromium at ${executablePath} (apt-get install chromium, or set CLOUDPHONE_CHROMIUM)`,
);
if (browserMissing && process.env.CI === "true") throw new Error(browserMissing);

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Loopback is a way like any other, also on a machine that has nothing else.
  "--allow-loopback-in-peer-connection",
  "--disable-features=WebRtcHideLocalIpsWithMdns",
];

interface BrowserOptions {
  /** A program that runs the browser given as its last arguments. */
  readonly launcher?: string;
  readonly args?: readonly string[];
}

/** Debian's Chromium, without a window. */
export const openBrowser = ({ launcher, args = [] }: BrowserOptions = {}): Promise<Browser> =>
  chromium.launch({
    executablePath: launcher ?? executablePath,
    args: [...flags, ...args],
    headless: true,
  });

/** What a page complains of when the machine's interfaces change: nothing that it could help. A part of the page that the hub lacks would be told as a 404, too. */
export const ofTheMachine = /ERR_NETWORK_CHANGED|Failed to fetch dynamically imported module/;

const mostTries = 6;
const eachMs = 20_000;

/**
 * Opens an address; resolves once `sign` can be seen there. Chromium gives up all that it is loading when the machine's interfaces change (ERR_NETWORK_CHANGED), as they
 * do beside tests that start containers: then the page is opened once more.
 */
export async function openAt(page: Page, address: string, sign: Locator): Promise<void> {
  for (let tries = 1; ; tries++)
    try {
      await page.goto(address);
      return await sign.waitFor({ timeout: eachMs });
    } catch (error) {
      if (tries === mostTries) throw error;
    }
}
