import { pino } from "pino";
import { expect, test } from "vitest";
import { Reachability } from "./reachability.ts";

function setup() {
  const lines: string[] = [];
  const logger = pino(
    { base: null },
    { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) },
  );
  const at = (database: string, port = 5432) => ({
    host: "10.0.0.1",
    port,
    user: "u",
    password: "hunter2",
    database,
  });
  return { lines, at, reachability: new Reachability(logger) };
}

test("a server that is away is told in one line, and its return in one, whatever meets it", () => {
  const { lines, at, reachability } = setup();
  for (let time = 0; time < 3; time++)
    for (const name of ["core", "billing"])
      reachability.lost(at(name), new Error("connect ECONNREFUSED"));
  reachability.reached(at("core"));
  reachability.reached(at("billing"));
  reachability.reached(at("core"));
  expect(lines).toEqual([
    "PostgreSQL at 10.0.0.1:5432, database core, can't be reached (connect ECONNREFUSED); trying again until it is back.",
    "PostgreSQL at 10.0.0.1:5432 is back.",
  ]);
});

test("each server has its own line, and none has a password in it", () => {
  const { lines, at, reachability } = setup();
  reachability.lost(at("core"), new Error("no"));
  reachability.lost(at("core"), new Error("no"));
  reachability.lost(at("core", 5433), new Error("no"));
  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toContain("hunter2");
});

test("a database that can't be opened on a server that answers is not said to be back by its neighbours", () => {
  const { lines, at, reachability } = setup();
  reachability.lost(at("core"), new Error("password authentication failed"));
  reachability.reached(at("billing"));
  expect(lines).toHaveLength(1);
});
