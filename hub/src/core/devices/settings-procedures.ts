import { signedIn } from "../../platform/http/trpc.ts";
import { inputOf, type Operate } from "./operations.ts";

/** What a phone is set to. Each answers at once with a command; `devices.command` tells its outcome. */
export function settingsProcedures(operate: Operate) {
  return {
    inspect: signedIn
      .input(inputOf("device.inspect"))
      .mutation(({ input, ctx }) => operate(ctx, "device.inspect", input)),
    getprop: signedIn
      .input(inputOf("device.getprop"))
      .mutation(({ input, ctx }) => operate(ctx, "device.getprop", input)),
    setprop: signedIn
      .input(inputOf("device.setprop"))
      .mutation(({ input, ctx }) => operate(ctx, "device.setprop", input)),
    rotate: signedIn
      .input(inputOf("device.rotate"))
      .mutation(({ input, ctx }) => operate(ctx, "device.rotate", input)),
    resize: signedIn
      .input(inputOf("device.resize"))
      .mutation(({ input, ctx }) => operate(ctx, "device.resize", input)),
    locate: signedIn
      .input(inputOf("device.locate"))
      .mutation(({ input, ctx }) => operate(ctx, "device.locate", input)),
    setLocale: signedIn
      .input(inputOf("device.locale.set"))
      .mutation(({ input, ctx }) => operate(ctx, "device.locale.set", input)),
    setTimeZone: signedIn
      .input(inputOf("device.timezone.set"))
      .mutation(({ input, ctx }) => operate(ctx, "device.timezone.set", input)),
    setProxy: signedIn
      .input(inputOf("device.proxy.set"))
      .mutation(({ input, ctx }) => operate(ctx, "device.proxy.set", input)),
  };
}
