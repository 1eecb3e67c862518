import { eventCatalog } from "@cloudphone/shared/events/catalog";
import type { EventVersion } from "@cloudphone/shared/events/define";

// Loaded before a hub (`node --import`), makes the next release of it: one that knows version 3 of device.stopped.
const { newest, versions } = eventCatalog["device.stopped"];
(versions as EventVersion[]).push({
  schema: newest,
  sample: versions.at(-1)?.sample,
  upcast: (older) => older,
});
