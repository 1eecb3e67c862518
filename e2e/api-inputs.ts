import { randomUUID } from "node:crypto";
import { z } from "zod";

/** What a value of the API may be called by: a person's things, by the names that inputs give them. */
export type Things = Readonly<Record<string, readonly string[]>>;

/** What JSON schema says of an input, as far as it is read here. */
interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

/** Values of a form of their own, which no schema tells. */
const forms: Readonly<Record<string, readonly unknown[]>> = {
  email: ["nobody@example.com"],
  password: ["correct horse battery"],
  scopes: [["*.write"]],
  role: ["customer"],
  packageName: ["io.appium.settings"],
  prefix: [""],
  property: ["debug.app.level"],
  value: ["1"],
  locale: ["de-DE"],
  timeZone: ["Europe/Berlin"],
  host: ["example.com"],
  provider: ["simulated"],
  properties: [{}],
  labels: [{ team: "checkout" }],
  url: ["https://hook.invalid/"],
  from: ["2026-11-01"],
  to: ["2026-11-30"],
  lastEventId: ["0"],
  after: [0],
  text: ["hello"],
};
const words = ["some words", "word", "debug.app.level", "2026-11-25T00:00:00Z"];
/** Free text, which the hub keeps and shows again to whoever wrote it. */
const freeText = /^(name|reason|description|text|memo|title|note)$/;

/**
 * Inputs for a procedure, made of nothing but its schema: each that may be left out is once left out, and whatever may name a thing names each of `things` in
 * turn (those of its own name where there are any, else all). Every input passes the schema.
 */
export function inputsFor(schema: z.ZodType | undefined, things: Things): unknown[] {
  if (!schema) return [undefined];
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema;
  const inputs = [...variants(json, "", things), undefined];
  return inputs.filter((input) => schema.safeParse(input).success);
}

function variants(schema: Schema, name: string, things: Things): unknown[] {
  if (schema.const !== undefined) return [schema.const];
  if (schema.enum) return [...schema.enum];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.flatMap((choice) => variants(choice, name, things));
  if (schema.allOf?.[0]) return variants(schema.allOf[0], name, things);
  if (name === "idempotencyKey") return [randomUUID()];
  const form = forms[name];
  if (form && !things[name]) return [...form];
  switch (schema.type) {
    case "string":
      return strings(schema, freeText.test(name) ? words : (things[name] ?? allOf(things)));
    case "integer":
    case "number":
      return [Math.max(1, schema.minimum ?? 1)];
    case "boolean":
      return [true, false];
    case "array":
      return schema.items ? variants(schema.items, name, things).map((item) => [item]) : [[]];
    case "object":
      return schema.properties ? objects(schema, things) : [{}];
    case undefined:
    default:
      return [null];
  }
}

/** Those that fit; when none does, a word that might. */
function strings({ pattern, minLength = 0 }: Schema, wanted: readonly string[]): string[] {
  const form = new RegExp(pattern ?? "", "u");
  const fits = (text: string): boolean => form.test(text) && text.length >= minLength;
  const found = wanted.filter(fits);
  return found.length > 0 ? found : words.filter(fits);
}

/** One object with the first value of everything, one for every other value of each, and one with what must be there alone. */
function objects(schema: Schema, things: Things): unknown[] {
  const values = Object.entries(schema.properties ?? {}).map(
    ([name, property]) => [name, variants(property, name, things)] as const,
  );
  const full = Object.fromEntries(values.map(([name, [first]]) => [name, first]));
  const least = Object.fromEntries(
    Object.entries(full).filter(([name]) => schema.required?.includes(name)),
  );
  const varied = [full, least].flatMap((base) =>
    values
      .filter(([name]) => name in base)
      .flatMap(([name, [, ...others]]) => others.map((value) => ({ ...base, [name]: value }))),
  );
  return [full, least, ...varied];
}

const allOf = (things: Things): string[] => [...new Set(Object.values(things).flat())];

/** Of a type that a field may have, and yet what somebody might trip over: the database, a sum, a page. */
const spoilt: Readonly<Record<string, readonly unknown[]>> = {
  string: ["", "\0", "\ud800", "0000-01-01T00:00:00Z", "%_\\", "x".repeat(5000)],
  number: [-1, 0, 0.5, 2 ** 53, 2 ** 63, 1e308],
};

/** The input again and again, each time with another of its fields spoilt; schemas may refuse it or not. */
export function* spoiltInputs(input: unknown): Generator<unknown> {
  if (Array.isArray(input)) {
    yield [];
    for (const each of input.slice(0, 1)) for (const bad of spoiltInputs(each)) yield [bad];
  } else if (typeof input === "object" && input !== null)
    for (const [name, of] of Object.entries(input))
      for (const bad of spoiltInputs(of)) yield { ...input, [name]: bad };
  else yield* spoilt[typeof input] ?? [[], {}, "x"];
}
