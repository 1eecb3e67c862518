import { describe, expect, it } from "vitest";
import { readDensity, readFps, readSize } from "./screen.ts";

describe("what a phone tells of its screen", () => {
  it("the panel's size and density, and an override that takes their place", () => {
    expect(readSize("Physical size: 1080x2400\n")).toEqual({
      panel: { width: 1080, height: 2400 },
      effective: { width: 1080, height: 2400 },
    });
    expect(readSize("Physical size: 1080x2400\r\nOverride size: 720x1280\r\n")?.effective).toEqual({
      width: 720,
      height: 1280,
    });
    expect(readDensity("Physical density: 420\nOverride density: 300\n")).toEqual({
      panel: 420,
      effective: 300,
    });
    expect(readSize("Error: Can't find service: window")).toBeNull();
    expect(readDensity("")).toBeNull();
  });

  it("the refresh rate of the mode it is in", () => {
    const android13 = `  DisplayDeviceInfo{"Built-in Screen": uniqueId="local:4619827259835644672", 1080 x 2400, modeId 2, defaultModeId 1, supportedModes [{id=1, width=1080, height=2400, fps=60.000004, alternativeRefreshRates=[90.0]}, {id=2, width=1080, height=2400, fps=90.0, alternativeRefreshRates=[60.000004]}], colorMode 0, density 420`;
    expect(readFps(android13)).toBe(90);
    const android7 = `    mBaseDisplayInfo=DisplayInfo{"Built-in Screen", uniqueId "local:0", app 1440 x 2560, real 1440 x 2560, mode 1, defaultMode 1, modes [{id=1, width=1440, height=2560, fps=60.0}], rotation 0, density 560`;
    expect(readFps(android7)).toBe(60);
    expect(
      readFps('DisplayDeviceInfo{"Built-in Screen": 1280 x 768, 60.000004 fps, density 320}'),
    ).toBe(60);
    expect(readFps("nothing of it")).toBeNull();
  });
});
