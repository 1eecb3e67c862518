import "./styles.css";
import "./ui/pages.css";
import { firstTexts } from "./i18n/texts.ts";
import { reloadForMissingPart } from "./missing-part.ts";
import { signIn } from "./sign-in.ts";

window.addEventListener("vite:preloadError", reloadForMissingPart);

// Both are asked for while the rest of the page is still being read. Should the sign-in's renewal fail, whoever needs it asks again.
signIn.token().catch(() => null);
const texts = firstTexts();
const { open } = await import("./open.tsx");
const root = document.getElementById("root");
if (root) await open(root, await texts);
