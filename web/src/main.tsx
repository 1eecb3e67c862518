import "./styles.css";
import "./ui/pages.css";
import { firstTexts } from "./i18n/texts.ts";
import { signIn } from "./sign-in.ts";

// The hub was upgraded, and a part of the page that was not loaded yet is gone: the new page has its own.
window.addEventListener("vite:preloadError", () => window.location.reload());

// Both are asked for while the rest of the page is still being read. Should the sign-in's renewal fail, whoever needs it asks again.
signIn.token().catch(() => null);
const texts = firstTexts();
const { open } = await import("./open.tsx");
const root = document.getElementById("root");
if (root) await open(root, await texts);
