import { expect, test } from "vitest";
import { offerOf, type PlanFlags } from "./plans.ts";

const flags: PlanFlags = {
  provider: "docker",
  image: "redroid/redroid:13.0.0-latest",
  hourly: "0.80",
  price: "9.9",
  included: "1.5",
  days: "7",
  about: "",
  size: "1080x1920",
  dpi: "480",
  memory: "2048",
  cpus: "1.5",
};

test("a plan's flags become what the hub sells", () => {
  const property = ["androidboot.redroid_fps=60", "ro.product.model=A=B 'c'"];
  expect(offerOf("Container", { ...flags, property })).toEqual({
    name: "Container",
    description: "",
    priceMinor: 990,
    hourlyMinor: 80,
    includedMs: 5_400_000,
    leaseMs: 604_800_000,
    spec: {
      provider: "docker",
      image: "redroid/redroid:13.0.0-latest",
      width: 1080,
      height: 1920,
      dpi: 480,
      memoryMiB: 2048,
      cpus: 1.5,
      properties: { "androidboot.redroid_fps": "60", "ro.product.model": "A=B 'c'" },
    },
  });
});

test.each([
  [{ hourly: "free" }, /free is no price/],
  [{ price: "-1" }, /-1 is no price/],
  [{ size: "big" }, /"big" is no size/],
  [{ cpus: "NaN" }, /"NaN" is no number/],
  [{ property: ["=x"] }, /"=x" is no setting/],
])("%j is told", (wrong, words) => {
  expect(() => offerOf("x", { ...flags, ...wrong })).toThrow(words);
});
