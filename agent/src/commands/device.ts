import { createHash } from "node:crypto";
import type { Handlers } from "./runner.ts";

export const deviceHandlers: Pick<Handlers, "device.restart" | "device.screenshot"> = {
  "device.restart": async (_data, context) => {
    await context.device.restart(context);
    return {};
  },
  "device.screenshot": async ({ path }, { device, files, signal, timeoutMs }) => {
    const adb = await device.openAdb();
    let png: Buffer;
    try {
      png = await adb.screenshot({ timeoutMs });
    } finally {
      await adb.close();
    }
    await files.put(path, png, signal);
    return {
      sha256: createHash("sha256").update(png).digest("hex"),
      bytes: png.length,
      // PNG (RFC 2083 section 11.2.1): width and height follow the first chunk's name.
      width: png.readUInt32BE(16),
      height: png.readUInt32BE(20),
    };
  },
};
