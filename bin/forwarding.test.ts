import { describe, expect, it } from "vitest";
import { parseForward } from "./forwarding.ts";

describe("a forward as it is typed", () => {
  it.each([
    ["8080:9090", { localPort: 8080, service: "tcp:9090" }],
    ["tcp:8080:tcp:9090", { localPort: 8080, service: "tcp:9090" }],
    ["0:9090", { localPort: 0, service: "tcp:9090" }],
    ["9222:localabstract:chrome", { localPort: 9222, service: "localabstract:chrome" }],
  ])("%s", (text, meant) => {
    expect(parseForward(text)).toEqual(meant);
  });

  it.each(["", "8080", "8080:", ":80", "70000:80", "-1:80", "x:80"])("%j is refused", (text) => {
    expect(() => parseForward(text)).toThrow(/is no forward/);
  });
});
