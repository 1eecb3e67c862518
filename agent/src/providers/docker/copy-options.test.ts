import { describe, expect, it } from "vitest";
import { copyOptions } from "./copy-options.ts";

const copying = { from: "one", to: "other", own: null, image: "redroid/redroid:13" };

describe("the container that copies a volume", () => {
  it("has no privileges, no network, no ports and nothing of the machine", () => {
    const { HostConfig, ...rest } = copyOptions({ ...copying, own: "own" });
    expect(rest).not.toHaveProperty("ExposedPorts");
    for (const name of ["Privileged", "Binds", "PortBindings", "Devices", "PidMode", "IpcMode"])
      expect(HostConfig).not.toHaveProperty(name);
    expect(HostConfig).toMatchObject({
      NetworkMode: "none",
      CapDrop: ["ALL"],
      ReadonlyRootfs: true,
      SecurityOpt: ["no-new-privileges"],
    });
    expect(HostConfig.CapAdd.join(" ")).not.toMatch(/SYS_|NET_|SETUID|PTRACE/);
  });

  it("writes to the copy only", () => {
    const { Mounts } = copyOptions({ ...copying, own: "own" }).HostConfig;
    expect(Mounts.map(({ Source, ReadOnly }) => [Source, ReadOnly])).toEqual([
      ["one", true],
      ["other", false],
      ["own", true],
    ]);
  });

  it("leaves the identity in a snapshot, and gives a phone's own to what is restored on it", () => {
    const script = (own: string | null): string =>
      copyOptions({ ...copying, own }).Entrypoint.join(" ");
    expect(script(null)).not.toContain("settings_ssaid.xml");
    expect(script("own")).toContain("settings_ssaid.xml");
  });
});
