import { access } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { chromium } from "playwright-core";

const executablePath = process.env.CLOUDPHONE_CHROMIUM ?? "/usr/bin/chromium";

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

/** Debian's Chromium, without a window. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath, args: flags, headless: true });
