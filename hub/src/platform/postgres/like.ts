/** What somebody types, for `like`: text, and no pattern. Null: nothing is looked for. Pure. */
export const likeText = (search: string | null | undefined): string | null =>
  search?.replace(/[\\%_]/g, "\\$&") ?? null;
