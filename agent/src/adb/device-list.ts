/** One line of `adb devices -l`. */
export interface SeenDevice {
  /** Empty when the phone has none. Two phones may have the same. */
  readonly serial: string;
  /** As adb says it: device, offline, unauthorized, authorizing, connecting, recovery, sideload, bootloader, "no permissions (…)". */
  readonly state: string;
  /** Where it is plugged in: "usb:1-2.3"; null for one on TCP and for an emulator. */
  readonly path: string | null;
  readonly model: string | null;
}

/**
 * Reads the answer to `host:devices-l` (AOSP packages/modules/adb/transport.cpp, append_transport): the serial, the state, which has blanks in
 * it when the reason is given, then the path and `name:value` pairs. Pure.
 */
export function parseDeviceList(text: string): SeenDevice[] {
  return text
    .split("\n")
    .map((line) => /^(\(no serial number\)|\S+)\s+(\S.*)$/.exec(line.trimEnd()))
    .filter((match) => match !== null)
    .map(([, serial = "", rest = ""]) => {
      const about = rest.search(/\s(usb|product|model|device|transport_id):/);
      const state = (about === -1 ? rest : rest.slice(0, about)).trim();
      const pair = (name: string): string | null =>
        new RegExp(`\\s${name}:(\\S+)`).exec(rest.slice(state.length))?.[1] ?? null;
      const port = pair("usb");
      return {
        // A phone that may not be opened is listed with question marks.
        serial: /^(\(no serial number\)|\?+)$/.test(serial) ? "" : serial,
        state,
        path: port === null ? null : `usb:${port}`,
        model: pair("model")?.replaceAll("_", " ") ?? null,
      };
    });
}
