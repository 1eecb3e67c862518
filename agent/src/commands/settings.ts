import type { Location } from "@cloudphone/shared/android";
import { Fault } from "@cloudphone/shared/fault";
import { readLocale, readProperties, readProxy, readSetting } from "../android/settings.ts";
import { readDensity, readFps, readSize } from "../android/screen.ts";
import { type Phone, withPhone } from "./phone.ts";
import type { Handlers } from "./runner.ts";

/** Keeps the outcome, an event, well under the 256 KiB of a packet. */
const maxPropertyBytes = 64 * 1024;

type SettingsCommand = Exclude<
  Extract<keyof Handlers, `device.${string}`>,
  "device.restart" | "device.screenshot"
>;

export const settingsHandlers: Pick<Handlers, SettingsCommand> = {
  "device.inspect": (_data, context) =>
    withPhone(context, async (phone) => {
      const properties = readProperties(await phone.run("getprop"));
      const [screen, locale, proxy] = await Promise.all([
        readScreen(phone),
        phone.ask("am", "get-config"),
        phone.ask("settings", "get", "global", "http_proxy"),
      ]);
      return {
        android: properties.get("ro.build.version.release") ?? "unknown",
        sdk: Number(properties.get("ro.build.version.sdk")) || 0,
        model: properties.get("ro.product.model") ?? "unknown",
        screen,
        locale: readLocale(locale.output) ?? properties.get("persist.sys.locale") ?? null,
        timeZone: properties.get("persist.sys.timezone") ?? null,
        proxy: readProxy(proxy.output),
      };
    }),
  "device.getprop": ({ prefix }, context) =>
    withPhone(context, async (phone) => {
      const properties: Record<string, string> = {};
      let bytes = 0;
      for (const [name, value] of readProperties(await phone.run("getprop"))) {
        if (!name.startsWith(prefix)) continue;
        bytes += Buffer.byteLength(name + value) + 6;
        if (bytes > maxPropertyBytes) return { properties, truncated: true };
        properties[name] = value;
      }
      return { properties, truncated: false };
    }),
  "device.setprop": ({ name, value }, context) =>
    withPhone(context, async (phone) => {
      await phone.ask("setprop", name, value);
      if ((await property(phone, name)) !== value)
        throw new Fault(
          "device_failed",
          `The phone did not take the property ${name}: it is the system's own.`,
        );
      return { name, value };
    }),
  "device.rotate": ({ rotation }, context) =>
    withPhone(context, async (phone) => {
      const autoRotate = rotation === "auto";
      await put(phone, "system accelerometer_rotation", autoRotate ? "1" : "0");
      if (!autoRotate) await put(phone, "system user_rotation", String(rotation / 90));
      return readRotation(phone);
    }),
  "device.resize": ({ size, dpi }, context) =>
    withPhone(context, async (phone) => {
      if (size !== undefined)
        await phone.run("wm", "size", size === null ? "reset" : `${size.width}x${size.height}`);
      if (dpi !== undefined) await phone.run("wm", "density", dpi === null ? "reset" : String(dpi));
      const { width, height, dpi: now } = await readScreen(phone);
      return { width, height, dpi: now };
    }),
  "device.locate": ({ location }, context) =>
    withPhone(context, async (phone) => {
      if (location) await mockLocation(phone, location);
      else await phone.run(...testProvider("remove-test-provider"));
      return { location };
    }),
  "device.locale.set": ({ locale }, context) =>
    withPhone(context, async (phone) => {
      const inForce = readLocale((await phone.ask("am", "get-config")).output);
      await put(phone, "system system_locales", locale);
      // Only root may; where it works, the next start finds both the same.
      await phone.ask("setprop", "persist.sys.locale", locale);
      return { locale, needsRestart: inForce !== locale };
    }),
  "device.timezone.set": ({ timeZone }, context) =>
    withPhone(context, async (phone) => {
      await put(phone, "global auto_time_zone", "0");
      await phone.ask("cmd", "alarm", "set-timezone", timeZone);
      // Before Android 9 the alarm service has no shell; then root may still say it.
      if ((await property(phone, "persist.sys.timezone")) !== timeZone)
        await phone.ask("setprop", "persist.sys.timezone", timeZone);
      if ((await property(phone, "persist.sys.timezone")) !== timeZone)
        throw new Fault("unsupported", "This phone's time zone can't be set over adb.");
      return { timeZone };
    }),
  "device.proxy.set": ({ proxy }, context) =>
    withPhone(context, async (phone) => {
      // Deleted, it would stay in force until the next start; ":0" ends it at once.
      await put(phone, "global http_proxy", proxy ? `${proxy.host}:${proxy.port}` : ":0");
      return { proxy };
    }),
};

const property = async (phone: Phone, name: string): Promise<string> =>
  (await phone.run("getprop", name)).replace(/\r?\n$/, "");

/** Writes a setting ("NAMESPACE KEY") and reads it again: some makers' phones say nothing when they refuse. */
async function put(phone: Phone, setting: string, value: string): Promise<void> {
  const key = setting.split(" ");
  await phone.run("settings", "put", ...key, value);
  if (readSetting(await phone.run("settings", "get", ...key)) !== value)
    throw new Fault("device_failed", `The phone did not take the setting ${setting}.`);
}

async function readRotation(phone: Phone): Promise<{ rotation: number; autoRotate: boolean }> {
  const get = async (key: string): Promise<string | null> =>
    readSetting((await phone.ask("settings", "get", "system", key)).output);
  const [auto, turns] = await Promise.all([get("accelerometer_rotation"), get("user_rotation")]);
  return { rotation: ((Number(turns) || 0) % 4) * 90, autoRotate: auto !== "0" };
}

async function readScreen(phone: Phone) {
  const [size, density, display, turned] = await Promise.all([
    phone.run("wm", "size"),
    phone.run("wm", "density"),
    phone.ask("dumpsys", "display"),
    readRotation(phone),
  ]);
  const sizes = readSize(size);
  const densities = readDensity(density);
  if (!sizes || !densities)
    throw new Fault("device_failed", "The phone did not tell the size of its screen.");
  return {
    ...sizes.effective,
    dpi: densities.effective,
    panelWidth: sizes.panel.width,
    panelHeight: sizes.panel.height,
    panelDpi: densities.panel,
    fps: readFps(display.output),
    ...turned,
  };
}

const testProvider = (verb: string): string[] => ["cmd", "location", "providers", verb, "gps"];

/** Android 12 and later take a test provider from the shell, once it may mock; older ones need an app for it. */
async function mockLocation(phone: Phone, location: Location): Promise<void> {
  const { latitude, longitude, accuracyMeters } = location;
  const place = `${latitude.toFixed(7)},${longitude.toFixed(7)}`;
  try {
    await phone.run("appops", "set", "com.android.shell", "android:mock_location", "allow");
    await phone.run(...testProvider("add-test-provider"));
    await phone.run(...testProvider("set-test-provider-enabled"), "true");
    await phone.run("cmd", "location", "set-location-enabled", "true");
    await phone.run(
      ...testProvider("set-test-provider-location"),
      "--location",
      place,
      "--accuracy",
      String(accuracyMeters),
    );
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "unsupported") throw error;
    throw new Fault(
      "unsupported",
      "This phone can't be given a location over adb: Android 12 and later can, older ones need a mock location app on the phone.",
      { cause: error },
    );
  }
}
