import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { openAt } from "./browser.ts";
import type { Account, Cell } from "./cell.ts";

/** Signs in where the page asks for it, in any language. */
export async function enter(page: Page, account: Account): Promise<void> {
  await page.locator("input[type=email]").fill(account.email);
  await page.locator("input[type=password]").fill(account.password);
  await page.locator("button[type=submit]").click();
  await page.locator("h1.page-title").waitFor();
}

/**
 * Windows in which somebody has signed in, one for each account and look, for as long as their browser is open. To load and run all of the page in a new window
 * takes two seconds of processor time; another tab of one that has it takes a quarter.
 */
export class SignedInWindows {
  readonly #browser: Browser;
  readonly #cell: Cell;
  readonly #windows = new Map<string, Promise<BrowserContext>>();

  constructor(browser: Browser, cell: Cell) {
    this.#browser = browser;
    this.#cell = cell;
  }

  /** An empty tab. */
  async tab(account: Account, look: BrowserContextOptions): Promise<Page> {
    const key = JSON.stringify([account.email, look]);
    const window = this.#windows.get(key) ?? this.#open(account, look);
    this.#windows.set(key, window);
    return (await window).newPage();
  }

  async #open(account: Account, look: BrowserContextOptions): Promise<BrowserContext> {
    const window = await this.#browser.newContext({ baseURL: this.#cell.url, ...look });
    const first = await window.newPage();
    await openAt(first, "/", first.locator("input[type=email]"));
    await enter(first, account);
    await first.close();
    return window;
  }
}
