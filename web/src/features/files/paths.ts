import type { RemoteEntry } from "../../adb/sync.ts";

/** The folder above; the root's is itself. */
export const parentOf = (path: string): string => path.replace(/\/[^/]+$/, "") || "/";

export const inside = (folder: string, name: string): string =>
  folder === "/" ? `/${name}` : `${folder}/${name}`;

/** Each folder on the way to a path, the root first, with its whole path. */
export function steps(path: string): { readonly name: string; readonly path: string }[] {
  const names = path.split("/").filter(Boolean);
  return [
    { name: "/", path: "/" },
    ...names.map((name, at) => ({ name, path: `/${names.slice(0, at + 1).join("/")}` })),
  ];
}

/** Folders first, each by name as the reader's language has it; those with the words in their names. */
export function sorted(
  entries: readonly RemoteEntry[],
  { words, language }: { words: string; language: string },
): readonly RemoteEntry[] {
  const { compare } = new Intl.Collator(language, { numeric: true });
  const sought = words.toLowerCase();
  const rank = ({ kind }: RemoteEntry): number => (kind === "folder" || kind === "link" ? 0 : 1);
  return entries
    .filter(({ name }) => name.toLowerCase().includes(sought))
    .toSorted((a, b) => rank(a) - rank(b) || compare(a.name, b.name));
}
