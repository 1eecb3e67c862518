import path from "node:path";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { en } from "../web/src/i18n/en.ts";
import type { Texts } from "../web/src/i18n/same-keys.ts";
import { zhCN } from "../web/src/i18n/zh-cn.ts";
import { openAt, ofTheMachine } from "./browser.ts";
import type { Account, Cell } from "./cell.ts";
import { LiveScreen } from "./live-screen.ts";
import { enter } from "./signed-in.ts";

const languages = { en: { locale: "en-US", words: en }, zh: { locale: "zh-CN", words: zhCN } };
const heights = { 1440: 900, 390: 844 };

/** One of the eight ways in which the page can be: language, theme and width. */
export interface Look {
  readonly name: string;
  /** All that the page says in its language. */
  readonly words: Texts;
  readonly context: {
    readonly locale: string;
    readonly colorScheme: "light" | "dark";
    readonly viewport: { readonly width: number; readonly height: number };
  };
}

function lookOf(
  language: keyof typeof languages,
  colorScheme: "light" | "dark",
  width: keyof typeof heights,
): Look {
  const { locale, words } = languages[language];
  const context = { locale, colorScheme, viewport: { width, height: heights[width] } };
  return { name: `${language}-${colorScheme}-${width}`, words, context };
}

export const looks = {
  english: lookOf("en", "light", 1440),
  chinesePhone: lookOf("zh", "dark", 390),
} as const satisfies Record<string, Look>;

/** Four of the eight, in which each two of language, theme and width meet: what goes wrong by one of them, or by two together, is seen in one of these. */
export const pairedLooks: readonly Look[] = [
  looks.english,
  lookOf("zh", "dark", 1440),
  lookOf("zh", "light", 390),
  lookOf("en", "dark", 390),
];

export const allLooks: readonly Look[] = [
  ...pairedLooks,
  lookOf("en", "light", 390),
  looks.chinesePhone,
  lookOf("zh", "light", 1440),
  lookOf("en", "dark", 1440),
];

/** A text of the page's, whatever stands in its gaps: `gaps` are what is looked for in them, one after the other. */
export function saying(text: string, ...gaps: readonly string[]): RegExp {
  const [first = "", ...rest] = text.split(/\{\{\w+\}\}/).map(RegExp.escape);
  return new RegExp(`^${rest.reduce((all, part, at) => all + (gaps[at] ?? ".+") + part, first)}$`);
}

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
  #look: Look;
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
  static async open(opening: Opening): Promise<Dashboard> {
    const opened = await Dashboard.arrive(opening);
    await opened.enter(opening.account);
    return opened;
  }

  /** Comes to the page in a window of its own; it asks who one is. */
  static async arrive({ browser, cell, look }: Omit<Opening, "account">): Promise<Dashboard> {
    const window = await browser.newContext({ baseURL: cell.url, ...look.context });
    const opened = new Dashboard(await window.newPage(), look, () => window.close());
    await opened.#count();
    await openAt(opened.page, "/", opened.page.locator("input[type=email]"));
    return opened;
  }

  /** Signs in where the page asks for it. */
  async enter(account: Account): Promise<void> {
    await enter(this.page, account);
    await this.settled();
  }

  /** Of how it looks. */
  get name(): string {
    return this.#look.name;
  }

  /** What the page says, in its language. */
  get words(): Texts {
    return this.#look.words;
  }

  /** Has the page that is open look another way, as by the language's button, the system's theme and the window's edge. */
  async change(to: Look): Promise<void> {
    const { page } = this;
    const from = this.#look;
    const { viewport, colorScheme } = to.context;
    this.#look = to;
    if (from.context.viewport.width !== viewport.width) await page.setViewportSize(viewport);
    if (from.context.colorScheme !== colorScheme) await page.emulateMedia({ colorScheme });
    if (from.words !== to.words) {
      const other = to.words === en ? "zh-CN" : "en";
      await page.evaluate(`document.querySelector("button[lang]").click()`);
      await page.locator(`button[lang="${other}"]`).waitFor();
    }
    await page.evaluate(
      "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
    );
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

  /**
   * Resolves once what was opening, closing or changing its colour has done so; what turns for ever is not waited for. Looked at frame by frame: the promise of an
   * animation whose element goes meanwhile is never kept.
   */
  async rested(): Promise<void> {
    await this.page.evaluate(`new Promise((done) => {
      const isMoving = ({ playState, effect }) =>
        playState === "running" && effect?.getComputedTiming().endTime !== Infinity;
      const look = () => document.getAnimations().some(isMoving) ? requestAnimationFrame(look) : done();
      look();
    })`);
  }

  /** Pixels by which the page is wider than its window. */
  overflow(): Promise<number> {
    return this.page.evaluate("document.documentElement.scrollWidth - window.innerWidth");
  }

  /**
   * What keeps people from using the page once it rests, as far as axe calls it serious or critical: on its way in or out, a thing has colours that nobody is to
   * read. `only`: a rule of axe's.
   */
  async barriers(only?: string): Promise<string[]> {
    await this.rested();
    if (!(await this.page.evaluate("'axe' in window"))) await this.page.evaluate(axe.source);
    const options = { resultTypes: ["violations"], ...(only !== undefined && { runOnly: [only] }) };
    return this.page.evaluate(`axe
      .run(document, ${JSON.stringify(options)})
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
