/** What Docker is asked for to copy one volume to another; the field names are those of its API (`POST /containers/create`). */
export interface CopyOptions {
  readonly name: string;
  readonly Image: string;
  readonly Entrypoint: readonly string[];
  readonly Env: readonly string[];
  readonly User: "0";
  readonly Tty: true;
  readonly Labels: Readonly<Record<string, string>>;
  readonly HostConfig: {
    readonly NetworkMode: "none";
    readonly CapDrop: readonly string[];
    readonly CapAdd: readonly string[];
    readonly SecurityOpt: readonly string[];
    readonly ReadonlyRootfs: true;
    readonly Mounts: readonly {
      Type: "volume";
      Source: string;
      Target: string;
      ReadOnly: boolean;
    }[];
    readonly Memory: number;
    readonly PidsLimit: number;
    readonly RestartPolicy: { readonly Name: "no" };
    readonly LogConfig: {
      readonly Type: string;
      readonly Config: Readonly<Record<string, string>>;
    };
  };
}

/** Names of volumes. */
export interface Copying {
  readonly from: string;
  readonly to: string;
  /** The data that the copy is to replace; null when it is for no phone. */
  readonly own: string | null;
  /** The phone's own, which is allowed and here: a copy needs nothing but its shell. */
  readonly image: string;
}

export const copierName = (to: string): string => `${to}-copier`;

/** As the container that copies says it when all is done: the room that the copy takes, in KiB. */
export const copied = /^copied (\d+) KiB\s*$/m;

/**
 * From a copy to what Docker is asked for. Unlike a phone the container that copies has no privileges: of root's capabilities only those that keep
 * owners, modes and special files as they are, no network, nothing to write to but the copy. Pure.
 */
export function copyOptions({ from, to, own, image }: Copying): CopyOptions {
  const volume = (Source: string, Target: string, ReadOnly: boolean) => ({
    ...{ Type: "volume" as const, Source, Target, ReadOnly },
  });
  return {
    name: copierName(to),
    Image: image,
    Entrypoint: [
      "/system/bin/sh",
      "-c",
      own === null ? copyAll + finish : copyAll + keepIdentity + finish,
    ],
    Env: ["PATH=/system/bin:/usr/bin:/bin"],
    User: "0",
    Tty: true,
    Labels: { "cloudphone.copier": to },
    HostConfig: {
      NetworkMode: "none",
      CapDrop: ["ALL"],
      CapAdd: ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD"],
      SecurityOpt: ["no-new-privileges"],
      ReadonlyRootfs: true,
      Mounts: [
        volume(from, "/from", true),
        volume(to, "/to", false),
        ...(own === null ? [] : [volume(own, "/own", true)]),
      ],
      Memory: 256 * 1024 ** 2,
      PidsLimit: 64,
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    },
  };
}

/** Exit code of a copy that found no room: ENOSPC. In words it could not be told, for Docker's log lies on the same disk. */
export const noRoom = 28;

const copyAll = `set -e
said=$(cp -a /from/. /to/ 2>&1) || {
  echo "$said"
  case $said in *"No space left"*) exit ${noRoom} ;; esac
  exit 1
}
`;

/** ANDROID_ID as each app sees it: AOSP's SettingsProvider makes it from a key in this file, one for each of Android's users (since Android 8). */
const keepIdentity = `rm -f /to/system/users/*/settings_ssaid.xml*
for file in /own/system/users/*/settings_ssaid.xml; do
  to=/to/\${file#/own/}
  if [ -f "$file" ] && [ -d "\${to%/*}" ]; then cp -a "$file" "$to"; fi
done
`;

/** On the disk before anybody counts on it. */
const finish = `sync
set -- $(du -sk /to)
echo "copied $1 KiB"
`;
