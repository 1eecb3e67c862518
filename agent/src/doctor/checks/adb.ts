import { byHand, type Check, fail, type Finding, ok, skipped, warn } from "../check.ts";
import type { System } from "../system.ts";

const kinds = ["docker", "usb"];

/** "Android Debug Bridge version 1.0.41": the number that client and server must share. */
const protocolOf = (stdout: string): number =>
  Number(/^Android Debug Bridge version 1\.0\.(\d+)/m.exec(stdout)?.[1]);

const program: Check = {
  id: "adb.program",
  looksAt: "adb",
  kinds,
  async look(system) {
    const asked = await system.run(["adb", "version"]);
    if (!asked)
      return fail({
        says: "there is no adb",
        why: "The agent speaks to phones through adb's server, and starts it when there is none.",
        remedy: byHand("apt-get install adb"),
      });
    const release = /^Version (\S+)/m.exec(asked.stdout)?.[1] ?? "unknown";
    return ok(`${release}, protocol ${protocolOf(asked.stdout)}`);
  },
};

/** adb's smart socket: the length in four hexadecimal digits, then the words. */
const askVersion = Buffer.from("000chost:version").toString("hex");

const server: Check = {
  id: "adb.server",
  looksAt: "adb's server",
  kinds,
  async look(system, { adbPorts }) {
    const client = await system.run(["adb", "version"]);
    const own = protocolOf(client?.stdout ?? "");
    const seen = await Promise.all(adbPorts.map((port) => lookAtServer(system, port, own)));
    return (
      seen.find(({ level }) => level === "fail") ??
      seen.find(({ level }) => level === "warn") ??
      ok(seen.map(({ says }) => says).join("; "))
    );
  },
};

async function lookAtServer(system: System, port: number, own: number): Promise<Finding> {
  const reply = await system.exchange({
    protocol: "tcp",
    host: "127.0.0.1",
    port,
    sendHex: askVersion,
  });
  if ("error" in reply && reply.error === "ECONNREFUSED")
    return ok(`not running on ${port}; it is started when it is needed`);
  const text = "error" in reply ? "" : Buffer.from(reply.replyHex, "hex").toString("latin1");
  const running = /^OKAY0004([0-9a-f]{4})$/.exec(text)?.[1];
  if (running === undefined)
    return fail({
      says: `something else than adb listens on ${port}`,
      why: "adb's server can't start there, so no phone is seen.",
      remedy: byHand(
        `ss -ltnp 'sport = :${port}'  # shows who; end it, or give the agent another adb port`,
      ),
    });
  const protocol = Number.parseInt(running, 16);
  if (!Number.isNaN(own) && own !== protocol)
    return warn({
      says: `the server on ${port} speaks protocol ${protocol}, this adb ${own}`,
      why: "Each time one of two versions is called it ends the other's server, and every phone drops out.",
      remedy: {
        command: "which -a adb  # leave one version on this machine, then: adb kill-server",
        safe: false,
        root: false,
      },
    });
  return ok(`running on ${port}, protocol ${protocol}`);
}

const usbRights: Check = {
  id: "adb.usb-rights",
  looksAt: "rights to USB phones",
  kinds: ["usb"],
  async look(system) {
    if (system.self.uid === 0) return ok("root may use all");
    const [folders, groups] = await Promise.all([
      Promise.all(
        ["/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"].map((path) =>
          system.names(path),
        ),
      ),
      system.run(["id", "-nG"]),
    ]);
    if (folders.every((names) => names === null)) return skipped("there is no udev");
    const why = "A phone on a cable is then seen as `no permissions`.";
    const rules = folders.flatMap((names) => names ?? []);
    if (!rules.some((name) => /android|adb/i.test(name)))
      return fail({
        says: "no udev rules for Android phones",
        why,
        remedy: byHand("apt-get install android-sdk-platform-tools-common && udevadm trigger"),
      });
    if (!(groups?.stdout ?? "").split(/\s+/).includes("plugdev"))
      return fail({
        says: `${system.self.user} is not in the group plugdev`,
        why,
        remedy: byHand(`usermod -aG plugdev ${system.self.user}  # then sign in anew`),
      });
    return ok("udev's rules are there, and this account is in plugdev");
  },
};

export const adbChecks: readonly Check[] = [program, server, usbRights];
