import type { ShellContext } from "../shell.ts";

/** `dumpsys battery [set level|temp|status|ac|usb N | unplug | reset]`, as Android's own; temperature in tenths of a degree. */
export async function dumpBattery({ phone, args, out }: ShellContext): Promise<number> {
  const [, verb, name = "", value = ""] = args;
  const { battery } = phone;
  if (verb === "reset") phone.battery = { ...fullBattery };
  else if (verb === "unplug") battery.ac = 0;
  else if (verb === "set") {
    if (!Object.hasOwn(battery, name) || !/^-?\d+$/.test(value)) {
      await out(`Unknown set option: ${name}\n`);
      return 1;
    }
    battery[name as keyof Battery] = Number(value);
  } else
    await out(
      `Current Battery Service state:\n  AC powered: ${battery.ac === 1}\n  USB powered: false\n  status: ${battery.status}\n  present: true\n  level: ${battery.level}\n  scale: 100\n  temperature: ${battery.temp}\n`,
    );
  return 0;
}

export interface Battery {
  ac: number;
  level: number;
  temp: number;
  status: number;
}

export const fullBattery: Readonly<Battery> = { ac: 1, level: 100, temp: 250, status: 5 };
