import { readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import type { Gpu } from "./create-options.ts";

/** The kernel drivers that redroid's gpu_config.sh knows how to draw with. NVIDIA's own is not among them (redroid-doc issue 282). */
const drivers = new Set([
  "i915",
  "amdgpu",
  "nouveau",
  "virtio_gpu",
  "v3d",
  "vc4",
  "vc4-drm",
  "msm",
  "msm_drm",
  "panfrost",
]);

export interface GpuFound {
  readonly gpu: Gpu;
  /** The driver's name, whether it is of use or not; null when there is no render node. */
  readonly driver: string | null;
}

/** The first render node of this machine (/dev/dri, /sys/class/drm) whose driver redroid can use. */
export function findGpu(root = "/"): GpuFound {
  const sys = path.join(root, "sys/class/drm");
  const nodes = list(path.join(root, "dev/dri")).filter((name) => /^renderD\d+$/.test(name));
  const found = nodes.map((name) => ({ name, driver: driverOf(path.join(sys, name)) }));
  const usable = found.find(({ driver }) => driver !== null && drivers.has(driver));
  return {
    gpu: usable ? { mode: "host", node: `/dev/dri/${usable.name}` } : { mode: "guest" },
    driver: (usable ?? found[0])?.driver ?? null,
  };
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}

function driverOf(dir: string): string | null {
  try {
    return path.basename(readlinkSync(path.join(dir, "device/driver")));
  } catch {
    return null;
  }
}
