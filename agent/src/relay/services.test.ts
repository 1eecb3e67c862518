import { describe, expect, it } from "vitest";
import { judgeService, passedFeatures } from "./services.ts";

const customer = { staff: false };
const staff = { staff: true };

describe("the services of a tunnel", () => {
  it.each([
    "shell:",
    "shell:ls -l /sdcard; echo host:kill",
    "shell,v2,TERM=xterm-256color,pty:",
    "shell,v2,raw:exit 7",
    "exec:cmd package 'install' '-S' '100'",
    "abb_exec:package\0install\0-S\x00100",
    "sync:",
    "framebuffer:",
    "jdwp:123",
    "track-jdwp",
    "track-app",
    "tcp:1",
    "tcp:8080",
    "tcp:65535",
    "localabstract:scrcpy_0000abcd",
    "localabstract:chrome_devtools_remote",
    "localfilesystem:/data/local/tmp/sock",
    "local:/dev/socket/x",
    "reboot:",
  ])("let %j through to the device", (service) => {
    expect(judgeService(service, customer)).toEqual({ kind: "pass" });
  });

  it.each([
    "",
    "host:kill",
    "host:version",
    "host:devices",
    "host:transport:another-phone",
    "host:transport-any",
    "host-serial:another-phone:get-state",
    "host-serial:x:forward:tcp:1;tcp:2",
    "host:connect:10.0.0.1:5555",
    "tcp:0",
    "tcp:65536",
    "tcp:99999",
    "tcp:",
    "tcp:22:10.0.0.1",
    "tcp:5037:127.0.0.1",
    "tcp:80 ",
    "tcp:+80",
    "tcp:0x50",
    "tcp:80\n",
    "TCP:80",
    "tcpip:5555",
    "tcpip:",
    "usb:",
    "vsock:2:22",
    "vsock:5555",
    "acceptfd:3",
    "dev:/dev/mem",
    "dev-raw:/dev/mem",
    "reboot:bootloader",
    "reboot:recovery",
    "reboot:sideload",
    "reconnect",
    "remount:",
    "root:",
    "unroot:",
    "disable-verity:",
    "enable-verity:",
    "sink:100",
    "source:1000000000000",
    "spin",
    "backup:all",
    "restore:",
    "log:main",
    "mdns:services",
    "shell",
    "shell,",
    "shell,v2;host:kill:ls",
    "shell,v2 host:kill",
    `shell,${"x".repeat(300)}:ls`,
    "shellhost:kill",
    "sync:host:kill",
    "sync:x",
    "localabstract:",
    `localabstract:${"x".repeat(300)}`,
    "jdwp:",
    "jdwp:12;tcp:1",
    "track-devices",
    " shell:ls",
    "shell:a\0host:kill",
    `shell:${"x".repeat(40_000)}`,
    Buffer.from([0xff, 0xfe, 0x3a]).toString("utf8"),
  ])("refuse %j", (service) => {
    expect(judgeService(service, customer).kind).toBe("refuse");
  });

  it.each(["root:", "unroot:", "remount:", "disable-verity:", "enable-verity:"])(
    "let an operator, and nobody else, have %s",
    (service) => {
      expect(judgeService(service, staff)).toEqual({ kind: "pass" });
      expect(judgeService(service, customer).kind).toBe("refuse");
    },
  );

  it.each(["host:kill", "tcpip:5555", "usb:", "tcp:22:10.0.0.1", "vsock:2:22"])(
    "refuse %s to an operator as well",
    (service) => {
      expect(judgeService(service, staff).kind).toBe("refuse");
    },
  );

  it("keep `reverse:` away from the host's adb server", () => {
    expect(judgeService("reverse:forward:tcp:8081;tcp:8081", staff)).toEqual({
      kind: "reverse",
      request: "forward:tcp:8081;tcp:8081",
    });
  });
});

describe("the features of a tunnel", () => {
  it("are those of the device whose services pass", () => {
    expect(passedFeatures(["shell_v2", "remount_shell", "abb_exec", "push_sync"])).toEqual([
      "shell_v2",
      "abb_exec",
    ]);
  });
});
