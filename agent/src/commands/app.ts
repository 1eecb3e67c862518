import type { Handlers } from "./runner.ts";

export const appHandlers: Pick<Handlers, "app.install" | "app.uninstall"> = {
  "app.install": async (
    { packageName, sha256, bytes, path },
    { device, files, signal, timeoutMs },
  ) => {
    const begun = performance.now();
    const apk = await files.fetch({ path, sha256, bytes }, signal);
    const downloaded = performance.now();
    const adb = await device.openAdb();
    try {
      await adb.install(apk, { timeoutMs });
    } finally {
      await adb.close();
    }
    return {
      packageName,
      downloadMs: Math.round(downloaded - begun),
      installMs: Math.round(performance.now() - downloaded),
    };
  },
  "app.uninstall": async ({ packageName }, { device, timeoutMs }) => {
    const adb = await device.openAdb();
    try {
      await adb.uninstall(packageName, { timeoutMs });
    } finally {
      await adb.close();
    }
    return { packageName };
  },
};
