import path from "node:path";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { openAt, ofTheMachine } from "./browser.ts";
import type { Account, Cell } from "./cell.ts";
import { LiveScreen } from "./live-screen.ts";
import { signIn } from "./signed-in.ts";

export interface Look {
  readonly name: string;
  readonly context: BrowserContextOptions;
}

/** Two of the eight in which the page can be: together they have both languages, both themes and both widths. */
export const looks = {
  english: {
    name: "en-light-1440",
    context: { locale: "en-US", colorScheme: "light", viewport: { width: 1440, height: 900 } },
  },
  chinesePhone: {
    name: "zh-dark-360",
    context: { locale: "zh-CN", colorScheme: "dark", viewport: { width: 360, height: 780 } },
  },
} as const satisfies Record<string, Look>;

interface Opening {
  readonly browser: Browser;
  readonly cell: Cell;
  readonly account: Account;
  readonly look: Look;
}

/** A browser's page of somebody who has signed in. What its page complains of, and requests that failed, are kept. */
export class Dashboard implements AsyncDisposable {
  readonly page: Page;
  readonly screen: LiveScreen;
  readonly #look: Look;
  readonly #troubles: string[] = [];
  #bytes = 0;
  readonly #close: () => Promise<void>;

  private constructor(page: Page, look: Look, close: () => Promise<void>) {
    this.page = page;
    this.#close = close;
    this.screen = new LiveScreen(page);
    this.#look = look;
    page.on("pageerror", (error) => this.#troubles.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.#troubles.push(message.text());
    });
    page.on("response", (response) => {
      if (response.status() >= 400) this.#troubles.push(`${response.status()} ${response.url()}`);
    });
  }

  /** In a window of its own, where nothing was loaded before. */
  static async open({ browser, cell, account, look }: Opening): Promise<Dashboard> {
    const window = await browser.newContext({ baseURL: cell.url, ...look.context });
    const opened = new Dashboard(await window.newPage(), look, () => window.close());
    await opened.#count();
    await signIn(opened.page, account);
    await opened.settled();
    return opened;
  }

  /** In a tab of a window where somebody has signed in. */
  static async inTab(tab: Page, look: Look): Promise<Dashboard> {
    const opened = new Dashboard(tab, look, () => tab.close());
    await openAt(tab, "/", tab.locator("h1.page-title"));
    await opened.settled();
    return opened;
  }

  async #count(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send("Network.enable");
    session.on("Network.loadingFinished", ({ encodedDataLength }) => {
      this.#bytes += encodedDataLength;
    });
  }

  /** What was sent to the page since its window was opened, packed as it was sent. */
  bytes(): number {
    return this.#bytes;
  }

  /** Goes to another address without loading the page anew, as its links do; resolves once the title of what is there has taken the place of the one before. */
  async go(to: string): Promise<void> {
    if (new URL(this.page.url()).pathname === to) return;
    await this.page.evaluate(`{
      document.querySelector("main h1")?.setAttribute("data-left", "");
      window.history.pushState({}, "", ${JSON.stringify(to)});
      window.dispatchEvent(new PopStateEvent("popstate"));
    }`);
    await this.page.locator("main h1:not([data-left])").waitFor();
  }

  heading(words: string): Promise<void> {
    return this.page.getByRole("heading", { level: 1 }).getByText(words, { exact: true }).waitFor();
  }

  /** From now on as on a network of the third generation: 1.6 Mbit/s, 150 ms for each round trip, and nothing cached. */
  async slowDown(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send("Network.enable");
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    const throughput = 1_600_000 / 8;
    await session.send("Network.emulateNetworkConditions", {
      ...{ offline: false, latency: 150 },
      ...{ downloadThroughput: throughput, uploadThroughput: throughput },
    });
  }

  /** Resolves once nothing is loading any more. */
  async settled(): Promise<void> {
    await this.page.locator("main .skeleton").first().waitFor({ state: "detached" });
  }

  /** Resolves once what was opening, closing or changing its colour has done so; what turns for ever is not waited for. */
  async rested(): Promise<void> {
    await this.page.evaluate(`Promise.allSettled(document.getAnimations()
      .filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
      .map(({ finished }) => finished))`);
  }

  /** Pixels by which the page is wider than its window. */
  overflow(): Promise<number> {
    return this.page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
  }

  /** What keeps people from using the page once it rests, as far as axe calls it serious or critical: on its way in or out, a thing has colours that nobody is to read. */
  async barriers(): Promise<string[]> {
    await this.rested();
    if (!(await this.page.evaluate("'axe' in window"))) await this.page.evaluate(axe.source);
    return this.page.evaluate(`axe
      .run(document, { resultTypes: ["violations"] })
      .then(({ violations }) => violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => id + ": " + nodes.slice(0, 3).map(({ html, any }) =>
          html.slice(0, 150) + " " + (any[0]?.message ?? "")).join(" | ")))`);
  }

  async take(folder: string, name: string): Promise<void> {
    await this.page.screenshot({ path: path.join(folder, `${name}-${this.#look.name}.png`) });
  }

  /** What the page's console and its requests have complained of, but for what was to be expected. */
  troubles(expected: RegExp = ofTheMachine): string[] {
    return this.#troubles.filter(
      (trouble) => !expected.test(trouble) && !ofTheMachine.test(trouble),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
