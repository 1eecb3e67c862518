import type { DeviceSpec } from "@cloudphone/shared/device";
import { samplePhone } from "@cloudphone/shared/events/sample-phone";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dockerConfigSchema } from "./config.ts";
import { createOptions, type Making } from "./create-options.ts";

const config = dockerConfigSchema.parse({});
const spec: DeviceSpec = { ...samplePhone, provider: "docker", image: "redroid/redroid:13" };
const making: Making = {
  deviceId: "018f3c5a-0000-7000-8000-0000000000d1",
  name: "phone-0000d1",
  spec,
  port: 21_000,
  identity: "0123456789abcdef",
  address: "10.87.1.2",
  generation: 0,
  dataBase: null,
  gpu: { mode: "guest" },
  labels: {},
};

const words = fc.oneof(
  fc.string(),
  fc.constantFrom(
    "androidboot.redroid_fps",
    "androidboot.redroid_net_dns1",
    "androidboot.redroid_net_proxy_host",
    "androidboot.redroid_gpu_mode",
    "ro.adb.secure",
    "ro.product.model",
    "--privileged",
    "HostConfig",
    "__proto__",
    "constructor",
  ),
);
const anySpec: fc.Arbitrary<DeviceSpec> = fc.record({
  provider: fc.constant("docker"),
  image: fc.oneof(
    fc.constantFrom("redroid/redroid:13", "redroid/redroid", "docker.io/redroid/redroid:12"),
    fc.constantFrom("evil.example/redroid/redroid:13", "redroid/redroid2", "redroid"),
    fc.string(),
  ),
  width: fc.integer({ min: 120, max: 4096 }),
  height: fc.integer({ min: 120, max: 4096 }),
  dpi: fc.integer({ min: 72, max: 960 }),
  memoryMiB: fc.integer({ min: 64, max: 262_144 }),
  cpus: fc.double({ min: 0.1, max: 256, noNaN: true }),
  properties: fc.dictionary(words, fc.oneof(fc.string(), fc.constantFrom("1", "60", "8.8.8.8"))),
});

/** What is made, or null when the spec is refused in words. */
const made = (wanted: DeviceSpec, changed: Partial<Making> = {}) => {
  try {
    return createOptions({ ...making, ...changed, spec: wanted }, config);
  } catch (error) {
    expect(error).toMatchObject({ name: "Fault", code: "bad_input" });
    return null;
  }
};

describe("from a spec to a container", () => {
  it("never lets a spec reach what could lead out of the container", () => {
    fc.assert(
      fc.property(anySpec, (wanted) => {
        const options = made(wanted);
        if (!options) return;
        const { Memory, MemorySwap, NanoCpus, ...host } = options.HostConfig;
        const { Memory: _m, MemorySwap: _s, NanoCpus: _n, ...usual } = made(spec)?.HostConfig ?? {};
        expect(host).toEqual(usual);
        expect(options.Image).toBe(wanted.image);
        expect(wanted.image).toMatch(/^(docker\.io\/)?redroid\/redroid([:@].*)?$/);
        expect([Memory, MemorySwap]).toEqual(Array(2).fill(wanted.memoryMiB * 1024 ** 2));
        expect(NanoCpus).toBe(Math.round(wanted.cpus * 1e9));
        expect(Object.keys(options)).toEqual(Object.keys(made(spec) ?? {}));
      }),
      { numRuns: 2000 },
    );
  });

  it("hands settings over as arguments, each on its own and only once", () => {
    fc.assert(
      fc.property(anySpec, (wanted) => {
        const options = made(wanted);
        if (!options) return;
        const names = options.Cmd.map((argument) => argument.split("=", 1)[0]);
        expect(new Set(names).size).toBe(names.length);
        for (const argument of options.Cmd)
          expect(argument).toMatch(/^(androidboot|ro\.product|persist\.sys)\.[\w.]+=[\x20-\x7e]*$/);
        expect(options.Cmd).toContain(`androidboot.redroid_width=${wanted.width}`);
      }),
      { numRuns: 2000 },
    );
  });

  it("publishes adb on the loopback address and the given port, and nothing else", () => {
    expect(made(spec)?.HostConfig.PortBindings).toEqual({
      "5555/tcp": [{ HostIp: "127.0.0.1", HostPort: "21000" }],
    });
  });

  it.each([
    ["an image of another registry", { image: "evil.example/redroid/redroid:13" }, /may run/],
    ["what is no image", { image: "redroid/redroid:13 --privileged" }, /not the name of/],
    ["a property that is not listed", { properties: { "ro.adb.secure": "0" } }, /can't be set/],
    [
      "the template's own settings",
      { properties: { "androidboot.serialno": "X" } },
      /can't be set/,
    ],
    ["a value out of bounds", { properties: { "androidboot.redroid_fps": "999" } }, /can't be/],
    ["a line break", { properties: { "ro.product.model": "a\nb" } }, /can't be/],
  ])("refuses %s, in words", (_what, change, said) => {
    expect(() => createOptions({ ...making, spec: { ...spec, ...change } }, config)).toThrow(said);
  });

  it("lays the phone's own volume over the shared one when there is one", () => {
    const options = made(spec, { dataBase: "phones-13" });
    expect(options?.Cmd).toContain("androidboot.use_redroid_overlayfs=1");
    expect(options?.HostConfig.Mounts).toEqual([
      { Type: "volume", Source: "phones-13", Target: "/data-base", ReadOnly: true },
      {
        Type: "volume",
        Source: `cloudphone-${making.deviceId}-data`,
        Target: "/data-diff",
        ReadOnly: false,
      },
    ]);
  });

  it("draws on the GPU only where one was found", () => {
    const gpu = { mode: "host", node: "/dev/dri/renderD128" } as const;
    expect(made(spec, { gpu })?.Cmd).toEqual(
      expect.arrayContaining([
        "androidboot.redroid_gpu_mode=host",
        "androidboot.redroid_gpu_node=/dev/dri/renderD128",
      ]),
    );
    expect(made(spec)?.Cmd).toContain("androidboot.redroid_gpu_mode=guest");
  });
});

describe("the configuration", () => {
  it.each([
    ["adb for all the world", { adbHost: "0.0.0.0" }],
    ["the host's network", { network: "host" }],
    ["an address that is none", { host: "docker.example" }],
  ])("refuses %s", (_what, change) => {
    expect(dockerConfigSchema.safeParse(change).success).toBe(false);
  });

  it("takes lists with commas, as the environment gives them", () => {
    const { images } = dockerConfigSchema.parse({ images: "a/b, c.example/d:1," });
    expect(images).toEqual(["a/b", "c.example/d:1"]);
  });
});
