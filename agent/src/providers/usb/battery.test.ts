import { describe, expect, it } from "vitest";
import { parseBattery, type PhoneBattery, wantsCharging } from "./battery.ts";

const printed = `Current Battery Service state:
  AC powered: false
  USB powered: true
  status: 2
  present: true
  level: 63
  scale: 100
  temperature: 312
`;

describe("a battery", () => {
  it("is read from what Android prints of it", () => {
    expect(parseBattery(printed)).toEqual({
      percent: 63,
      temperatureC: 31.2,
      powered: true,
      charging: true,
    });
  });

  it("is none where none is present, or nothing is printed", () => {
    expect(parseBattery(printed.replace("present: true", "present: false"))).toBeNull();
    expect(parseBattery("")).toBeNull();
  });
});

describe("charging", () => {
  const bounds = { chargeFrom: 40, chargeTo: 80, maxTemperatureC: 45 };
  const at = (percent: number, temperatureC = 30): PhoneBattery => ({
    percent,
    temperatureC,
    powered: true,
    charging: true,
  });

  it("goes on below the lower bound, off above the upper, and is left alone between them", () => {
    expect([20, 40, 41, 79, 80, 100].map((percent) => wantsCharging(at(percent), bounds))).toEqual([
      true,
      true,
      null,
      null,
      false,
      false,
    ]);
  });

  it("goes off when the phone is too hot, however empty it is", () => {
    expect(wantsCharging(at(5, 46), bounds)).toBe(false);
  });
});
