import { access, constants, stat } from "node:fs/promises";
import path from "node:path";
import { hostFileFault } from "@cloudphone/agent/adb/words";
import { Fault } from "@cloudphone/shared/fault";

/** Whether a result may be put there, found out before the work and not after it: a film of an hour that has nowhere to go. */
export async function checkOutputFile(file: string): Promise<void> {
  const there = await stat(file).catch(() => null);
  if (there?.isDirectory())
    throw new Fault("bad_input", `${file} is a folder; name the file in it too.`);
  const asked = there ? file : path.dirname(path.resolve(file));
  await access(asked, constants.W_OK).catch((error: unknown) => {
    throw hostFileFault(error, asked);
  });
}
