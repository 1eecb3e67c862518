import { Fault } from "@cloudphone/shared/fault";

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** An instant as people write it: ISO 8601, or so long ago (`90s`, `15m`, `2h`, `3d`). Pure. */
export function parseMoment(text: string, nowMs: number): string {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  const ms = ago
    ? nowMs - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs]
    : Date.parse(/^\d{4}-/.test(text) ? text : "");
  if (Number.isNaN(ms))
    throw new Fault("bad_input", `${text} is no time: write 2026-11-25T10:00:00Z, 15m, 2h or 3d.`);
  return new Date(ms).toISOString();
}
