import type { ShellCommand } from "../shell.ts";

const namespaces = ["system", "secure", "global"];

/** `settings get|put|delete|list NAMESPACE [KEY [VALUE]]` */
export const settings: ShellCommand = async ({ phone, args, out, err }) => {
  const [verb, namespace = "", key = "", ...value] = args;
  if (!namespaces.includes(namespace)) {
    await err(`Invalid namespace '${namespace}'\n`);
    return 255;
  }
  const name = `${namespace}/${key}`;
  const stored = phone.disk.settings;
  if (verb === "put" && name === "secure/android_id")
    phone.disk.identity = { ...phone.disk.identity, androidId: value.join(" ") };
  else if (verb === "put") stored.set(name, value.join(" "));
  else if (verb === "delete") await out(`Deleted ${stored.delete(name) ? 1 : 0} rows\n`);
  else if (verb === "list") {
    for (const [one, text] of stored)
      if (one.startsWith(`${namespace}/`))
        await out(`${one.slice(namespace.length + 1)}=${text}\n`);
  } else if (name === "secure/android_id") await out(`${phone.disk.identity.androidId}\n`);
  else await out(`${stored.get(name) ?? "null"}\n`);
  if (verb === "put" || verb === "delete") phone.applySettings();
  return 0;
};
