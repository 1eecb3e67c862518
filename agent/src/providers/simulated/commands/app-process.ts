import { createHash } from "node:crypto";
import { parseOptions } from "../scrcpy/options.ts";
import { runScrcpyServer } from "../scrcpy/server.ts";
import type { ShellCommand, ShellContext } from "../shell.ts";
import { absolute } from "./files.ts";

/** The official scrcpy-server 3.3.3 (PREBUILT_SERVER_SHA256 in its install_release.sh at tag v3.3.3). */
const officialSum = "7e70323ba7f259649dd4acce97ac4fefbae8102b2c6d91e2e7be613fd5354be0";

/**
 * `CLASSPATH=FILE app_process / CLASS ARG…`. The one program that a simulated phone can run is scrcpy's server, and only from the official file:
 * what was pushed is checked by its sum, so that a push that went wrong shows here as it would on a real phone.
 */
const appProcess: ShellCommand = async ({ phone, args, out, signal, variables }) => {
  const [, className, ...rest] = args;
  const jar = absolute(variables.get("CLASSPATH") ?? "");
  const bytes = phone.disk.files.get(jar);
  const sum = bytes ? createHash("sha256").update(bytes).digest("hex") : null;
  const wanted = phone.knobs.scrcpySum ?? officialSum;
  if (className !== "com.genymobile.scrcpy.Server" || sum !== wanted) {
    await out(
      `Error: could not find or load main class ${className ?? ""}: ${sum === null ? "no such file" : "not the file that was expected"}: ${jar}\n`,
    );
    return 1;
  }
  return await runServerFile(rest, { phone, signal, out, jar });
};

interface ServerFileContext extends Pick<ShellContext, "phone" | "signal" | "out"> {
  /** Where on the phone the file lies. */
  readonly jar: string;
}

/** What the official file does when it is started; `args` are those after its class. Resolves with the exit code. */
export async function runServerFile(
  args: readonly string[],
  { phone, signal, out, jar }: ServerFileContext,
): Promise<number> {
  const log = async (level: string, message: string): Promise<void> => {
    phone.log.add(level === "ERROR" ? "E" : "I", "scrcpy", message);
    await out(`[server] ${level}: ${message}\n`);
  };
  const parsed = parseOptions(args);
  if (!parsed.ok) {
    await log("ERROR", parsed.error);
    return 1;
  }
  for (const warning of parsed.warnings) await log("WARN", warning);
  const property = (name: string): string => phone.properties.get(name) ?? "";
  await log(
    "INFO",
    `Device: [${property("ro.product.manufacturer")}] ${property("ro.product.brand")} ${property("ro.product.model")} (Android ${property("ro.build.version.release")})`,
  );
  if (parsed.options.cleanup) phone.disk.files.delete(jar);
  try {
    return await runScrcpyServer(parsed.options, { phone, signal, log });
  } catch (error) {
    await log("ERROR", error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    phone.log.add("I", "scrcpy", "The server has ended");
  }
}

export const appProcessCommands: Record<string, ShellCommand> = { app_process: appProcess };
