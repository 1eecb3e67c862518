import { describe, expect, it } from "vitest";
import type { SeenDevice } from "../../adb/device-list.ts";
import { usbConfigSchema } from "./config.ts";
import { locate, mayBe, phonesForRent } from "./locate.ts";

const seen = (serial: string, path: string | null, state = "device"): SeenDevice => ({
  serial,
  path,
  state,
  model: "Pixel 7",
});
const all = usbConfigSchema.parse({ phones: "all" });
const rent = (...devices: SeenDevice[]) => phonesForRent(devices, all);

describe("what is for rent", () => {
  it("is nothing unless the operator says so", () => {
    const none = usbConfigSchema.parse({});
    expect(phonesForRent([seen("A", "usb:1-1")], none)).toEqual([]);
  });

  it("is every phone on a cable, and no device on TCP that another provider has there", () => {
    const phones = rent(seen("A", "usb:1-1"), seen("127.0.0.1:21000", null), seen("B", "usb:1-2"));
    expect(phones.map(({ key }) => key)).toEqual(["A", "B"]);
  });

  it("is what was named: serials, emulators, addresses", () => {
    const named = usbConfigSchema.parse({
      phones: "A, emulator-5554",
      targets: "10.0.0.7:5555,[fd00::7]:5555",
    });
    const devices = [
      seen("A", "usb:1-1"),
      seen("B", "usb:1-2"),
      seen("emulator-5554", null),
      seen("10.0.0.7:5555", null),
    ];
    expect(phonesForRent(devices, named).map(({ key, tcp }) => [key, tcp])).toEqual([
      ["A", false],
      ["emulator-5554", false],
      ["10.0.0.7:5555", true],
    ]);
  });

  it("refuses an address that is none", () => {
    expect(() => usbConfigSchema.parse({ targets: "10.0.0.7" })).toThrow(/must be host:port/);
    expect(() => usbConfigSchema.parse({ targets: "a b:1" })).toThrow(/must be host:port/);
  });
});

describe("why a phone can't be used", () => {
  it.each([
    ["unauthorized", /accept "Allow USB debugging" on its screen/],
    ["no permissions (missing udev rules? user is in the plugdev group)", /udev rule.*plugdev/],
    ["offline", /does not answer adb/],
    ["recovery", /in recovery mode/],
    ["authorizing", /is being connected/],
    ["strange", /adb says "strange"/],
  ])("is said of one that is %s, with what to do", (state, words) => {
    expect(rent(seen("A", "usb:1-1", state))[0]?.problem).toMatch(words);
  });

  it("is nothing when adb calls it a device", () => {
    expect(rent(seen("A", "usb:1-1"))[0]?.problem).toBeNull();
  });
});

describe("the phone of a claim", () => {
  const claim = { serial: "A", path: "usb:1-1" };

  it("is found by its serial wherever it is plugged in", () => {
    expect(locate(claim, rent(seen("A", "usb:3-4"), seen("B", "usb:1-1")))).toMatchObject({
      serial: "A",
      path: "usb:3-4",
      address: "A",
    });
  });

  it("is told from a twin by its place, and reached by it", () => {
    const twins = rent(seen("A", "usb:1-2"), seen("A", "usb:1-1"));
    expect(locate(claim, twins)).toMatchObject({ path: "usb:1-1", address: "usb:1-1" });
    expect(twins.map((twin) => mayBe(claim, twin, twins))).toEqual([false, true]);
  });

  it("can't be told from twins that are both elsewhere; none of them is free then", () => {
    const twins = rent(seen("A", "usb:2-1"), seen("A", "usb:2-2"));
    expect(locate(claim, twins)).toMatch(/2 phones here have the serial A.*plug it in there/);
    expect(twins.map((twin) => mayBe(claim, twin, twins))).toEqual([true, true]);
  });

  it("is taken for the one at its place when that may not be opened and shows no serial", () => {
    const hidden = rent(seen("", "usb:1-1", "no permissions"));
    expect(locate(claim, hidden)).toMatchObject({ problem: expect.stringContaining("udev") });
  });

  it("is known by its place alone when it has no serial", () => {
    const nameless = { serial: "", path: "usb:1-1" };
    expect(locate(nameless, rent(seen("", "usb:1-1")))).toMatchObject({ address: "usb:1-1" });
    expect(locate(nameless, rent(seen("", "usb:1-2")))).toMatch(/without a serial is unplugged/);
  });

  it("is said to be unplugged, with where it was, or not to answer at its address", () => {
    expect(locate(claim, [])).toBe("The phone A is unplugged; it was last at usb:1-1.");
    expect(locate({ serial: "10.0.0.7:5555", path: null }, [])).toBe(
      "Nothing answers at 10.0.0.7:5555.",
    );
  });
});
