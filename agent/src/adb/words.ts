import { Fault } from "@cloudphone/shared/fault";

const causes: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /unauthorized|authoriz/,
    "The phone has not allowed this host to use adb: unlock it and accept the dialog on its screen.",
  ],
  [
    /no permissions|insufficient permissions/,
    "This host may not open the phone's USB device: a udev rule for it is missing, or the agent's user is not in the group plugdev.",
  ],
  [/offline/, "The phone is offline to adb."],
  [/device .*not found|no devices/, "The phone is not connected to the adb server."],
  [/more than one device/, "Several phones have this serial."],
  [/ECONNREFUSED|ENOENT/, "The adb server went away."],
  [/closed/, "Nothing answers there on the phone."],
];

/** What adb or adbkit threw, in words for a person. */
export function toPhoneFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const said = error instanceof Error ? error.message : String(error);
  const words =
    causes.find(([pattern]) => pattern.test(said))?.[1] ??
    `The phone can't be reached over adb: ${said}`;
  return new Fault("unavailable", words, { cause: error });
}

/** Why the phone's sync service refused a file. */
export function fileFault(said: string, path: string): Fault {
  if (/no such file|not found/i.test(said))
    return new Fault("not_found", `${path} is not on the phone.`);
  if (/is a directory/i.test(said))
    return new Fault("bad_input", `${path} is a folder on the phone, not a file.`);
  if (/permission denied|not permitted|read-only/i.test(said))
    return new Fault("forbidden", `The phone does not let adb reach ${path}: ${said}.`);
  if (/no space/i.test(said)) return new Fault("disk_full", "The phone's storage is full.");
  return new Fault("device_failed", `The phone refused ${path}: ${said}`);
}

/** Why a file of the machine that this runs on, a host or a user's own, can't be read or written. */
export function hostFileFault(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ENOENT") return new Fault("not_found", `There is no ${path} on this machine.`);
  if (code === "EISDIR") return new Fault("bad_input", `${path} is a folder, not a file.`);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return new Fault("forbidden", `${path} may not be read or written on this machine (${code}).`);
  if (code === "ENOSPC")
    return new Fault("disk_full", "The disk of this machine is full.", { cause: error });
  return new Fault("unavailable", "The transfer broke off.", { cause: error });
}
