import type { CommandEnvelope } from "@cloudphone/shared/commands/envelope";
import type { EventDraft } from "@cloudphone/shared/events/catalog";
import type { Id } from "@cloudphone/shared/ids";
import { systemSource } from "../platform/source.ts";
import { envelopeOf, until } from "../platform/testing.ts";
import type { Caller } from "../platform/http/trpc.ts";
import { allocateRequest, type CoreBench } from "./testing.ts";

/** A customer with an account, for tests that play hosts and billing. */
export async function customerOf(bench: CoreBench, name: string): Promise<Caller> {
  const userId = systemSource.id();
  const email = `${name}-${userId.slice(-6)}@example.com`;
  await bench.databases.core.query`
    insert into users (id, email, password_hash, role) values (${userId}, ${email}, '-', 'customer')`;
  return { userId, email, role: "customer" };
}

/** Leases a phone to somebody; gives its id. */
export async function leaseTo(bench: CoreBench, { userId }: Caller): Promise<Id> {
  const request = allocateRequest();
  await bench.say("context:billing", { ...request, data: { ...request.data, userId } });
  return String((await bench.heard("device.allocated", request.subject)).data.deviceId);
}

/** The commands of a type that hosts were sent so far. */
export const sentCommands = (bench: CoreBench, type: string): CommandEnvelope[] =>
  bench.published
    .map(({ message }) => message as CommandEnvelope | null)
    .filter((message): message is CommandEnvelope => message?.type === type);

/** The first such command that `wanted` holds for, once it was sent. */
export const sent = (
  bench: CoreBench,
  type: string,
  wanted: (command: CommandEnvelope) => boolean = () => true,
): Promise<CommandEnvelope> =>
  until(type, () => Promise.resolve(sentCommands(bench, type).find(wanted)));

/** Ends a command as its host's agent would: correlated with what asked for it. */
export async function answer(
  bench: CoreBench,
  { correlationId, causationId }: CommandEnvelope,
  draft: EventDraft,
): Promise<void> {
  const event = { ...envelopeOf(draft), correlationId, causationId };
  await bench.log.append([{ stream: `host:answers:${systemSource.id()}`, seq: 1, event }]);
}
