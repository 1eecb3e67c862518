import { expect, it } from "vitest";
import { parseDeviceList } from "./device-list.ts";

it("reads phones on USB and on TCP, whatever state they are in", () => {
  const text = [
    "R58M123ABCD            device usb:1-2.3 product:o1s model:SM_G991B device:o1s transport_id:4",
    "127.0.0.1:5555         device product:simphone model:SimPhone device:simphone transport_id:1",
    "127.0.0.1:5556         offline transport_id:2",
    "9A281FFAZ0             unauthorized usb:3-1 transport_id:7",
    "emulator-5554          device product:sdk model:sdk_gphone64 device:emu64x transport_id:9",
    "",
  ].join("\n");
  expect(parseDeviceList(text)).toEqual([
    { serial: "R58M123ABCD", state: "device", path: "usb:1-2.3", model: "SM G991B" },
    { serial: "127.0.0.1:5555", state: "device", path: null, model: "SimPhone" },
    { serial: "127.0.0.1:5556", state: "offline", path: null, model: null },
    { serial: "9A281FFAZ0", state: "unauthorized", path: "usb:3-1", model: null },
    { serial: "emulator-5554", state: "device", path: null, model: "sdk gphone64" },
  ]);
});

it("keeps the reason why a phone may not be opened, and takes no question marks for a serial", () => {
  const why =
    "no permissions (missing udev rules? user is in the plugdev group); see [http://developer.android.com/tools/device.html]";
  expect(parseDeviceList(`????????????           ${why} usb:1-4 transport_id:3\n`)).toEqual([
    { serial: "", state: why, path: "usb:1-4", model: null },
  ]);
  expect(parseDeviceList("(no serial number)     device usb:2-1 transport_id:3\n")).toEqual([
    { serial: "", state: "device", path: "usb:2-1", model: null },
  ]);
});

it("finds two phones with one serial apart by where they are plugged in", () => {
  const both = "0123456789ABCDEF device usb:1-1\n0123456789ABCDEF device usb:1-2\n";
  expect(parseDeviceList(both).map(({ serial, path }) => [serial, path])).toEqual([
    ["0123456789ABCDEF", "usb:1-1"],
    ["0123456789ABCDEF", "usb:1-2"],
  ]);
});
