import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./styles.css";
import "./ui/pages.css";
import { startI18n } from "./i18n/i18n.ts";
import { Page } from "./routes/page.tsx";
import { signIn } from "./sign-in.ts";

// The hub was upgraded, and a part of the page that was not loaded yet is gone: the new page has its own.
window.addEventListener("vite:preloadError", () => window.location.reload());

// Asked for while the page is still being made, so that its first questions need not wait; should it fail, they ask again.
signIn.token().catch(() => null);
await startI18n();
const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
