import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startI18n } from "./i18n/i18n.ts";
import type { FirstTexts } from "./i18n/texts.ts";
import { Page } from "./routes/page.tsx";
import { router } from "./routes/router.tsx";

/** Draws the page. Where its address leads is known by then: nothing is drawn twice. */
export async function open(root: HTMLElement, { language, loaded }: FirstTexts): Promise<void> {
  await Promise.all([startI18n(language, loaded), router.load()]);
  createRoot(root).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
}
