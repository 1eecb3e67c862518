import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { AdbTransport, type Peer } from "@cloudphone/agent/adb/transport";
import { dialRelay, type RelayLine } from "@cloudphone/agent/relay/dial";
import { windowFeature } from "@cloudphone/shared/adb-wire";
import { Fault } from "@cloudphone/shared/fault";
import { type RelayEndReason, relayEnds } from "@cloudphone/shared/relay";
import type { Connection } from "./client.ts";

const dialMs = 15_000;

/** Opens a session with a phone and dials the client's side of it. The bytes are the adb transport protocol; the phone's host is the device's side. */
export async function openLine({ client, url }: Connection, device: string): Promise<RelayLine> {
  const { ticket } = await client.sessions.open.mutate({
    device,
    purpose: "adb",
    idempotencyKey: randomUUID(),
  });
  return dialRelay({ hubUrl: url, ticket, timeoutMs: dialMs });
}

/**
 * Stands between a local adb server and the phone's host: speaks adb to each, so that over the long way several writes of a stream are under way at once, where adb by itself
 * would wait for the answer to each. Resolves when either side has ended; then both have.
 */
export async function bridge(local: Duplex, far: Duplex): Promise<void> {
  const remote: AdbTransport = new AdbTransport(far, {
    banner: () => "host::features=shell_v2",
    onOpen: (service) => near.open(service),
    windowed: true,
  });
  const peer = remote.connect();
  peer.catch(() => undefined);
  const near: AdbTransport = new AdbTransport(local, {
    banner: async () => (await peer).banner.replace(`,${windowFeature}`, ""),
    onOpen: (service) => remote.open(service),
  });
  const [one, other] = [near.run(), remote.run()];
  await Promise.race([one, other]);
  local.destroy();
  far.destroy();
  await Promise.all([one, other]);
}

/** Why a session is over, as the Fault it is to whoever was using it. */
export function endFault(reason: RelayEndReason | null): Fault {
  const end = relayEnds[reason ?? "peer_lost"];
  const text = reason === null ? "The connection to the hub broke off." : end.text;
  return new Fault(end.fault ?? "unavailable", text);
}

/** A phone over its adb protocol, for the commands that need no adb installed. */
export interface RemotePhone {
  readonly peer: Peer;
  open(service: string): Promise<Duplex>;
  /** Resolves with why, when the session ends. */
  readonly ended: Promise<Fault>;
  /** The Fault for work that broke off: why the session ended when it did, else `otherwise`. */
  why(otherwise: unknown): Promise<Fault>;
}

/** Opens a session, does the work, and ends the session whatever happened. */
export async function withPhone<T>(
  hub: Connection,
  device: string,
  work: (phone: RemotePhone) => Promise<T>,
): Promise<T> {
  const line = await openLine(hub, device);
  const transport = new AdbTransport(line.stream, {
    banner: () => "host::features=shell_v2",
    onOpen: () => null,
    windowed: true,
  });
  const over = transport.run();
  const why = async (otherwise: unknown): Promise<Fault> => {
    // The stream breaks a moment before the reason for it is known.
    const ended = line.stream.destroyed ? await line.ended : undefined;
    if (ended !== undefined) return endFault(ended);
    return otherwise instanceof Fault
      ? otherwise
      : new Fault("device_failed", "The phone broke the connection off.", { cause: otherwise });
  };
  try {
    const peer = await transport.connect();
    const open = (service: string): Promise<Duplex> =>
      transport.open(service).catch(async (cause: unknown) => {
        throw await why(
          new Fault("unavailable", `The phone does not open ${nameOf(service)}.`, { cause }),
        );
      });
    return await work({ peer, open, why, ended: line.ended.then(endFault) });
  } catch (error) {
    throw error instanceof Fault && !line.stream.destroyed ? error : await why(error);
  } finally {
    line.stream.destroy();
    await over;
    await line.ended;
  }
}

const nameOf = (service: string): string => JSON.stringify(service.slice(0, 80));
