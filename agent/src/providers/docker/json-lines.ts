import type { Readable } from "node:stream";

const maxLine = 1024 ** 2;

/** The objects of a stream of JSON lines; what is no JSON is skipped. Ends with the stream, rejects with its error, or when a line is endless. */
export async function* jsonLines(stream: Readable): AsyncGenerator<Record<string, unknown>> {
  let rest = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > maxLine) throw new Error("a line of more than 1 MiB came from Docker");
    for (const line of lines) {
      const value = parse(line);
      if (value) yield value;
    }
  }
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
