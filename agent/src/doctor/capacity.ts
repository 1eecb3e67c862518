import { z } from "zod";
import type { Subject } from "./check.ts";
import type { System } from "./system.ts";

/**
 * What one container of Android takes. The defaults: memory as the Docker provider's own capacity reckons, Anbox's rule for the others (2
 * CPUs, overcommitted four times; 3 GB of disk), and what is left to 50 containers of the kernel's 128 inotify instances (redroid-doc issue 392: the 51st does not start).
 */
export const perDeviceSchema = z.object({
  memoryMiB: z.coerce.number().int().min(64).default(2048),
  cpus: z.coerce.number().min(0.01).default(0.5),
  diskMiB: z.coerce.number().int().min(1).default(3072),
  inotifyInstances: z.coerce.number().min(0.1).default(2),
});
export type PerDevice = z.infer<typeof perDeviceSchema>;

/** What the machine keeps for itself. */
const reserve = { memoryMiB: 1024, diskMiB: 2048, inotifyInstances: 28 };

export type Resource = keyof PerDevice;

export interface Resources {
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly diskMiB: number;
  readonly inotifyInstances: number;
}

/** How many containers fit, by each resource and by the scarcest. */
export interface Capacity {
  readonly devices: number;
  readonly boundBy: Resource;
  readonly by: Readonly<Record<Resource, number>>;
}

/** Pure. Of the disk only what is free now counts. */
export function estimate(has: Resources, each: PerDevice): Capacity {
  const fit = (left: number, one: number): number => Math.max(0, Math.floor(left / one));
  const by = {
    memoryMiB: fit(has.memoryMiB - reserve.memoryMiB, each.memoryMiB),
    cpus: fit(has.cpus, each.cpus),
    diskMiB: fit(has.diskMiB - reserve.diskMiB, each.diskMiB),
    inotifyInstances: fit(has.inotifyInstances - reserve.inotifyInstances, each.inotifyInstances),
  };
  const resources = Object.keys(by) as Resource[];
  const boundBy = resources.reduce((a, b) => (by[b] < by[a] ? b : a));
  return { devices: by[boundBy], boundBy, by };
}

/** Inotify instances that `devices` containers and the machine need. */
export const inotifyFor = (devices: number, each: PerDevice): number =>
  Math.ceil(reserve.inotifyInstances + devices * each.inotifyInstances);

/** Null when the machine does not tell. */
export async function readResources(system: System, subject: Subject): Promise<Resources | null> {
  const [meminfo, instances, docker, data] = await Promise.all([
    system.readText("/proc/meminfo"),
    system.readText("/proc/sys/fs/inotify/max_user_instances"),
    system.space("/var/lib/docker"),
    system.space(subject.dataDir),
  ]);
  const memoryKiB = Number(/^MemTotal:\s+(\d+) kB/m.exec(meminfo ?? "")?.[1]);
  const disk = docker ?? data;
  if (!Number.isFinite(memoryKiB) || instances === null || !disk) return null;
  return {
    memoryMiB: Math.floor(memoryKiB / 1024),
    cpus: system.self.cpus,
    diskMiB: Math.floor(disk.freeBytes / 1024 ** 2),
    inotifyInstances: Number(instances.trim()),
  };
}
