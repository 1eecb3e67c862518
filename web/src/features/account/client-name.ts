/** In this order: the browsers that call themselves Chrome or Safari as well come before these. */
const browsers = [
  ["Edge", /\bEdg(?:e|A|iOS)?\//],
  ["Opera", /\bOPR\//],
  ["WeChat", /\bMicroMessenger\//],
  ["Firefox", /\b(?:Firefox|FxiOS)\//],
  ["Chrome", /\b(?:HeadlessChrome|Chrome|CriOS)\//],
  ["Safari", /\bSafari\//],
] as const;
const systems = [
  ["Android", /\bAndroid\b/],
  ["iOS", /\b(?:iPhone|iPad)\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMac OS X\b/],
  ["Linux", /\bLinux\b/],
] as const;

const firstOf = (list: readonly (readonly [string, RegExp])[], text: string): string | undefined =>
  list.find(([, sign]) => sign.test(text))?.[0];

/** What people call a program by its User-Agent: "Chrome · Windows". What is no known browser is called as it calls itself. Pure. */
export function clientName(userAgent: string): string {
  const browser = firstOf(browsers, userAgent);
  if (browser === undefined) return userAgent;
  const system = firstOf(systems, userAgent);
  return system === undefined ? browser : `${browser} · ${system}`;
}
