import { needs } from "../../platform/http/trpc.ts";
import { inputOf, type Operate } from "./operations.ts";

/** What a phone is set to. Each answers at once with a command; `devices.command` tells its outcome. */
export function settingsProcedures(operate: Operate) {
  return {
    inspect: needs("devices.write")
      .input(inputOf("device.inspect"))
      .mutation(({ input, ctx }) => operate(ctx, "device.inspect", input)),
    getprop: needs("devices.write")
      .input(inputOf("device.getprop"))
      .mutation(({ input, ctx }) => operate(ctx, "device.getprop", input)),
    setprop: needs("devices.write")
      .input(inputOf("device.setprop"))
      .mutation(({ input, ctx }) => operate(ctx, "device.setprop", input)),
    rotate: needs("devices.write")
      .input(inputOf("device.rotate"))
      .mutation(({ input, ctx }) => operate(ctx, "device.rotate", input)),
    resize: needs("devices.write")
      .input(inputOf("device.resize"))
      .mutation(({ input, ctx }) => operate(ctx, "device.resize", input)),
    locate: needs("devices.write")
      .input(inputOf("device.locate"))
      .mutation(({ input, ctx }) => operate(ctx, "device.locate", input)),
    setLocale: needs("devices.write")
      .input(inputOf("device.locale.set"))
      .mutation(({ input, ctx }) => operate(ctx, "device.locale.set", input)),
    setTimeZone: needs("devices.write")
      .input(inputOf("device.timezone.set"))
      .mutation(({ input, ctx }) => operate(ctx, "device.timezone.set", input)),
    setProxy: needs("devices.write")
      .input(inputOf("device.proxy.set"))
      .mutation(({ input, ctx }) => operate(ctx, "device.proxy.set", input)),
  };
}
