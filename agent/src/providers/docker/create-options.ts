import type { DeviceSpec } from "@cloudphone/shared/device";
import { Fault } from "@cloudphone/shared/fault";
import type { Id } from "@cloudphone/shared/ids";
import type { DockerConfig } from "./config.ts";
import { isAllowed } from "./images.ts";

/** What Docker is asked for; the field names are those of its API (`POST /containers/create`). */
export interface CreateOptions {
  readonly name: string;
  readonly Image: string;
  readonly Cmd: readonly string[];
  readonly Hostname: string;
  readonly Tty: true;
  readonly StopTimeout: number;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: {
    readonly Privileged: true;
    readonly NetworkMode: string;
    readonly PortBindings: Readonly<
      Record<string, readonly { HostIp: string; HostPort: string }[]>
    >;
    readonly Mounts: readonly {
      Type: "volume";
      Source: string;
      Target: string;
      ReadOnly: boolean;
    }[];
    readonly Memory: number;
    readonly MemorySwap: number;
    readonly NanoCpus: number;
    readonly PidsLimit: number;
    readonly RestartPolicy: { readonly Name: string };
    readonly LogConfig: {
      readonly Type: string;
      readonly Config: Readonly<Record<string, string>>;
    };
  };
  readonly NetworkingConfig: {
    readonly EndpointsConfig: Readonly<Record<string, { IPAMConfig: { IPv4Address: string } }>>;
  };
}

/** Where the phone draws: `host` needs a driver that redroid knows; `guest` draws on the CPU. */
export type Gpu = { readonly mode: "host"; readonly node: string } | { readonly mode: "guest" };

export interface Making {
  readonly deviceId: Id;
  readonly name: string;
  readonly spec: DeviceSpec;
  readonly port: number;
  /** 16 hexadecimal digits, kept on the data volume. */
  readonly identity: string;
  /** On the phones' network; kept on the data volume too, for the MAC address is made from it. */
  readonly address: string;
  /** Of its data volume. */
  readonly generation: number;
  /** The shared volume below the phone's own; decided when its data volume was made, for a diff fits no other base. */
  readonly dataBase: string | null;
  readonly gpu: Gpu;
  readonly labels: Readonly<Record<string, string>>;
}

export const adbPort = "5555/tcp";

const plain = /^[\x20-\x7e]{0,200}$/;
const number = /^\d{1,5}$/;
const address = /^[0-9a-fA-F.:]{2,45}$/;
const host = /^[a-zA-Z0-9.-]{1,253}$/;

/** The settings of a phone that a spec may choose, by redroid's names, and what each may be (redroid-doc, "Configuration"). */
const settings: Readonly<Record<string, RegExp>> = {
  "androidboot.redroid_fps": /^([1-9]|[1-9]\d|1[01]\d|120)$/,
  "androidboot.use_memfd": /^(true|false|0|1)$/,
  "androidboot.redroid_net_ndns": /^[0-8]$/,
  "androidboot.redroid_net_proxy_type": /^(static|pac|none|unassigned)$/,
  "androidboot.redroid_net_proxy_host": host,
  "androidboot.redroid_net_proxy_port": number,
  "androidboot.redroid_net_proxy_exclude_list": plain,
  "androidboot.redroid_net_proxy_pac": /^https?:\/\/[\x21-\x7e]{1,190}$/,
  "ro.product.brand": plain,
  "ro.product.manufacturer": plain,
  "ro.product.model": plain,
  "ro.product.device": plain,
  "ro.product.name": plain,
  "persist.sys.locale": /^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,3}$/,
  "persist.sys.timezone": /^[A-Za-z0-9_+/-]{1,64}$/,
};
const dns = /^androidboot\.redroid_net_dns[1-8]$/;

/**
 * From a spec to what Docker is asked for: the one place where that is decided. Everything that could reach beyond the container (privileges, mounts, networks,
 * published ports, restart policy) comes from the template and the operator's configuration; a spec chooses an allowed image, sizes, limits and the settings
 * listed above, which are handed over as arguments of Android's init. Pure. `bad_input` names what is not allowed.
 */
