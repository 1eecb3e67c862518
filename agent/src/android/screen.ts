/** What Android tells of its screen, read. Pure. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** `wm size`: "Physical size: 1080x2400", and "Override size: …" when there is one. Null when it says neither. */
export function readSize(output: string): { panel: Size; effective: Size } | null {
  const size = (kind: string): Size | null => {
    const match = new RegExp(`^${kind} size: (\\d+)x(\\d+)`, "m").exec(output);
    return match ? { width: Number(match[1]), height: Number(match[2]) } : null;
  };
  const panel = size("Physical");
  return panel && { panel, effective: size("Override") ?? panel };
}

/** `wm density`: "Physical density: 420", and "Override density: …" when there is one. */
export function readDensity(output: string): { panel: number; effective: number } | null {
  const density = (kind: string): number | null => {
    const match = new RegExp(`^${kind} density: (\\d+)`, "m").exec(output);
    return match ? Number(match[1]) : null;
  };
  const panel = density("Physical");
  return panel === null ? null : { panel, effective: density("Override") ?? panel };
}

/**
 * The refresh rate in `dumpsys display`: of the mode the built-in display is in ("modeId 1 … {id=1, …, fps=60.0}"), or the one rate that Android
 * up to 5 has in its place ("60.000004 fps").
 */
export function readFps(output: string): number | null {
  const device = /DisplayDeviceInfo\{.*/.exec(output)?.[0] ?? output;
  const mode = /\b(?:modeId|mode) (\d+)/.exec(device)?.[1];
  const ofMode = mode && new RegExp(`\\{id=${mode},[^}]*?fps=([\\d.]+)`).exec(device)?.[1];
  const rate = Number(
    ofMode || /fps=([\d.]+)/.exec(device)?.[1] || /([\d.]+) fps/.exec(device)?.[1],
  );
  return rate > 0 ? Math.round(rate * 100) / 100 : null;
}
