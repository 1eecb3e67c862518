import { describe, expect, it } from "vitest";
import { isAllowed, parseImage } from "./images.ts";

const digest = `sha256:${"ab".repeat(32)}`;

describe("the name of an image", () => {
  it.each([
    ["redroid/redroid", { repository: "docker.io/redroid/redroid", tag: null, digest: null }],
    ["debian:13", { repository: "docker.io/library/debian", tag: "13", digest: null }],
    ["localhost/phones", { repository: "localhost/phones", tag: null, digest: null }],
    ["reg.example:5000/a/b/c:x", { repository: "reg.example:5000/a/b/c", tag: "x", digest: null }],
    [`reg.example/a@${digest}`, { repository: "reg.example/a", tag: null, digest }],
  ])("%s is taken apart", (text, parts) => {
    expect(parseImage(text)).toEqual(parts);
  });

  it.each(["", "Redroid/redroid", "a b", "a/b:", "a//b", "../a", "a@sha256:1", "-a", "http://a/b"])(
    "%j is none",
    (text) => {
      expect(() => parseImage(text)).toThrow(/not the name of a container image/);
    },
  );
});

describe("the operator's list", () => {
  it.each([
    ["redroid/redroid:13", "redroid/redroid", true],
    ["docker.io/redroid/redroid:13", "redroid/redroid", true],
    ["redroid/redroid", "redroid/redroid:latest", true],
    ["redroid/redroid:13", "redroid/redroid:12", false],
    ["reg.example/redroid/redroid", "redroid/redroid", false],
    ["redroid/redroid-evil", "redroid/redroid", false],
    [`redroid/redroid:13@${digest}`, `redroid/redroid@${digest}`, true],
    ["redroid/redroid:13", `redroid/redroid@${digest}`, false],
    [`redroid/redroid:13@${digest}`, "redroid/redroid:13", false],
    [`redroid/redroid@${digest}`, `redroid/redroid:13@${digest}`, true],
  ])("%s under %s: %s", (image, entry, allowed) => {
    expect(isAllowed(image, [entry])).toBe(allowed);
  });
});
