import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const entry = path.resolve(import.meta.dirname, "../bin/cloudphone.ts");

export interface Typed {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Somebody who types the command line, with a home folder of their own. */
export class Terminal {
  readonly #home: string;
  readonly #url: () => string;

  constructor(home: string, url: () => string) {
    this.#home = home;
    this.#url = url;
  }

  type(args: readonly string[], extra: Record<string, string> = {}): Promise<Typed> {
    const here = { CLOUDPHONE_HOME: this.#home, CLOUDPHONE_URL: this.#url() };
    return run(process.execPath, [entry, ...args], {
      env: { ...process.env, ...here, ...extra },
    }).then(
      ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
      ({ stdout, stderr, code }: Typed) => ({ stdout, stderr, code }),
    );
  }

  /** What a command that must succeed says to a program. */
  async ask<T>(...args: string[]): Promise<T> {
    const { stdout, stderr, code } = await this.type(["--json", ...args]);
    assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  signIn({ email, password }: { email: string; password: string }): Promise<Typed> {
    return this.type(["login", "--email", email], { CLOUDPHONE_PASSWORD: password });
  }
}
