import { useEffect, useMemo, useRef, useState } from "react";
import { Shell } from "../../adb/shell.ts";
import { openPhoneLine } from "../tools/phone-line.ts";
import { type LogLine, LogLines } from "./log-lines.ts";

/** What it begins with; then what comes. */
const command = "logcat -v threadtime -T 1000";
const showEveryMs = 100;

interface LiveLog {
  readonly lines: readonly LogLine[];
  readonly isPaused: boolean;
  readonly error: unknown;
  pause(paused: boolean): void;
  clear(): void;
  again(): void;
}

/** A phone's log, live for as long as it is shown. While it is paused nothing is read: the phone waits, and its own log keeps what comes as long as it has room. */
export function useLog(deviceId: string): LiveLog {
  const log = useMemo(() => new LogLines(), []);
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [isPaused, setPaused] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  const gate = useRef(Promise.withResolvers<void>());
  useEffect(() => {
    gate.current = Promise.withResolvers();
    if (!isPaused) gate.current.resolve();
    const open = gate.current;
    return () => open.resolve();
  }, [isPaused]);
  useEffect(() => {
    const gone = new AbortController();
    let isStale = false;
    const timer = setInterval(() => {
      if (isStale) setLines(log.all.slice());
      isStale = false;
    }, showEveryMs);
    const onText = async (text: string): Promise<void> => {
      await gate.current.promise;
      log.push(text);
      isStale = true;
    };
    setError(null);
    log.clear();
    follow(deviceId, gone.signal, onText).catch((why: unknown) => {
      if (!gone.signal.aborted) setError(why);
    });
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [deviceId, log, round]);
  return {
    lines,
    isPaused,
    error,
    pause: setPaused,
    clear() {
      log.clear();
      setLines([]);
    },
    again: () => setRound((before) => before + 1),
  };
}

/** Rejects with why it broke off. */
async function follow(
  deviceId: string,
  signal: AbortSignal,
  onText: (text: string) => Promise<void>,
): Promise<void> {
  const connection = await openPhoneLine(deviceId);
  const leave = (): void => connection.close();
  signal.addEventListener("abort", leave);
  const text = new TextDecoder();
  try {
    if (signal.aborted) return;
    const { exitCode } = await Shell.start(connection, {
      line: command,
      onOutput: (data) => onText(text.decode(data, { stream: true })),
    });
    await exitCode;
    connection.close();
    throw await connection.ended;
  } finally {
    signal.removeEventListener("abort", leave);
    connection.close();
  }
}
