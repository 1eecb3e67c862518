import { once } from "node:events";
import type { Server } from "node:net";
import { Fault } from "@cloudphone/shared/fault";

export interface Place {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** What listens there, and the flag that moves it: for the words of a refusal. */
  readonly what: string;
  readonly flag: string;
}

/** Opens a server's port and returns which it is; `unavailable`, saying what to do, when it can't be had. */
export async function listen(server: Server, { host, port, what, flag }: Place): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new Fault(
      "unavailable",
      `${what} port ${port} can't be opened (${(cause as NodeJS.ErrnoException).code}); choose another with ${flag}.`,
      { cause },
    );
  }
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}
