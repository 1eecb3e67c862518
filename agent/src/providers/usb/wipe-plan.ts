import { type Contents, type Namespace, namespaces } from "./contents.ts";

export type SettingChange = readonly [Namespace, string, string | null];

/**
 * Settings that Android itself writes while it runs (counters, times, what it measured): they hold nothing of a customer and can't be kept at a value.
 * android_id is no rest of a customer but is given anew.
 */
const livesOnItsOwn =
  /(_count|_time|_timestamp|_ts|_ms|last_|_last|_token|_version|_uptime|_history|netstats|ntp_|wifi_scan|battery_|low_battery|screen_brightness$|^android_id$|^boot_|^device_provisioned$|^Phenotype|^next_alarm)/i;

/** Files that Android makes again by itself in empty folders. */
const madeAgain = /\/(\.nomedia|\.database_uuid|\.thumbnails\/.*|journal)$/;

/** Data of these is Android's own: the settings that hold adb open, the keyboard and screen that are needed to use the phone, the line adb comes in by. */
const untouchable =
  /^(android|com\.android\.(providers\.settings|systemui|shell|settings|phone|bluetooth|nfc|networkstack.*|permissioncontroller|provision|se|keychain|wifi.*|connectivity.*|inputmethod.*))$/;

/** Holders of what people leave behind that show no icon. */
const holders = [
  "com.android.providers.contacts",
  "com.android.providers.calendar",
  "com.android.providers.telephony",
  "com.android.providers.userdictionary",
  "com.android.providers.blockednumber",
  "com.android.providers.downloads",
  "com.android.providers.media",
  "com.android.providers.media.module",
  "com.google.android.providers.media.module",
  "com.google.android.gms",
  "com.google.android.gsf",
  "com.android.vending",
];

/** Settings to change so that they are what they were; null deletes one. Pure. */
export function settingChanges(baseline: Contents, now: Contents): SettingChange[] {
  return namespaces.flatMap((namespace) => {
    const before = baseline.settings[namespace];
    const after = now.settings[namespace];
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names
      .filter((name) => before[name] !== after[name] && !livesOnItsOwn.test(name))
      .map((name): SettingChange => [namespace, name, before[name] ?? null]);
  });
}

/** Packages whose data goes: those with an icon, and the known holders; never what the phone needs to stay reachable. Pure. */
export function packagesToClear(
  baseline: Contents,
  { installed, withIcon }: { installed: readonly string[]; withIcon: readonly string[] },
): string[] {
  const wanted = new Set([...withIcon, ...baseline.packages, ...holders]);
  return installed.filter((name) => wanted.has(name) && !untouchable.test(name));
}

/** What is left of a customer, in words; empty when nothing is. Pure. */
export function leftovers(baseline: Contents, now: Contents): string[] {
  const added = (before: readonly string[], after: readonly string[]): string[] =>
    after.filter((one) => !before.includes(one));
  const files = now.files.filter((file) => !madeAgain.test(file));
  return [
    ...added(baseline.packages, now.packages).map((name) => `the app ${name}`),
    ...(files.length > 0 ? [`${files.length} files (${files[0]})`] : []),
    ...settingChanges(baseline, now).map(([namespace, name]) => `the setting ${namespace} ${name}`),
    ...added(baseline.accounts, now.accounts).map((account) => `the account ${account}`),
    ...(now.timeZone === baseline.timeZone ? [] : [`the time zone ${now.timeZone}`]),
    ...(now.locale === baseline.locale ? [] : [`the language ${now.locale}`]),
    ...(now.screenLock === true && baseline.screenLock !== true ? ["a screen lock"] : []),
  ];
}
