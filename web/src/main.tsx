import "./styles.css";
import "./ui/pages.css";
import { firstTexts } from "./i18n/texts.ts";
import { signIn } from "./sign-in.ts";

const reloadedKey = "cloudphone.reloaded";
const leastBetweenMs = 60_000;

// The hub was upgraded, and a part of the page that was not loaded yet is gone: the new page has its own. One that lacks it as well
// is not helped by being loaded over and over: then the reader is told.
window.addEventListener("vite:preloadError", () => {
  const reloadedMs = Number(sessionStorage.getItem(reloadedKey));
  if (Date.now() - reloadedMs < leastBetweenMs) return;
  sessionStorage.setItem(reloadedKey, String(Date.now()));
  window.location.reload();
});

// Both are asked for while the rest of the page is still being read. Should the sign-in's renewal fail, whoever needs it asks again.
signIn.token().catch(() => null);
const texts = firstTexts();
const { open } = await import("./open.tsx");
const root = document.getElementById("root");
if (root) await open(root, await texts);
