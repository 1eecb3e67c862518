import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { serverFileForTests } from "@cloudphone/agent/media/testing";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { ofTheMachine, openAt } from "./browser.ts";
import type { Account, Cell } from "./cell.ts";
import { LiveScreen } from "./live-screen.ts";
import { throughProxy, type UdpProxy } from "./udp-proxy.ts";

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, "..");

/** What a cell needs to show screens in a page: the page, built, and scrcpy's server, fetched once for all runs. The agent's environment. */
export async function prepareScreens(): Promise<Record<string, string>> {
  await run(path.join(root, "bin/build-web"));
  return {
    CLOUDPHONE_SCRCPY_SERVER: await serverFileForTests(),
    CLOUDPHONE_MEDIA_ADDRESSES: "127.0.0.1",
  };
}

const playingScreen = '[data-testid=screen][data-phase="playing"]';

interface Opening {
  readonly browser: Browser;
  readonly cell: Cell;
  readonly account: Account;
  readonly context?: BrowserContextOptions;
}

/** A browser's page of somebody who has signed in. What its page complains of is gathered in `complaints`. */
export class WebPage implements AsyncDisposable {
  readonly page: Page;
  readonly screen: LiveScreen;
  readonly complaints: string[] = [];

  readonly #close: () => Promise<void>;

  private constructor(page: Page, close: () => Promise<void>) {
    this.page = page;
    this.#close = close;
    this.screen = new LiveScreen(page);
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !ofTheMachine.test(message.text()))
        this.complaints.push(message.text());
    });
  }

  /** In a tab of a window where somebody has signed in: empty still. */
  static inTab(tab: Page): WebPage {
    return new WebPage(tab, () => tab.close());
  }

  /** In a window of its own. */
  static async open({ browser, cell, account, context }: Opening): Promise<WebPage> {
    const window = await browser.newContext({ locale: "en-US", baseURL: cell.url, ...context });
    const opened = new WebPage(await window.newPage(), () => window.close());
    await openAt(opened.page, "/", opened.page.getByLabel("E-mail"));
    await opened.page.getByLabel("E-mail").fill(account.email);
    await opened.page.getByLabel("Password").fill(account.password);
    await opened.page.getByRole("button", { name: "Sign in" }).click();
    await opened.page.getByRole("heading", { level: 1 }).getByText("phones").waitFor();
    return opened;
  }

  /** Opens a phone's page; resolves with the first picture. */
  async openPhone(deviceId: string, query = ""): Promise<void> {
    const playing = this.page.locator(playingScreen);
    await openAt(this.page, `/phones/${deviceId}${query}`, playing);
  }

  async playing(timeout = 30_000): Promise<void> {
    await this.page.locator(playingScreen).waitFor({ timeout });
  }

  /** From the next page on, connections have only a TURN server's candidates: none, where there is no such server. */
  async forbidDirect(): Promise<void> {
    await this.page.addInitScript(`{
      const Direct = RTCPeerConnection;
      window.RTCPeerConnection = class extends Direct {
        constructor(options) {
          super({ ...options, iceTransportPolicy: "relay" });
        }
      };
    }`);
  }

  /** From the next page on, every datagram between this page and the phones' host goes through `proxy`. */
  async goThrough(proxy: UdpProxy): Promise<void> {
    await this.page.exposeFunction("proxyDoor", (address: string, port: number) =>
      proxy.door(address, port),
    );
    await this.page.addInitScript(throughProxy);
  }

  /** Notes each phase that the screen changes to from now on; call it for those so far. */
  async notePhases(): Promise<() => Promise<string[]>> {
    await this.page.evaluate(`{
      const screen = document.querySelector("[data-testid=screen]");
      window.phases = [];
      const note = () => window.phases.push(screen.dataset.phase);
      new MutationObserver(note).observe(screen, { attributeFilter: ["data-phase"] });
    }`);
    return () => this.page.evaluate<string[]>("window.phases");
  }

  /** From now on, how loud the loudest piece of sound was that the page itself has played, 0 to 1: not what a connection brings. */
  async notePlayed(): Promise<() => Promise<number>> {
    await this.page.evaluate(`{
      window.loudest = 0;
      const { start } = AudioBufferSourceNode.prototype;
      AudioBufferSourceNode.prototype.start = function (...when) {
        for (const sample of this.buffer.getChannelData(0)) window.loudest = Math.max(window.loudest, Math.abs(sample));
        return start.apply(this, when);
      };
    }`);
    return () => this.page.evaluate<number>("window.loudest");
  }

  /** By which way the picture comes. */
  path(): Promise<string | null> {
    return this.page.getByTestId("screen").getAttribute("data-path");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
