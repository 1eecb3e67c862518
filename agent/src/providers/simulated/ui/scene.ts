import type { SimPhone } from "../phone.ts";

/** What is in the foreground of a simulated phone. */
export type Screen =
  | { readonly kind: "home" }
  /** An installed app, or the notes: what was typed into its text field. */
  | { readonly kind: "app"; readonly packageName: string; readonly text: string }
  | { readonly kind: "settings"; readonly scrolled: number }
  | { readonly kind: "contacts"; readonly scrolled: number }
  | { readonly kind: "motion" };

/** What views draw from: the phone, the size of its screen as it is turned now, and the time. */
export interface Scene {
  readonly phone: SimPhone;
  readonly width: number;
  readonly height: number;
  readonly now: Date;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export const notesPackage = "com.cloudphone.notes";

/** The apps every simulated phone comes with; they stand in the dock at the bottom of the home screen. */
export const builtInApps: readonly { packageName: string; label: string; opens: Screen }[] = [
  {
    packageName: notesPackage,
    label: "Notes",
    opens: { kind: "app", packageName: notesPackage, text: "" },
  },
  {
    packageName: "com.cloudphone.contacts",
    label: "Contacts",
    opens: { kind: "contacts", scrolled: 0 },
  },
  { packageName: "com.cloudphone.motion", label: "Motion", opens: { kind: "motion" } },
  {
    packageName: "com.android.settings",
    label: "Settings",
    opens: { kind: "settings", scrolled: 0 },
  },
];

/** The package whose activity a screen belongs to. */
export function packageOf(screen: Screen): string {
  if (screen.kind === "app") return screen.packageName;
  return (
    builtInApps.find(({ opens }) => opens.kind === screen.kind)?.packageName ??
    "com.cloudphone.home"
  );
}

/** The screen that a package opens, when it is on the phone. */
export function launch(phone: SimPhone, packageName: string): Screen | null {
  const builtIn = builtInApps.find((app) => app.packageName === packageName);
  if (builtIn) return builtIn.opens;
  return phone.disk.packages.has(packageName) ? { kind: "app", packageName, text: "" } : null;
}
