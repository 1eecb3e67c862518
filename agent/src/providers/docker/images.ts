import { Fault } from "@cloudphone/shared/fault";

/** A container image as it is written, taken apart. Docker's own names are made explicit: "redroid/redroid" is docker.io/redroid/redroid. */
export interface ImageReference {
  readonly repository: string;
  readonly tag: string | null;
  readonly digest: string | null;
}

// The grammar of github.com/distribution/reference: host with optional port, path of lower-case components, tag, digest.
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const host = "(?:localhost|[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9-]+(?=:\\d))(?::\\d{1,5})?";
const reference = new RegExp(
  `^(?:(${host})/)?(${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);

/** `bad_input` when Docker would not take it as the name of an image. */
export function parseImage(text: string): ImageReference {
  const match = reference.exec(text);
  if (!match) throw new Fault("bad_input", `"${text}" is not the name of a container image.`);
  const [, registry = "docker.io", path = "", tag, digest] = match;
  const official = registry === "docker.io" && !path.includes("/");
  return {
    repository: `${registry}/${official ? "library/" : ""}${path}`,
    tag: tag ?? null,
    digest: digest ?? null,
  };
}

/** Whether the operator's list lets an image be used: an entry without tag and digest allows all of its repository, another only itself. */
export function isAllowed(image: string, allowed: readonly string[]): boolean {
  const wanted = parseImage(image);
  return allowed.map(parseImage).some((entry) => {
    if (entry.repository !== wanted.repository) return false;
    if (entry.digest !== null) return entry.digest === wanted.digest;
    // Beside a digest Docker reads no tag: any image of the repository could be meant.
    if (entry.tag !== null && wanted.digest !== null) return false;
    return entry.tag === null || entry.tag === (wanted.tag ?? "latest");
  });
}
