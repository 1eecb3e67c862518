import type { PhoneConnection } from "./connection.ts";
import { runCommand } from "./shell.ts";
import { inSync, phoneRefusal, type Watching } from "./sync.ts";

/** Chunks of a download are joined at this size: a browser lays larger pieces on its disk. */
const partBytes = 8 * 1024 ** 2;

/** Downloads a file of the phone. */
export const pullFile = (
  connection: PhoneConnection,
  path: string,
  { onBytes, signal }: Watching,
): Promise<Blob> =>
  inSync(
    connection,
    async (sync) => {
      const parts: Blob[] = [];
      let chunks: Uint8Array<ArrayBuffer>[] = [];
      let [bytes, waiting] = [0, 0];
      for await (const chunk of sync.receive(path)) {
        chunks.push(chunk);
        bytes += chunk.length;
        waiting += chunk.length;
        if (waiting >= partBytes) {
          parts.push(new Blob(chunks));
          chunks = [];
          waiting = 0;
        }
        onBytes(bytes);
      }
      return new Blob([...parts, ...chunks]);
    },
    signal,
  );

/** A file to the phone, there whole under its name or not at all. */
export async function pushFile(
  connection: PhoneConnection,
  { file, to }: { readonly file: File; readonly to: string },
  { onBytes, signal }: Watching,
): Promise<void> {
  const part = `${to.slice(0, to.lastIndexOf("/"))}/.${crypto.randomUUID()}.part`;
  try {
    await inSync(connection, (sync) => sync.send(part, file, onBytes), signal);
    const { output, exitCode } = await runCommand(connection, ["mv", "-f", part, to]);
    if (exitCode !== 0) throw phoneRefusal(output.trim());
  } catch (error) {
    await runCommand(connection, ["rm", "-f", part]).catch(() => undefined);
    throw error;
  }
}
