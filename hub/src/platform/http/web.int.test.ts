import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemSource } from "../source.ts";
import { silent } from "../testing.ts";
import { type HttpServer, startHttp } from "./server.ts";
import { router } from "./trpc.ts";

let dir: string;
let server: HttpServer;
let plain: HttpServer;

const start = (webDir: string): Promise<HttpServer> =>
  startHttp({
    host: "127.0.0.1",
    port: 0,
    router: router({}),
    routes: [],
    webDir,
    limiter: null,
    source: systemSource,
    logger: silent,
    authenticate: () => Promise.reject(new Error("no")),
  });

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "cloudphone-web-test-"));
  const dist = path.join(dir, "dist");
  await mkdir(path.join(dist, "assets"), { recursive: true });
  await writeFile(path.join(dir, "secret.js"), "secret");
  await writeFile(path.join(dist, "index.html"), `<meta nonce="{{nonce}}"><p nonce="{{nonce}}">`);
  await writeFile(path.join(dist, "assets/page-1a2b.js"), "plain");
  await writeFile(path.join(dist, "assets/page-1a2b.js.br"), "packed");
  [server, plain] = await Promise.all([start(dist), start(path.join(dir, "none"))]);
});
afterAll(async () => {
  await Promise.all([server.stop(), plain.stop()]);
  await rm(dir, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** By its path as it is: `fetch` would tidy it up. */
const get = (to: HttpServer, at: string, headers: Record<string, string> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port: to.port, path: at, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    call.on("error", reject).end();
  });

const browser = { accept: "text/html,*/*" };

test("the page is at every address of its own, never stored, with a nonce of each answer's own and no unsafe rule", async () => {
  const answers = [
    await get(server, "/", browser),
    await get(server, "/phones/some-phone?look=true", browser),
  ];
  const nonces = answers.map(({ status, headers, body }) => {
    expect(status).toBe(200);
    expect(headers["cache-control"]).toBe("no-store");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain("unsafe");
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? "";
    expect(body).toBe(`<meta nonce="${nonce}"><p nonce="${nonce}">`);
    return nonce;
  });
  expect(new Set(nonces).size).toBe(2);
});

test("its files come packed to who can unpack them, and are kept for ever", async () => {
  const file = "/assets/page-1a2b.js";
  const packed = await get(server, file, { "accept-encoding": "gzip, br" });
  expect(packed).toMatchObject({
    status: 200,
    body: "packed",
    headers: {
      "content-encoding": "br",
      vary: "accept-encoding",
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "public, max-age=31536000, immutable",
    },
  });
  expect(await get(server, file)).toMatchObject({ status: 200, body: "plain" });
});

test.each([
  "/../secret.js",
  "/%2e%2e/secret.js",
  "/assets/../../secret.js",
  "/assets/%2e%2e%2f%2e%2e%2fsecret.js",
  "/assets/..\\..\\secret.js",
  "/assets/page-0000.js",
  "/assets",
])("nothing is at %s", async (at) => {
  const answer = await get(server, at);
  expect(answer.status).toBe(404);
  expect(answer.body).not.toBe("secret");
});

test("who asks for no page gets a program's answer, and a hub without a build its plain page", async () => {
  expect(await get(server, "/nothing", { accept: "application/json" })).toMatchObject({
    status: 404,
  });
  const answer = await get(plain, "/", browser);
  expect(answer.status).toBe(200);
  expect(answer.body).toContain("This hub is running");
  expect((await get(plain, "/phones/some-phone", browser)).status).toBe(404);
});
