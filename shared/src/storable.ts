/**
 * What PostgreSQL keeps neither as text nor as jsonb, and JSON may bring all the same: the character 0, and half of a character (a lone surrogate, such as is left
 * when text is cut). An event with one in it could be stored nowhere, and would hold up all that come behind it. Pure.
 */
export function isStorable(value: unknown): boolean {
  if (typeof value === "string") return !value.includes("\0") && value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return Array.isArray(value)
    ? value.every(isStorable)
    : Object.entries(value).every(([name, of]) => isStorable(name) && isStorable(of));
}

/** As `JSON.stringify` writes them; a lone backslash before it would be one of the text itself, and does no harm here. */
const written = /\\u(?:0000|d[89a-f])/;

/** The value as JSON, with U+FFFD, the sign for what can't be shown, in the place of each of them. */
export function storableJson(value: object): string {
  const text = JSON.stringify(value);
  return written.test(text) ? JSON.stringify(storable(JSON.parse(text))) : text;
}

function storable(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed().replaceAll("\0", "\ufffd");
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value)
    ? value.map(storable)
    : Object.fromEntries(Object.entries(value).map(([name, of]) => [storable(name), storable(of)]));
}
