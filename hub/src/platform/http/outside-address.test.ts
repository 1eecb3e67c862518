import { expect, it } from "vitest";
import { isPublic, outsideAddress, type Resolve } from "./outside-address.ts";

const names: Record<string, string[]> = {
  "hooks.example": ["203.0.114.7", "2001:4860:4860::8888"],
  "mixed.example": ["203.0.114.7", "10.0.0.1"],
  "inner.example": ["192.168.1.1"],
  localhost: ["127.0.0.1"],
  "mapped.example": ["::ffff:127.0.0.1"],
};
const resolve: Resolve = async (name) => names[name] ?? Promise.reject(new Error("ENOTFOUND"));
const check = (url: string, allowed: string[] = []) => outsideAddress(url, { allowed, resolve });

it("gives the checked address of a public name, which is what is connected to", async () => {
  const found = await check("https://hooks.example/in?a=1");
  expect(found).toMatchObject({ address: "203.0.114.7", family: 4 });
  expect(found.url.pathname).toBe("/in");
  expect(await check("https://[2001:4860:4860::8844]/")).toMatchObject({ family: 6 });
});

it.each([
  "https://127.0.0.1/",
  "https://127.1/",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0x7f.1/",
  "https://0177.0.0.1/",
  "https://017700000001/",
  "https://0/",
  "https://0.0.0.0/",
  "https://10.1.2.3/",
  "https://172.16.0.1/",
  "https://192.168.0.1/",
  "https://169.254.169.254/latest/meta-data",
  "https://0xa9fea9fe/",
  "https://2852039166/",
  "https://100.64.0.1/",
  "https://192.0.2.1/",
  "https://198.18.0.1/",
  "https://224.0.0.1/",
  "https://255.255.255.255/",
  "https://[::1]/",
  "https://[::]/",
  "https://[0:0:0:0:0:0:0:1]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://[0:0:0:0:0:ffff:a9fe:a9fe]/",
  "https://[::127.0.0.1]/",
  "https://[64:ff9b::7f00:1]/",
  "https://[64:ff9b:1::7f00:1]/",
  "https://[2002:7f00:1::]/",
  "https://[2001:0:7f00:1::]/",
  "https://[fe80::1]/",
  "https://[fec0::1]/",
  "https://[fc00::1]/",
  "https://[fd12:3456::1]/",
  "https://[ff02::1]/",
  "https://\u2488\u2489/",
  "https://\uff11\uff12\uff17.0.0.1/",
  "https://localhost/",
  "https://inner.example/",
  "https://mixed.example/",
  "https://mapped.example/",
  "https://nowhere.example/",
])("sends nothing to %s", async (url) => {
  await expect(check(url)).rejects.toMatchObject({ code: "bad_input" });
});

it.each([
  "",
  "example.com",
  "ftp://hooks.example/",
  "file:///etc/passwd",
  "https://",
  "javascript:1",
])("takes no %j for an address", async (url) => {
  await expect(check(url)).rejects.toThrow(/whole address/);
});

it("wants https, and no password in the address", async () => {
  await expect(check("http://hooks.example/")).rejects.toThrow("https");
  await expect(check("https://me:secret@hooks.example/")).rejects.toThrow("password");
});

it("sends to inner networks that the operator allows, and to no other", async () => {
  expect(await check("http://127.0.0.1:9/", ["127.0.0.0/8"])).toMatchObject({
    address: "127.0.0.1",
  });
  expect(await check("http://inner.example/", ["192.168.1.0/24"])).toMatchObject({ family: 4 });
  await expect(check("http://[::1]/", ["127.0.0.0/8"])).rejects.toThrow("not a public address");
  await expect(check("https://mixed.example/", ["203.0.114.0/24"])).rejects.toThrow("public");
});

it("knows what is not an address at all", () => {
  expect(isPublic("")).toBe(false);
  expect(isPublic("not an address")).toBe(false);
  expect(isPublic("8.8.8.8")).toBe(true);
});

it("sends nothing to a name of which one address among several is an inner one", async () => {
  await expect(check("https://mixed.example/")).rejects.toThrow("not a public address");
});
