import type { SeenDevice } from "../../adb/device-list.ts";
import type { Claim } from "./claims.ts";
import type { UsbConfig } from "./config.ts";

/** A phone that is for rent, as the adb server sees it. */
export interface Phone extends SeenDevice {
  /** Tells it from every other while it stays where it is: its serial, or its place when the serial is not its own. */
  readonly key: string;
  /** What the adb server takes for it: the serial, or "usb:1-2". */
  readonly address: string;
  /** Reached by `adb connect`. */
  readonly tcp: boolean;
  /** Why it can't be used, in words with what to do; null when adb says it can. */
  readonly problem: string | null;
}

/** Of all that the adb server sees, what the operator put up for rent. Pure. */
export function phonesForRent(seen: readonly SeenDevice[], config: UsbConfig): Phone[] {
  const all = config.phones.includes("all");
  const offered = seen.filter(
    ({ serial, path }) =>
      config.targets.includes(serial) ||
      (serial !== "" && config.phones.includes(serial)) ||
      (all && path !== null),
  );
  return offered.map((device) => {
    const twin = seen.filter(({ serial }) => serial === device.serial).length > 1;
    const byPlace = device.path !== null && (twin || device.serial === "");
    const key = byPlace ? (device.path ?? "") : device.serial;
    const tcp = config.targets.includes(device.serial);
    return { ...device, key, address: key, tcp, problem: problemOf(device) };
  });
}

/** The phone of a claim, also when it was plugged in elsewhere; or in words why it can't be told. Pure. */
export function locate(
  claim: Pick<Claim, "serial" | "path">,
  phones: readonly Phone[],
): Phone | string {
  const here = phones.filter(({ path }) => path !== null && path === claim.path);
  if (claim.serial === "") return here[0] ?? away(claim);
  const same = phones.filter(({ serial }) => serial === claim.serial);
  const [only, ...others] = same;
  if (!only) {
    // A phone that may not be opened shows no serial; at its own place it is taken for what was there.
    const unread = here.find(({ serial }) => serial === "");
    return unread ?? away(claim);
  }
  if (others.length === 0) return only;
  return (
    same.find(({ path }) => path === claim.path) ??
    `${same.length} phones here have the serial ${claim.serial}, and none is where this one was (${claim.path}): plug it in there.`
  );
}

const away = ({ serial, path }: Pick<Claim, "serial" | "path">): string =>
  path === null
    ? `Nothing answers at ${serial}.`
    : `The phone ${serial || "without a serial"} is unplugged; it was last at ${path}.`;

/**
 * Whether a phone may be the one of a claim: it has its serial, and no phone with that serial is where the claim's was. So of twins that were plugged in
 * elsewhere none is free: one of them may hold a customer's data. Pure.
 */
export function mayBe(
  claim: Pick<Claim, "serial" | "path">,
  phone: Phone,
  phones: readonly Phone[],
): boolean {
  if (claim.serial !== phone.serial) return false;
  const inPlace = phones.some(
    ({ serial, path }) => serial === claim.serial && path === claim.path && path !== null,
  );
  return !inPlace || phone.path === claim.path;
}

/** What keeps adb from a phone in this state, and what a person does about it. */
function problemOf({ state, serial, path }: SeenDevice): string | null {
  const name = serial || path || "a phone";
  if (state === "device") return null;
  if (state === "unauthorized")
    return `${name} has not allowed this host: unlock it, accept "Allow USB debugging" on its screen and tick "Always allow".`;
  if (state.startsWith("no permissions"))
    return `${name} may not be opened: add a udev rule for it (apt-get install android-sdk-platform-tools-common) and the agent's user to the group plugdev, then plug it in again.`;
  if (state === "offline") return `${name} is there and does not answer adb; it is reconnected.`;
  if (state === "authorizing" || state === "connecting") return `${name} is being connected.`;
  if (/^(recovery|sideload|bootloader|rescue|host)$/.test(state))
    return `${name} is in ${state} mode, not in Android: restart it.`;
  return `${name} can't be used: adb says "${state}".`;
}
