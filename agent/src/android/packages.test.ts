import { describe, expect, it } from "vitest";
import {
  readFirstActivity,
  readPackageList,
  readStartError,
  readVersionNames,
} from "./packages.ts";

describe("what the package manager prints", () => {
  it("lists packages with their version codes, as Android 8 and later do", () => {
    const output =
      "package:com.android.settings versionCode:33\npackage:io.appium.settings versionCode:192\n";
    expect(readPackageList(output)).toEqual([
      { packageName: "com.android.settings", versionCode: 33 },
      { packageName: "io.appium.settings", versionCode: 192 },
    ]);
  });

  it("lists packages without codes, with a terminal's line ends, and leaves warnings out", () => {
    const output = "WARNING: linker: unused DT entry\r\npackage:com.android.phone\r\n\r\n";
    expect(readPackageList(output)).toEqual([
      { packageName: "com.android.phone", versionCode: null },
    ]);
  });

  it("tells each package's version name; an updated system app's is the newer one", () => {
    const output = `Packages:
  Package [com.android.vending] (b1c2d3):
    userId=10087
    versionCode=83841910 minSdk=31 targetSdk=34
    versionName=38.4.19-29 [0] [PR] 582276166
    splits=[base]
  Package [com.example.none] (0):
    versionName=null

Hidden system packages:
  Package [com.android.vending] (e4f5a6):
    versionCode=80310810 minSdk=21 targetSdk=28
    versionName=3.1.8
`;
    expect(Object.fromEntries(readVersionNames(output))).toEqual({
      "com.android.vending": "38.4.19-29 [0] [PR] 582276166",
      "com.example.none": "",
    });
  });

  it("finds the launcher activity of a package, also among several", () => {
    const output = `2 activities found:
  Activity #0:
    priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=false
    com.example.app/.Main
  Activity #1:
    priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=false
    com.example.app/com.example.other.Second
`;
    expect(readFirstActivity(output, "com.example.app")).toBe("com.example.app/.Main");
    expect(readFirstActivity("No activities found\n", "com.example.app")).toBeNull();
    expect(readFirstActivity("    com.example.apple/.Main\n", "com.example.app")).toBeNull();
  });

  it("tells why nothing was started; that a task came to the front is no failure", () => {
    const failed =
      "Starting: Intent { cmp=a.b/.C }\nError type 3\nError: Activity class {a.b/a.b.C} does not exist.\n";
    expect(readStartError(failed)).toBe("Error: Activity class {a.b/a.b.C} does not exist.");
    expect(
      readStartError(
        "Starting: Intent { cmp=a.b/.C }\njava.lang.SecurityException: Permission Denial: starting Intent\n\tat android.os\n",
      ),
    ).toBe("java.lang.SecurityException: Permission Denial: starting Intent");
    const shown =
      "Starting: Intent { cmp=a.b/.C }\nWarning: Activity not started, its current task has been brought to the front\nStatus: ok\n";
    expect(readStartError(shown)).toBeNull();
  });
});
