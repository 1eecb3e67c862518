import type { Guard } from "./guard.ts";

const store = "agent/src/store/open.int.test.ts";
const meter = "agent/src/usage/meter.test.ts";
const uplink = "agent/src/link/uplink.test.ts";
const runner = "agent/src/commands/runner.int.test.ts";
const supervisor = "agent/src/devices/supervisor.int.test.ts";
const diskFull = "e2e/disk-full.e2e.test.ts";
const diskFullName =
  "a full disk of the host is told in words, refuses new work, keeps what runs and its metering, and is over by itself";
const nextStep = "agent/src/devices/next-step.test.ts";

/** What holds on the host: its store, its link, its meter, its devices and commands. */
export const agentGuards: readonly Guard[] = [
  {
    name: "an outbox row goes on the hub's own ack alone",
    file: "agent/src/link/uplink.ts",
    guard: "    this.#options.send({ v: 1, epoch: this.#options.outbox.epoch, rows });\n",
    without:
      "    this.#options.send({ v: 1, epoch: this.#options.outbox.epoch, rows });\n    this.#options.outbox.acked(rows.at(-1)?.seq ?? 0);\n",
    test: { file: uplink, name: "deletes rows only on the hub's own ack" },
  },
  {
    name: "an ack of another epoch is not taken",
    file: "agent/src/link/uplink.ts",
    guard: "if (ack.epoch !== outbox.epoch) return;",
    without: "",
    test: { file: uplink, name: "takes no ack of another epoch" },
  },
  {
    name: "what the hub has a gap in is sent again",
    file: "agent/src/link/uplink-state.ts",
    guard: "const again = ack.resend || !state.linked;",
    without: "const again = !state.linked;",
    test: { file: uplink, name: "sends again what the hub has a gap in" },
  },
  {
    name: "what the hub stays silent about is sent again",
    file: "agent/src/link/uplink-state.ts",
    guard: "return { ...state, sentSeq: state.ackedSeq, progressMs: nowMs };",
    without: "return state;",
    test: { file: uplink, name: "sends again when the hub stays silent" },
  },
  {
    name: "a row the hub never takes does not hold up those behind it",
    file: "agent/src/link/uplink.ts",
    guard: "if (this.#refusals < maxRefusals) return;",
    without: "return;",
    test: {
      file: uplink,
      name: "sets a row aside after five refusals and sends its number as lost",
    },
  },
  {
    name: "AUTOINCREMENT: a number is never given twice",
    file: "agent/src/store/migrations/0001-create-store.sql",
    guard: "seq integer primary key autoincrement",
    without: "seq integer primary key",
    test: {
      file: store,
      name: "never gives a number twice, also when all was taken over before it is opened again",
    },
  },
  {
    name: "max_page_count: the store never fills its host's disk",
    file: "agent/src/store/open.ts",
    guard: "    db.pragma(`max_page_count = ${maxPagesOf(options)}`);\n",
    without: "",
    test: {
      file: store,
      name: "says that it is full at its greatest size, drains, and takes events again",
    },
  },
  {
    name: "a part of the reserve is kept for deleting what was acknowledged",
    file: "agent/src/store/room.ts",
    guard: 'if (use === "draining") rmSync(this.#ballast.draining, { force: true });',
    without: "",
    test: { file: store, name: "drains a disk that is full to the last byte, and goes on" },
  },
  {
    name: "no command is begun whose outcome might not fit on the disk",
    file: "agent/src/commands/runner.ts",
    guard: '    if (store.pressure() === "full") return fullDisk();\n',
    without: "",
    test: {
      file: runner,
      name: "a command is refused, and not run, while the disk might not hold its outcome",
    },
  },
  {
    name: "no phone is started whose run might not fit on the disk",
    file: "agent/src/devices/supervisor.ts",
    guard: '    if (this.#deps.store.pressure() === "full") throw fullDisk();\n',
    without: "",
    test: { file: diskFull, name: diskFullName },
  },
  {
    name: "a boot is waited for only while the phone still boots",
    file: "agent/src/devices/supervisor.ts",
    guard: 'if (step.kind === "boot" && step.instanceId === instanceId) return "boots";',
    without: 'return "boots";',
    test: {
      file: supervisor,
      name: "a phone that is to be off is switched off while it still boots",
    },
  },
  {
    name: "a damaged store begins a new epoch",
    file: "agent/src/store/open.ts",
    guard: "      if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);\n",
    without: "",
    test: { file: store, name: "keeps a damaged file aside and begins a new epoch" },
  },
  {
    name: "a work that throws leaves nothing in the group's commit",
    file: "agent/src/store/open.ts",
    guard: 'if (db.inTransaction) db.exec("rollback to work; release work");',
    without: 'if (db.inTransaction) db.exec("release work");',
    test: {
      file: store,
      name: "undoes a work that throws, and only that, of those that commit together",
    },
  },
  {
    name: "running time is measured on the monotonic clock",
    file: "agent/src/usage/runs.ts",
    guard: "Math.max(run.confirmedMs, clock.nowMs() - run.startedMonoMs)",
    without: "Math.max(run.confirmedMs, Date.now() - Date.parse(run.startedAt))",
    test: { file: meter, name: "measures the same whatever happens to the wall clock" },
  },
  {
    name: "the running mark is on disk for after a power cut",
    file: "agent/src/usage/meter.ts",
    guard: "        tx.putRun(marked);\n",
    without: "",
    test: {
      file: meter,
      name: "leaves the last confirmed second on disk for after a power cut, and confirms none of the next boot",
    },
  },
  {
    name: "seconds of another boot are not counted",
    file: "agent/src/usage/runs.ts",
    guard: "  if (run.bootId !== clock.bootId) return null;\n",
    without: "",
    test: {
      file: meter,
      name: "leaves the last confirmed second on disk for after a power cut, and confirms none of the next boot",
    },
  },
  {
    name: "no second counts in which the device was not seen alive",
    file: "agent/src/usage/meter.ts",
    guard: "this.#deps.aliveAt(run.deviceId, run.instanceId);\n",
    without: "clock.nowMs() as number | null;\n",
    test: { file: meter, name: "confirms no second in which the device was not seen alive" },
  },
  {
    name: "a phone is wiped before the next lease starts it",
    file: "agent/src/devices/next-step.ts",
    guard: '  if (dirty) return on ? { kind: "stop" } : { kind: "wipe" };\n',
    without: "",
    test: {
      file: nextStep,
      name: "%s",
      case: "with another's data is to wipe it before the next lease starts it",
    },
  },
  {
    name: "a run is closed before its device is stopped",
    file: "agent/src/devices/next-step.ts",
    guard: "    if (!wantsOn)\n",
    without: "    if (false as boolean)\n",
    test: {
      file: nextStep,
      name: "%s",
      case: "whose run should end is to close it before it is stopped",
    },
  },
  {
    name: "a lease that ran out on the host's own clock is not revived",
    file: "agent/src/devices/fleet.ts",
    guard: "? Math.min(known.leaseRemainingMs, lease.remainingMs)",
    without: "? lease.remainingMs",
    test: { file: nextStep, name: "does not revive a lease that ran out here" },
  },
  {
    name: "the inbox: a command id runs at most once",
    file: "agent/src/commands/runner.ts",
    guard: "      if (tx.inbox(command.id)) return false;\n",
    without: "",
    test: {
      file: runner,
      name: "a command that comes again, now or after a restart, is run once and answered once",
    },
  },
  {
    name: "the fencing token: a command of another lease is refused",
    file: "agent/src/commands/runner.ts",
    guard: "    if (token !== command.token)\n",
    without: "    if (false as boolean)\n",
    test: {
      file: runner,
      name: "a command of a lease that is not the device's any more is refused, and not run",
    },
  },
  {
    name: "a command is not begun after its deadline",
    file: "agent/src/commands/runner.ts",
    guard: "    if (waitedMs >= command.ttlMs)\n",
    without: "    if (false as boolean)\n",
    test: { file: runner, name: "a command whose time was over before it could begin is not run" },
  },
  {
    name: "a command that a crash cut off is not begun again",
    file: "agent/src/commands/runner.ts",
    guard: '      if (row.state === "running")\n',
    without: "      if (false as boolean)\n",
    test: {
      file: runner,
      name: "a command that was cut off ends as interrupted, and is not run again",
    },
  },
  {
    name: "an older desired state is not obeyed",
    file: "agent/src/devices/fleet.ts",
    guard: "      if (known && known.desired.revision >= desired.revision) return null;\n",
    without: "",
    test: {
      file: "agent/src/devices/fleet.int.test.ts",
      name: "an older wish that arrives late changes nothing",
    },
  },
];
