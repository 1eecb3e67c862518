import { useEffect, useMemo } from "react";
import type { PhoneConnection } from "../../adb/connection.ts";
import { openPhoneLine } from "../tools/phone-line.ts";

/** One connection to a phone for several things to do, opened when the first begins, and anew after it broke; closed when what uses it is gone. */
class PhoneLine {
  readonly #deviceId: string;
  #open: Promise<PhoneConnection> | null = null;

  constructor(deviceId: string) {
    this.#deviceId = deviceId;
  }

  async use<T>(work: (connection: PhoneConnection) => Promise<T>): Promise<T> {
    const opening = this.#open ?? openPhoneLine(this.#deviceId);
    this.#open = opening;
    const forget = (): void => {
      if (this.#open === opening) this.#open = null;
    };
    try {
      const connection = await opening;
      void connection.ended.then(forget);
      return await work(connection);
    } catch (error) {
      const ended = await opening.then(
        (connection) => connection.endedBy,
        () => null,
      );
      if (ended) throw ended;
      // A refusal of the phone leaves the connection as it is; one that never opened is none.
      await opening.catch(forget);
      throw error;
    }
  }

  close(): void {
    this.#open?.then(
      (connection) => connection.close(),
      () => undefined,
    );
    this.#open = null;
  }
}

export function usePhoneLine(deviceId: string): PhoneLine {
  const line = useMemo(() => new PhoneLine(deviceId), [deviceId]);
  useEffect(() => () => line.close(), [line]);
  return line;
}
