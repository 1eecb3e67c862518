import type { Battery } from "@cloudphone/shared/device";
import type { AdbDevice, ShellOptions } from "../../adb/adb.ts";

/** What is known of it besides what the hub is told. */
export interface PhoneBattery extends Battery {
  /** On power, whether or not it takes any. */
  readonly powered: boolean;
}

/** What `dumpsys battery` prints (AOSP BatteryService.dump): temperature in tenths of a degree, status 2 is charging. Null for a device without a battery. */
export function parseBattery(printed: string): PhoneBattery | null {
  const number = (name: string): number | null => {
    const found = new RegExp(`^\\s*${name}: (-?\\d+)`, "m").exec(printed)?.[1];
    return found === undefined ? null : Number(found);
  };
  const level = number("level");
  const scale = number("scale") || 100;
  const temperature = number("temperature");
  if (level === null || temperature === null || /^\s*present: false/m.test(printed)) return null;
  return {
    percent: Math.round((level * 100) / scale),
    temperatureC: temperature / 10,
    powered: /^\s*(AC|USB|Wireless|Dock) powered: true/m.test(printed),
    charging: number("status") === 2,
  };
}

export interface ChargeBounds {
  readonly chargeFrom: number;
  readonly chargeTo: number;
  readonly maxTemperatureC: number;
}

/** Whether it should take power now; null: leave it as it is. Between the bounds nothing is changed, so it does not flutter. Pure. */
export function wantsCharging(battery: Battery, bounds: ChargeBounds): boolean | null {
  if (battery.percent >= bounds.chargeTo || battery.temperatureC > bounds.maxTemperatureC)
    return false;
  return battery.percent <= bounds.chargeFrom ? true : null;
}

/** Files of the kernel's charger that a rooted phone lets us write, and what each takes for on and off. */
const switches: ReadonlyArray<readonly [file: string, on: string, off: string]> = [
  ["/sys/class/power_supply/battery/charging_enabled", "1", "0"],
  ["/sys/class/power_supply/battery/input_suspend", "0", "1"],
  ["/sys/class/power_supply/battery/batt_slate_mode", "0", "1"],
];

/** Switches a rooted phone's charging on or off; false where the phone does not let anybody. */
export async function setCharging(
  device: Pick<AdbDevice, "shell">,
  on: boolean,
  options: ShellOptions,
): Promise<boolean> {
  const root = await rootPrefix(device, options);
  if (root === null) return false;
  for (const [file, yes, no] of switches) {
    const line = `test -f ${file} && echo ${on ? yes : no} > ${file}`;
    if ((await device.shell([...root, "sh", "-c", line], options)).exitCode === 0) return true;
  }
  return false;
}

/** Nothing when adb itself is root, `su 0` where that works, null without root. */
async function rootPrefix(
  device: Pick<AdbDevice, "shell">,
  options: ShellOptions,
): Promise<string[] | null> {
  for (const prefix of [[], ["su", "0"]]) {
    const { output, exitCode } = await device.shell([...prefix, "id"], options);
    if (exitCode === 0 && output.startsWith("uid=0(")) return prefix;
  }
  return null;
}
