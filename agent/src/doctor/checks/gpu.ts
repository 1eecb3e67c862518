import { type Check, ok, warn } from "../check.ts";

/** Those that redroid's gpu_config.sh knows. */
const known = [
  "i915",
  "xe",
  "amdgpu",
  "nouveau",
  "virtio_gpu",
  "virtio-pci",
  "v3d",
  "vc4",
  "vc4-drm",
  "msm_drm",
  "msm",
  "panfrost",
];

const software =
  "Phones draw in software then (gpu_mode=guest): about 15 frames a second, at the processor's cost.";

const driver: Check = {
  id: "gpu.driver",
  looksAt: "GPU",
  kinds: ["docker"],
  async look(system) {
    if ((await system.readText("/proc/driver/nvidia/version")) !== null)
      return warn({
        says: "NVIDIA with the proprietary driver",
        why: `Android's graphics can't use it (redroid-doc issue 282). ${software}`,
        remedy: {
          command: "apt-get purge 'nvidia-driver*'  # nouveau takes over after a reboot",
          safe: false,
          root: true,
        },
      });
    const nodes = (await system.names("/dev/dri"))?.filter((name) => name.startsWith("renderD"));
    if (!nodes || nodes.length === 0)
      return warn({ says: "no GPU (/dev/dri has no render node)", why: software });
    const found = await Promise.all(
      nodes.map(async (node) => {
        const uevent = (await system.readText(`/sys/class/drm/${node}/device/uevent`)) ?? "";
        return { node, name: /^DRIVER=(.+)$/m.exec(uevent)?.[1] ?? "an unknown driver" };
      }),
    );
    const says = found.map(({ node, name }) => `/dev/dri/${node}: ${name}`).join(", ");
    if (found.some(({ name }) => known.includes(name))) return ok(says);
    return warn({ says, why: `Not a driver that redroid's images know. ${software}` });
  },
};

export const gpuChecks: readonly Check[] = [driver];
