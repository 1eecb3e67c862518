import { pinned } from "../../media/scrcpy/server-file.ts";
import { byHand, type Check, fail, ok, skipped, warn } from "../check.ts";

const scrcpyServer: Check = {
  id: "screen.scrcpy-server",
  looksAt: "scrcpy's server",
  kinds: ["docker", "usb"],
  async look(system, { scrcpyServer: { file, configured } }) {
    const answer = await system.run(["sha256sum", file]);
    if (answer === null) return skipped("there is no sha256sum here to look with");
    const sum = /^\\?([0-9a-f]{64}) /.exec(answer.stdout)?.[1];
    if (sum === pinned.sha256) return ok(`${pinned.version}, as its authors released it`);
    const remedy = byHand(`curl -fLo ${file} ${pinned.url}`);
    const why = "Without it phones have no live screen; everything else works.";
    if (sum !== undefined)
      return fail({
        says: `${file} is not the official version ${pinned.version}, and is refused`,
        why: `${why} Its SHA-256 must be ${pinned.sha256}.`,
        remedy: configured ? remedy : byHand(`rm ${file}  # the agent fetches it anew`),
      });
    if (configured) return fail({ says: `there is nothing at ${file}`, why, remedy });
    return warn({
      says: "not fetched yet: the agent does it when it starts",
      why: `${why} A host that reaches neither the release nor npm needs it put there by hand.`,
      remedy: byHand(`mkdir -p ${file.replace(/\/[^/]*$/, "")} && ${remedy.command}`),
    });
  },
};

export const screenChecks: readonly Check[] = [scrcpyServer];
