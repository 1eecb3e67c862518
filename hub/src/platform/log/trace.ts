import type { RecordedEnvelope } from "@cloudphone/shared/envelope";
import { parseHostStream } from "@cloudphone/shared/envelope";
import type { Id } from "@cloudphone/shared/ids";

/** A step of a saga, as far as a trace needs it. */
export interface TracedStep {
  readonly saga: string;
  readonly sagaId: Id;
  readonly step: number;
  readonly at: string;
  /** Position of the event that it answered; null: a deadline. */
  readonly inputPosition: number | null;
  readonly phase: string;
  readonly status: string;
  readonly note: string;
  /** Types of the events it emitted. */
  readonly emitted: readonly string[];
}

export interface TraceNode {
  readonly kind: "event" | "step" | "command";
  /** An event's or a command's type; of a step, the saga's name. */
  readonly title: string;
  readonly at: string;
  /** In words: who said it, where a saga went, how a command ended. */
  readonly says: string;
  /** Of the event, command or saga. */
  readonly id: Id;
  /** Of an event. */
  readonly position: number | null;
  readonly children: TraceNode[];
}

/**
 * What one request has caused, as a tree: below each event the saga steps that answered it and the events they emitted, below each command its outcome. An event hangs
 * below what it names as its cause. Hosts' facts about a device name none: they hang below the wish that the host was told last. Pure.
 * A cause always lies earlier in the log, whatever an author claims, so this is a tree and holds every event once.
 */
export function causationTree(
  events: readonly RecordedEnvelope[],
  steps: readonly TracedStep[],
): TraceNode[] {
  const nodes = new Map(events.map((event) => [event.position, nodeOf(event)]));
  const places: Places = {
    byId: new Map(events.map((event) => [event.id, event])),
    nodes,
    steps: stepNodes(steps, nodes),
    commands: commandNodes(events, nodes),
    roots: [],
  };
  for (const root of places.steps.filter(({ parent }) => parent === null))
    places.roots.push(root.node);
  const wishes = new Map<string, TraceNode>();
  for (const event of events) {
    const node = nodes.get(event.position);
    if (!node) continue;
    const parent = causeOf(event, places) ?? wishBefore(event, wishes);
    (parent?.children ?? places.roots).push(node);
    if (event.type === "device.desired.changed") wishes.set(event.subject, node);
  }
  return inOrder(places.roots);
}

interface StepPlace {
  readonly step: TracedStep;
  readonly node: TraceNode;
  readonly parent: TraceNode | null;
  /** Types of what it emitted and was not found yet. */
  readonly missing: string[];
}

interface Places {
  readonly byId: ReadonlyMap<Id, RecordedEnvelope>;
  readonly nodes: ReadonlyMap<number, TraceNode>;
  readonly steps: readonly StepPlace[];
  readonly commands: ReadonlyMap<Id, { node: TraceNode; position: number }>;
  readonly roots: TraceNode[];
}

function stepNodes(
  steps: readonly TracedStep[],
  nodes: ReadonlyMap<number, TraceNode>,
): StepPlace[] {
  const last = new Map<string, TraceNode>();
  return steps.map((step) => {
    const { saga, sagaId, inputPosition, phase, status, note } = step;
    const state = status === "running" ? phase : `${phase}, ${status}`;
    const node: TraceNode = {
      kind: "step",
      title: saga,
      at: step.at,
      says: `${note} (${state})`,
      id: sagaId,
      position: null,
      children: [],
    };
    const key = `${saga} ${sagaId}`;
    const parent =
      (inputPosition === null ? last.get(key) : nodes.get(inputPosition)) ?? last.get(key) ?? null;
    parent?.children.push(node);
    last.set(key, node);
    return { step, node, parent, missing: [...step.emitted] };
  });
}

/** A command is what the first event tells that names it and was not caused by it; its outcome is caused by it. */
function commandNodes(
  events: readonly RecordedEnvelope[],
  nodes: ReadonlyMap<number, TraceNode>,
): Map<Id, { node: TraceNode; position: number }> {
  const commands = new Map<Id, { node: TraceNode; position: number }>();
  const outcomes = new Map(
    events.flatMap((event) => (event.causationId ? [[event.causationId, event] as const] : [])),
  );
  for (const event of events) {
    const id = event.data.commandId;
    if (typeof id !== "string" || commands.has(id) || event.causationId === id) continue;
    if (parseHostStream(event.stream)) continue;
    const node: TraceNode = {
      kind: "command",
      title: event.type.replace(/\.requested$/, ""),
      at: event.recordedAt,
      says: outcomeOf(event, outcomes.get(id)),
      id,
      position: null,
      children: [],
    };
    commands.set(id, { node, position: event.position });
    nodes.get(event.position)?.children.push(node);
  }
  return commands;
}

function outcomeOf(asked: RecordedEnvelope, outcome: RecordedEnvelope | undefined): string {
  if (!outcome) return "no answer";
  const seconds = (Date.parse(outcome.recordedAt) - Date.parse(asked.recordedAt)) / 1000;
  const { code } = outcome.data;
  const end = typeof code === "string" ? `failed (${code})` : "done";
  return `${end} after ${seconds.toFixed(3)} s`;
}

function causeOf(event: RecordedEnvelope, places: Places): TraceNode | null {
  const { causationId, position } = event;
  const command = causationId === null ? undefined : places.commands.get(causationId);
  if (command && command.position < position) return command.node;
  const cause = causationId === null ? undefined : places.byId.get(causationId);
  const step = emittingStep(event, cause?.position ?? null, places);
  if (step) return step;
  if (!cause || cause.position >= position) return null;
  return places.nodes.get(cause.position) ?? null;
}

/** The step that emitted an event: it answered the event's cause (or a deadline), and says that it emitted one of this type. */
function emittingStep(
  event: RecordedEnvelope,
  causePosition: number | null,
  { steps }: Places,
): TraceNode | null {
  if (parseHostStream(event.stream)) return null;
  if (causePosition !== null && causePosition >= event.position) return null;
  const found = steps.find(
    ({ step, missing }) =>
      step.inputPosition === causePosition &&
      missing.includes(event.type) &&
      (causePosition !== null || (event.causationId === null && step.at <= event.recordedAt)),
  );
  found?.missing.splice(found.missing.indexOf(event.type), 1);
  return found?.node ?? null;
}

function wishBefore(
  event: RecordedEnvelope,
  wishes: ReadonlyMap<string, TraceNode>,
): TraceNode | null {
  if (!parseHostStream(event.stream) || event.causationId !== null) return null;
  return wishes.get(String(event.data.deviceId)) ?? null;
}

function nodeOf(event: RecordedEnvelope): TraceNode {
  const host = parseHostStream(event.stream);
  const { code, reason } = event.data;
  const said = typeof reason === "string" ? `: ${reason}` : "";
  const failed = typeof code === "string" ? ` ${code}` : "";
  return {
    kind: "event",
    title: event.type,
    at: event.recordedAt,
    says: `${host ? `host ${host.hostId}` : event.stream.replace("context:", "")}${failed}${said}`,
    id: event.id,
    position: event.position,
    children: [],
  };
}

function inOrder(nodes: TraceNode[]): TraceNode[] {
  nodes.sort((a, b) => a.at.localeCompare(b.at) || (a.position ?? 0) - (b.position ?? 0));
  for (const node of nodes) inOrder(node.children);
  return nodes;
}
