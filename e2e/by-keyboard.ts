import type { Page } from "playwright-core";
import { expect } from "vitest";

interface Focus {
  readonly name: string;
  /** Nothing in particular has it: behind the last part of a page come the browser's own. */
  readonly isPage: boolean;
  readonly isSeen: boolean;
  /** In what lies behind a dialog. */
  readonly isOutside: boolean;
}

/** What has the focus, and whether that can be seen: by a line around it, a glow, or the note that stands on a phone's screen then. */
const focus = `(() => {
  const at = document.activeElement;
  const { outlineStyle, boxShadow } = getComputedStyle(at.closest(".ant-input-affix-wrapper, .ant-select") ?? at);
  return {
    name: (at.ariaLabel ?? at.labels?.[0]?.textContent ?? at.textContent ?? "").trim(),
    isPage: at === document.body,
    isSeen: outlineStyle !== "none" || boxShadow !== "none" || document.querySelector(".keys-hint") !== null,
    isOutside: at !== document.body && at.closest("[role=dialog]") === null,
  };
})()`;
const mostSteps = 60;

export const focusOf = (page: Page): Promise<Focus> => page.evaluate<Focus>(focus);

/** Goes by Tab until what is called so has the focus, which can be seen at every step. */
export async function tabTo(page: Page, name: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let step = 0; step < mostSteps; step++) {
    await page.keyboard.press("Tab");
    const at = await focusOf(page);
    if (at.isPage) continue;
    expect(at.isSeen, `the focus on "${at.name}"`).toBe(true);
    if (name.test(at.name)) return;
    passed.push(at.name);
  }
  throw new Error(`Tab never reaches ${name}: ${passed.join(" · ")}`);
}
