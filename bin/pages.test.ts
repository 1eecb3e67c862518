import { Command } from "commander";
import { expect, test, vi } from "vitest";
import { countOf, paged, type PageFlags, pageOf, tellEarlier } from "./pages.ts";

const flagsOf = (...args: string[]): PageFlags =>
  paged(new Command("list")).parse(args, { from: "user" }).opts<PageFlags>();

test("a page is the newest 50, or as many as were asked for, from where the page before ended", () => {
  expect(pageOf(flagsOf())).toEqual({ limit: 50 });
  expect(pageOf(flagsOf("-n", "7", "--before", "x"))).toEqual({ limit: 7, before: "x" });
});

test.each(["0", "-3", "1.5", "many", "", "1e400"])("%j is no count", (text) => {
  expect(() => countOf(text)).toThrow("is no count");
});

test("only a full page says that there may be earlier ones", () => {
  const written = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  tellEarlier([1], flagsOf("-n", "2"), 1);
  tellEarlier([], flagsOf(), undefined);
  expect(written).not.toHaveBeenCalled();
  tellEarlier([2, 1], flagsOf("-n", "2"), 1);
  expect(written.mock.calls).toEqual([["Earlier ones: --before 1\n"]]);
  written.mockRestore();
});
