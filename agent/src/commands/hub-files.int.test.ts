import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createHubFiles, type HubFiles } from "./hub-files.ts";

async function openHub(
  take: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<HubFiles> {
  const server = createServer(take).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return createHubFiles({ hubUrl: `http://127.0.0.1:${port}`, dir: tmpdir() });
}

const pieceBytes = 64 * 1024;

/** A film of 64 MiB, and how much of it has been read so far. */
function openFilm(): { stream: Readable; bytes: number; read: number } {
  const film = { stream: Readable.from([]), bytes: 64 * 1024 ** 2, read: 0 };
  film.stream = new Readable({
    read() {
      const isOver = film.read === film.bytes;
      if (!isOver) film.read += pieceBytes;
      this.push(isOver ? null : Buffer.alloc(pieceBytes, 7));
    },
  });
  return film;
}

describe("a film on its way to the hub", { timeout: 60_000 }, () => {
  it("is read no faster than the hub takes it, and arrives whole", async () => {
    const asked = Promise.withResolvers<IncomingMessage>();
    const files = await openHub((request, response) => {
      asked.resolve(request);
      request.once("end", () => response.writeHead(201).end());
    });
    const film = openFilm();
    const done = files.put("/recordings/1", film.stream, AbortSignal.timeout(50_000));
    const request = await asked.promise;
    // What the two sockets hold is full when nothing more is read.
    let before = -1;
    await vi.waitUntil(
      () => {
        const stands = film.read === before;
        before = film.read;
        return stands;
      },
      { timeout: 30_000, interval: 200 },
    );
    expect(film.read).toBeLessThan(film.bytes);
    let taken = 0;
    request.on("data", (piece: Buffer) => (taken += piece.length));
    await done;
    expect(taken).toBe(film.bytes);
  });

  it("is let go of when the hub does not want it", async () => {
    const files = await openHub((_request, response) => response.writeHead(507).end());
    const { stream } = openFilm();
    await expect(
      files.put("/recordings/1", stream, AbortSignal.timeout(50_000)),
    ).rejects.toMatchObject({ code: "unavailable" });
    expect(stream.destroyed).toBe(true);
  });
});
