import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { browserMissing, executablePath, openBrowser } from "./browser.ts";
import { Cell } from "./cell.ts";
import { isPaper, places } from "./live-screen.ts";
import { turnMissing, TurnServer } from "./turn-server.ts";
import { netMissing, ViewersNet } from "./viewers-net.ts";
import { prepareScreens, WebPage } from "./web-page.ts";

const missing = browserMissing ?? turnMissing ?? netMissing;
if (missing && process.env.CI === "true") throw new Error(missing);
const poll = { timeout: 60_000, interval: 50 };

describe.skipIf(missing)(`a viewer whose network lets no UDP out${missing ?? ""}`, () => {
  test("sees by TURN over TCP, by the hub when that goes away, and touches the phone by both", async () => {
    await using net = await ViewersNet.open();
    const secret = randomBytes(16).toString("hex");
    const address = net.hostAddress;
    await using turn = await TurnServer.start({ secret, address, relayAddress: address });
    const env = {
      agent: await prepareScreens(),
      hub: {
        CLOUDPHONE_HOST: "0.0.0.0",
        CLOUDPHONE_TURN_URL: turn.url,
        CLOUDPHONE_TURN_SECRET: secret,
      },
    };
    await using cell = await Cell.start({ env });
    await cell.hostReady();
    await cell.buy("Hourly");
    const baseURL = `http://${address}:${new URL(cell.url).port}`;
    const browser = await openBrowser({
      launcher: await net.launcher(executablePath),
      // Decoding in the page is for pages that came over HTTPS, as a hub's pages do that is not on loopback.
      args: [`--unsafely-treat-insecure-origin-as-secure=${baseURL}`],
    });
    try {
      const account = (await cell.accounts()).demo;
      await using web = await WebPage.open({ browser, cell, account, context: { baseURL } });
      const [phone] = await cell.customer.query<{ deviceId: string }[]>("devices.list");
      const isApp = async () => isPaper(await web.screen.pixel(places.middle));
      await web.openPhone(phone?.deviceId ?? "");
      await expect.poll(() => web.path(), poll).toBe("turn");
      await web.screen.tap(places.notes);
      await expect.poll(isApp, poll).toBe(true);
      await turn[Symbol.asyncDispose]();
      await expect.poll(() => web.path(), poll).toBe("relay");
      await web.page.getByText("the picture comes through the hub").waitFor();
      await web.screen.press("Home");
      await expect.poll(isApp, poll).toBe(false);
    } finally {
      await browser.close();
    }
  }, 240_000);
});
