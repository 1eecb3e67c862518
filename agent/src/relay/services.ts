/** What a session may do on its device. */
export interface Rights {
  /** May also restart the device's adb daemon with other rights. */
  readonly staff: boolean;
}

export type ServiceVerdict =
  | { readonly kind: "pass" }
  /** `reverse:`, which must not reach the host's adb server: it would connect to ports of the host. The tunnel does it itself. */
  | { readonly kind: "reverse"; readonly request: string }
  | { readonly kind: "refuse"; readonly why: string };

const maxServiceBytes = 32 * 1024;

const pass: ServiceVerdict = { kind: "pass" };
const refuse = (why: string): ServiceVerdict => ({ kind: "refuse", why });

/** Services that act on the device alone, by what must follow their name (AOSP packages/modules/adb/SERVICES.TXT and daemon/services.cpp). */
const allowed: readonly RegExp[] = [
  // A command line is the device's own affair; the flags before it are words, not another service.
  /^shell(,[A-Za-z0-9_=.,+-]{0,200})?:/,
  /^exec:/,
  /^abb(_exec)?:/,
  /^sync:$/,
  /^framebuffer:$/,
  /^jdwp:\d{1,10}$/,
  /^track-(jdwp|app)$/,
  // A socket of the device. With a third part (`tcp:PORT:HOST`) adbd would connect to another machine from the host's network.
  /^tcp:(6553[0-5]|655[0-2]\d|65[0-4]\d{2}|6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3})$/,
  /^local(abstract|reserved|filesystem)?:[^\0]{1,200}$/,
  // Plain: into a boot loader or recovery nobody could bring it back from afar.
  /^reboot:$/,
];

const staffOnly = /^(root|unroot|remount|disable-verity|enable-verity):/;

/**
 * Whether a service that the client asks for may be opened on the device. Pure. Everything that is not known to stay on the device is refused: `host:…`
 * would speak to the host's adb server and so to other devices, `tcpip:`, `usb:` and `reconnect` would take the device from its host, `vsock:` and
 * `tcp:PORT:HOST` would reach other machines.
 */
export function judgeService(service: string, rights: Rights): ServiceVerdict {
  if (Buffer.byteLength(service) > maxServiceBytes) return refuse("the service's name is too long");
  // abb parts its arguments by NUL (AOSP packages/modules/adb/client/adb_install.cpp); nothing else has any.
  if (service.includes("�") || (service.includes("\0") && !/^abb(_exec)?:/.test(service)))
    return refuse("the service's name is not text");
  if (service.startsWith("reverse:"))
    return { kind: "reverse", request: service.slice("reverse:".length) };
  if (staffOnly.test(service))
    return rights.staff ? pass : refuse("only an operator may change the device's daemon");
  return allowed.some((pattern) => pattern.test(service))
    ? pass
    : refuse("the service does not stay on the device");
}

/** Features whose services pass; what else a device can do is not told to the client. */
const knownFeatures = new Set([
  "shell_v2",
  "cmd",
  "stat_v2",
  "ls_v2",
  "fixed_push_mkdir",
  "fixed_push_symlink_timestamp",
  "apex",
  "abb",
  "abb_exec",
  "sendrecv_v2",
  "sendrecv_v2_brotli",
  "sendrecv_v2_lz4",
  "sendrecv_v2_zstd",
  "sendrecv_v2_dry_run_send",
  "track_app",
]);

/** Of what a device says it can do, what the tunnel lets through. Pure. */
export const passedFeatures = (features: readonly string[]): string[] =>
  features.filter((feature) => knownFeatures.has(feature));
