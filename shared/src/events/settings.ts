import { z } from "zod";
import { operationEvents } from "./operation.ts";

const off = ["device_not_running", "The phone is not running."] as const;
const denied = ["device_failed", "The phone did not take the setting."] as const;
const location = z.object({
  latitude: z.number(),
  longitude: z.number(),
  accuracyMeters: z.number(),
});
const proxy = z.object({ host: z.string(), port: z.int() });

/** Subject: the device's id. */
export const settingsEvents = {
  ...operationEvents("device.inspect", {
    asked: {},
    result: {
      android: z.string(),
      sdk: z.int(),
      model: z.string(),
      screen: z.object({
        width: z.int(),
        height: z.int(),
        dpi: z.int(),
        panelWidth: z.int(),
        panelHeight: z.int(),
        panelDpi: z.int(),
        /** Frames per second of the panel; null when the phone does not tell. */
        fps: z.number().nullable(),
        rotation: z.int(),
        autoRotate: z.boolean(),
      }),
      locale: z.string().nullable(),
      timeZone: z.string().nullable(),
      proxy: proxy.nullable(),
    },
    sample: {
      android: "13",
      sdk: 33,
      model: "SimPhone",
      screen: {
        width: 360,
        height: 640,
        dpi: 160,
        panelWidth: 360,
        panelHeight: 640,
        panelDpi: 160,
        fps: 60,
        rotation: 0,
        autoRotate: true,
      },
      locale: "en-US",
      timeZone: "UTC",
      proxy: null,
    },
    failure: off,
  }),
  ...operationEvents("device.getprop", {
    asked: { prefix: "ro.product" },
    result: {
      properties: z.record(z.string(), z.string()),
      /** There were more than an event holds; ask with a longer prefix. */
      truncated: z.boolean(),
    },
    sample: { properties: { "ro.product.model": "SimPhone" }, truncated: false },
    failure: off,
  }),
  ...operationEvents("device.setprop", {
    asked: { name: "debug.app.level", value: "3" },
    result: { name: z.string(), value: z.string() },
    sample: { name: "debug.app.level", value: "3" },
    failure: denied,
  }),
  ...operationEvents("device.rotate", {
    asked: { rotation: 90 },
    result: { rotation: z.int(), autoRotate: z.boolean() },
    sample: { rotation: 90, autoRotate: false },
    failure: denied,
  }),
  ...operationEvents("device.resize", {
    asked: { size: { width: 720, height: 1280 }, dpi: null },
    result: { width: z.int(), height: z.int(), dpi: z.int() },
    sample: { width: 720, height: 1280, dpi: 320 },
    failure: denied,
  }),
  ...operationEvents("device.locate", {
    asked: { location: { latitude: 48.137, longitude: 11.575, accuracyMeters: 5 } },
    result: { location: location.nullable() },
    sample: { location: { latitude: 48.137, longitude: 11.575, accuracyMeters: 5 } },
    failure: ["unsupported", "Android 11 can't be given a location over adb."],
  }),
  ...operationEvents("device.locale.set", {
    asked: { locale: "de-DE" },
    result: {
      locale: z.string(),
      /** Android reads it when it starts. */
      needsRestart: z.boolean(),
    },
    sample: { locale: "de-DE", needsRestart: true },
    failure: denied,
  }),
  ...operationEvents("device.timezone.set", {
    asked: { timeZone: "Europe/Berlin" },
    result: { timeZone: z.string() },
    sample: { timeZone: "Europe/Berlin" },
    failure: denied,
  }),
  ...operationEvents("device.proxy.set", {
    asked: { proxy: { host: "proxy.example.com", port: 8080 } },
    result: { proxy: proxy.nullable() },
    sample: { proxy: { host: "proxy.example.com", port: 8080 } },
    failure: denied,
  }),
};