export function createOptions(making: Making, config: DockerConfig): CreateOptions {
  const { spec, port } = making;
  if (!isAllowed(spec.image, config.images))
    throw new Fault(
      "bad_input",
      `The image ${spec.image} is not one that this host may run; allowed are ${config.images.join(", ") || "none"}.`,
    );
  return {
    name: containerName(making.deviceId),
    Image: spec.image,
    Cmd: bootArguments(making),
    Hostname: hostname(making.name),
    // As redroid's documents run it; it also makes Docker's log the plain bytes, without frames.
    Tty: true,
    StopTimeout: 1,
    ExposedPorts: { [adbPort]: {} },
    Labels: making.labels,
    HostConfig: {
      Privileged: true,
      NetworkMode: config.network,
      PortBindings: { [adbPort]: [{ HostIp: config.adbHost, HostPort: String(port) }] },
      Mounts: mounts(making),
      Memory: spec.memoryMiB * 1024 ** 2,
      // The same as Memory: no swap, so that the limit is one.
      MemorySwap: spec.memoryMiB * 1024 ** 2,
      NanoCpus: Math.round(spec.cpus * 1e9),
      PidsLimit: config.pidsLimit,
      RestartPolicy: { Name: config.restart },
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    },
    NetworkingConfig: {
      EndpointsConfig: { [config.network]: { IPAMConfig: { IPv4Address: making.address } } },
    },
  };
}

export const containerName = (deviceId: Id): string => `cloudphone-${deviceId}`;
export const volumeName = (deviceId: Id, generation = 0): string =>
  `cloudphone-${deviceId}-data${generation === 0 ? "" : `-${generation}`}`;

function bootArguments({ spec, identity, gpu, dataBase }: Making): string[] {
  const chosen = Object.entries(spec.properties).toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, value] of chosen) assertSetting(name, value);
  return [
    `androidboot.redroid_width=${spec.width}`,
    `androidboot.redroid_height=${spec.height}`,
    `androidboot.redroid_dpi=${spec.dpi}`,
    `androidboot.redroid_gpu_mode=${gpu.mode}`,
    ...(gpu.mode === "host" ? [`androidboot.redroid_gpu_node=${gpu.node}`] : []),
    `androidboot.serialno=${identity.toUpperCase()}`,
    ...(dataBase === null ? [] : ["androidboot.use_redroid_overlayfs=1"]),
    // Since Linux 5.18 there is no ashmem.
    ...(spec.properties["androidboot.use_memfd"] === undefined ? ["androidboot.use_memfd=1"] : []),
    ...chosen.map(([name, value]) => `${name}=${value}`),
  ];
}

function assertSetting(name: string, value: string): void {
  const rule = dns.test(name)
    ? address
    : Object.hasOwn(settings, name)
      ? settings[name]
      : undefined;
  if (!rule)
    throw new Fault(
      "bad_input",
      `The property ${name} can't be set on a phone in a container; these can: ${Object.keys(settings).join(", ")}, androidboot.redroid_net_dns1 to 8.`,
    );
  if (!rule.test(value))
    throw new Fault("bad_input", `The property ${name} can't be "${value.slice(0, 100)}".`);
}

/** redroid's overlay (`use_redroid_overlayfs`): /data is /data-diff over /data-base. */
function mounts({ deviceId, generation, dataBase }: Making): CreateOptions["HostConfig"]["Mounts"] {
  const own = {
    Type: "volume" as const,
    Source: volumeName(deviceId, generation),
    ReadOnly: false,
  };
  if (dataBase === null) return [{ ...own, Target: "/data" }];
  return [
    { Type: "volume", Source: dataBase, Target: "/data-base", ReadOnly: true },
    { ...own, Target: "/data-diff" },
  ];
}

/** RFC 1123, section 2.1: letters, digits and hyphens, 63 at most. */
const hostname = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 63)
    .replace(/-+$/, "") || "phone";
