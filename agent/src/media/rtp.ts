import type { AccessUnit } from "./access-units.ts";

/** The payload of one RTP packet of video; `marker` is set on a picture's last. */
export interface VideoPayload {
  readonly payload: Buffer;
  readonly marker: boolean;
}

/** Fits into 1,280 bytes, which every path carries, with the headers of IPv6, UDP, SRTP and its extensions around it. */
export const maxPayloadBytes = 1180;

const aggregate = 24;
const fragment = 28;

/**
 * Cuts a picture into RTP payloads, packetization mode 1 of RFC 6184: parameter sets travel together with what follows while they fit (STAP-A,
 * 5.7.1), larger units in fragments (FU-A, 5.8), all others alone. Done once for every viewer. Pure.
 */
export function packetize({ units }: AccessUnit, maxBytes = maxPayloadBytes): VideoPayload[] {
  const payloads: Buffer[] = [];
  let together: Buffer[] = [];
  const flush = (): void => {
    const [first] = together;
    if (together.length === 1 && first) payloads.push(first);
    else if (together.length > 1) payloads.push(aggregated(together));
    together = [];
  };
  for (const unit of units) {
    if (1 + 2 + unit.length > maxBytes) {
      flush();
      payloads.push(...fragments(unit, maxBytes));
      continue;
    }
    if (aggregatedBytes([...together, unit]) > maxBytes) flush();
    together.push(unit);
  }
  flush();
  return payloads.map((payload, index) => ({ payload, marker: index === payloads.length - 1 }));
}

const aggregatedBytes = (units: readonly Buffer[]): number =>
  units.reduce((sum, unit) => sum + 2 + unit.length, 1);

/** The header's importance (nal_ref_idc) is the highest of the units'. */
function aggregated(units: readonly Buffer[]): Buffer {
  const importance = Math.max(...units.map((unit) => (unit[0] ?? 0) & 0x60));
  const parts: Buffer[] = [Buffer.from([importance | aggregate])];
  for (const unit of units) {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(unit.length);
    parts.push(length, unit);
  }
  return Buffer.concat(parts);
}

function fragments(unit: Buffer, maxBytes: number): Buffer[] {
  const header = unit[0] ?? 0;
  const body = unit.subarray(1);
  const count = Math.ceil(body.length / (maxBytes - 2));
  // Of nearly the same size each, so that the last one is no crumb.
  const size = Math.ceil(body.length / count);
  return Array.from({ length: count }, (_, index) => {
    const piece = body.subarray(index * size, (index + 1) * size);
    const [first, last] = [index === 0, index === count - 1];
    const payload = Buffer.allocUnsafe(2 + piece.length);
    payload[0] = (header & 0xe0) | fragment;
    payload[1] = (first ? 0x80 : 0) | (last ? 0x40 : 0) | (header & 0x1f);
    piece.copy(payload, 2);
    return payload;
  });
}
