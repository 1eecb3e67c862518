const mostText = 200;
const mostItems = 20;
const mostDepth = 4;
/** What goes into no log: secrets, and what people write or copy on their phones. */
const hidden = /password|secret|token|^key$|text|value|content/i;

/** What somebody asked for, as it is kept: bounded, and without what must not be. Pure. */
export function askedFor(input: unknown, depth = 0): unknown {
  if (typeof input === "string")
    return input.length > mostText ? `${input.slice(0, mostText)}…` : input;
  if (typeof input !== "object" || input === null) return input ?? null;
  if (depth === mostDepth) return "…";
  if (Array.isArray(input)) {
    const kept = input.slice(0, mostItems).map((item) => askedFor(item, depth + 1));
    return input.length > mostItems ? [...kept, `… ${input.length} in all`] : kept;
  }
  return Object.fromEntries(
    Object.entries(input)
      .filter(([name]) => name !== "idempotencyKey")
      .slice(0, mostItems)
      .map(([name, value]) => [
        name.slice(0, mostText),
        hidden.test(name) && value !== null ? "•••" : askedFor(value, depth + 1),
      ]),
  );
}
