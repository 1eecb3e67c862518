import { z } from "zod";
import type { Exchange, HttpQuestion, System } from "./system.ts";

/** Everything that one examination asked a machine, and what it answered. Plain JSON: a support case, and what tests are made of. */
export const factsSchema = z.object({
  self: z.object({
    uid: z.int(),
    user: z.string(),
    arch: z.string(),
    release: z.string(),
    cpus: z.int(),
  }),
  nowMs: z.number(),
  answers: z.record(z.string(), z.unknown()),
});
export type Facts = z.infer<typeof factsSchema>;

/** Question and answer, in the words of `Facts.answers`. */
const keys = {
  readText: (path: string) => `read ${path}`,
  names: (path: string) => `names ${path}`,
  access: (path: string) => `access ${path}`,
  space: (path: string) => `space ${path}`,
  run: (command: readonly string[]) => `run ${command.join(" ")}`,
  http: ({ url, socketPath, headers }: HttpQuestion) =>
    `http ${socketPath ?? ""}${url}${headers?.upgrade ? " upgrade" : ""}`,
  exchange: ({ protocol, host, port }: Exchange) => `${protocol} ${host}:${port}`,
};

/** Asks `system`, and keeps what it says. */
export function recorder(system: System): { system: System; facts(): Facts } {
  const answers: Record<string, unknown> = {};
  const keep =
    <A, R>(key: (asked: A) => string, ask: (asked: A) => Promise<R>) =>
    async (asked: A): Promise<R> => {
      const answer = await ask(asked);
      answers[key(asked)] = answer;
      return answer;
    };
  const nowMs = system.now();
  return {
    system: {
      self: system.self,
      now: () => system.now(),
      readText: keep(keys.readText, (asked) => system.readText(asked)),
      names: keep(keys.names, (asked) => system.names(asked)),
      access: keep(keys.access, (asked) => system.access(asked)),
      space: keep(keys.space, (asked) => system.space(asked)),
      run: keep(keys.run, (asked) => system.run(asked)),
      http: keep(keys.http, (asked) => system.http(asked)),
      exchange: keep(keys.exchange, (asked) => system.exchange(asked)),
    },
    facts: () => ({ self: system.self, nowMs, answers }),
  };
}

/** A machine that says again what was recorded; whatever was not asked then is not there. */
export function replay({ self, nowMs, answers }: Facts): System {
  const answer = <T>(key: string, absent: T): Promise<T> =>
    Promise.resolve(Object.hasOwn(answers, key) ? (answers[key] as T) : absent);
  return {
    self,
    now: () => nowMs,
    readText: (asked) => answer(keys.readText(asked), null),
    names: (asked) => answer(keys.names(asked), null),
    access: (asked) => answer(keys.access(asked), "none"),
    space: (asked) => answer(keys.space(asked), null),
    run: (asked) => answer(keys.run(asked), null),
    http: (asked) => answer(keys.http(asked), { error: "ECONNREFUSED" }),
    exchange: (asked) => answer(keys.exchange(asked), { error: "ECONNREFUSED" }),
  };
}
