import { z } from "zod";
import { wordsSchema } from "../words.ts";

/** What an operator sets about phones in containers (`docker` in the file, CLOUDPHONE_DOCKER_* in the environment). */
export const dockerConfigSchema = z.object({
  /** `unix:///…`, `tcp://host:2376` (with `tlsDir`), `ssh://user@host`, or `off`. */
  host: z
    .string()
    .regex(
      /^(off|unix:\/\/\/.+|tcp:\/\/[^/]+:\d+|ssh:\/\/[^/]+)$/,
      "is off, unix:///path, tcp://host:port or ssh://user@host",
    )
    .default("unix:///var/run/docker.sock"),
  /** Folder with ca.pem, cert.pem and key.pem, as Docker's own client wants it; without it tcp:// is not encrypted. */
  tlsDir: z.string().min(1).nullable().default(null),
  /** What specs may ask for: a repository (any tag of it), or a repository with one tag or digest. */
  images: wordsSchema.default(["redroid/redroid"]),
  /** Images fetched as soon as the agent starts, so that no customer waits for them. */
  pull: wordsSchema.default([]),
  /** Devices at once; by default one for every 2 GiB of the machine's memory. */
  capacity: z.coerce.number().int().min(0).max(1000).nullable().default(null),
  /** adb of each container is published on one of these ports. */
  firstPort: z.coerce.number().int().min(1024).max(65_535).default(21_000),
  lastPort: z.coerce.number().int().min(1024).max(65_535).default(22_999),
  /** Address on the Docker machine that adb is published on and reached at. adb asks nobody for a password: never one that the world can reach. */
  adbHost: z
    .ipv4()
    .refine((address) => address !== "0.0.0.0", "must be one address, never every address")
    .default("127.0.0.1"),
  /** Port of this machine's adb server. */
  adbPort: z.coerce.number().int().min(1).max(65_535).default(5037),
  /** Volume that all phones share, read only, below what each has written itself; null: each has the whole of /data to itself. */
  dataBase: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$/)
    .nullable()
    .default(null),
  /** The bridge network the phones share; made, with traffic between phones forbidden, when it is not there. */
  network: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$/)
    .refine(
      (name) => !["host", "none", "default", "bridge"].includes(name),
      "must be a network of its own",
    )
    .default("cloudphone"),
  /** Addresses of that network, when the agent makes it. */
  subnet: z.cidrv4().default("10.87.0.0/16"),
  gpu: z.enum(["auto", "host", "guest"]).default("auto"),
  pidsLimit: z.coerce.number().int().min(64).max(100_000).default(8192),
  /** `no`: only the agent brings phones back; see docs/decisions. */
  restart: z.enum(["no", "unless-stopped"]).default("no"),
});
export type DockerConfig = z.infer<typeof dockerConfigSchema>;
