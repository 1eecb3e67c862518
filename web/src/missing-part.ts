import { signIn } from "./sign-in.ts";

const reloadedKey = "cloudphone.reloaded";
const leastBetweenMs = 60_000;

let isComing = false;

/** True once the page is about to be loaded anew: nothing needs to be said of what it lacks. */
export const reloadIsComing = (): boolean => isComing;

/**
 * The hub was upgraded, and a part of the page that was not loaded yet is gone: the new page has its own. One that lacks it as well is not helped by being loaded over and
 * over: then the reader is told.
 */
export function reloadForMissingPart(): void {
  const reloadedMs = Number(sessionStorage.getItem(reloadedKey));
  if (isComing || Date.now() - reloadedMs < leastBetweenMs) return;
  isComing = true;
  sessionStorage.setItem(reloadedKey, String(Date.now()));
  // Not while the sign-in is being renewed: a token whose answer is lost has ended it.
  const settled = signIn.token().catch(() => null);
  void settled.then(() => window.location.reload());
}
