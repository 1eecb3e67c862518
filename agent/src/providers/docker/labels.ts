import type { DeviceSpec } from "@cloudphone/shared/device";
import { deviceSpecSchema } from "@cloudphone/shared/device";
import type { Id } from "@cloudphone/shared/ids";
import { z } from "zod";
import type { Handle } from "../provider.ts";

export const kind = "docker";

/** What the provider must know to make a device's container anew; kept by the agent, and out there on container and volume. */
const handleSchema = z.object({
  kind: z.literal(kind),
  v: z.literal(1),
  deviceId: z.string(),
  name: z.string(),
  spec: deviceSpecSchema,
  /** adb's; the container's own publication counts, should somebody else have taken this one meanwhile. */
  port: z.int(),
  /** Which of its volumes is the phone: restoring a snapshot makes another. */
  generation: z.int().min(0).default(0),
});
export type DockerHandle = Handle & z.infer<typeof handleSchema>;

export const readHandle = (handle: Handle): DockerHandle => handleSchema.parse(handle);

export interface Marked {
  readonly owner: string;
  readonly deviceId: Id;
  readonly name: string;
  readonly spec: DeviceSpec;
  readonly port: number;
  readonly generation: number;
}

export const deviceLabel = "cloudphone.device";
/** The host, as its hub knows it: of two agents on one Docker daemon neither touches what is the other's. */
export const ownerLabel = "cloudphone.owner";
export const identityLabel = "cloudphone.identity";
/** On the phones' network; the MAC is made from it. */
export const addressLabel = "cloudphone.address";
export const dataBaseLabel = "cloudphone.data-base";
/** Of a phone's volume, and of the one that its container has. */
export const generationLabel = "cloudphone.generation";
const portLabel = "cloudphone.port";

export const labelsOf = ({
  owner,
  deviceId,
  name,
  spec,
  port,
  generation,
}: Marked): Record<string, string> => ({
  "cloudphone.kind": kind,
  [ownerLabel]: owner,
  [deviceLabel]: deviceId,
  "cloudphone.name": name,
  "cloudphone.spec": JSON.stringify(spec),
  [portLabel]: String(port),
  [generationLabel]: String(generation),
});

export const portOf = (labels: Readonly<Record<string, string>>): number =>
  Number(labels[portLabel] ?? 0);

export const generationOf = (labels: Readonly<Record<string, string>>): number =>
  Number(labels[generationLabel] ?? 0);

/** The handle of what carries our labels; null when somebody has tampered with them. */
export function handleOf(labels: Readonly<Record<string, string>>): DockerHandle | null {
  const parsed = handleSchema.safeParse({
    kind,
    v: 1,
    deviceId: labels[deviceLabel],
    name: labels["cloudphone.name"],
    spec: parseJson(labels["cloudphone.spec"] ?? ""),
    port: portOf(labels),
    generation: generationOf(labels),
  });
  return parsed.success ? parsed.data : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
