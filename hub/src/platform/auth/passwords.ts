import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { Fault } from "@cloudphone/shared/fault";

const derive = promisify(argon2);

// OWASP's second recommendation for argon2id: 19 MiB, two passes, one lane.
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };
const maxAtOnce = 4;
const maxWaiting = 200;
let atWork = 0;
const waiting: (() => void)[] = [];

/** "argon2id$salt$tag", both base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const tag = await tagOf(password, salt);
  return `argon2id$${salt.toString("base64")}$${tag.toString("base64")}`;
}

export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [, salt, tag] = stored.split("$");
  const expected = Buffer.from(tag ?? "", "base64");
  const given = await tagOf(password, Buffer.from(salt ?? "", "base64"));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Each takes 19 MiB and a core: only a few at once, and a bounded line behind them. */
async function tagOf(message: string, nonce: Buffer): Promise<Buffer> {
  if (atWork >= maxAtOnce) {
    if (waiting.length >= maxWaiting)
      throw new Fault("unavailable", "Too many people sign in at this moment; try again.");
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  atWork++;
  try {
    return Buffer.from(await derive("argon2id", { message, nonce, ...cost }));
  } finally {
    atWork--;
    waiting.shift()?.();
  }
}
