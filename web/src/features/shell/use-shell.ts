import { type RefObject, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Shell } from "../../adb/shell.ts";
import { openPhoneLine } from "../tools/phone-line.ts";
import { openTerminal, type ScreenTerminal } from "./screen-terminal.ts";

/** How far it has come; over: it ended by itself. */
export type ShellState =
  | { readonly phase: "connecting" }
  | { readonly phase: "open" }
  | { readonly phase: "over"; readonly exitCode: number }
  | { readonly phase: "broken"; readonly error: unknown };

/** What is typed or pasted faster than the phone takes it; more is not taken. */
const maxWaitingChars = 1024 * 1024;

interface LiveShell {
  readonly state: ShellState;
  again(): void;
}

/** A shell of the phone in this element, for as long as it is shown. */
export function useShell(element: RefObject<HTMLElement | null>, deviceId: string): LiveShell {
  const { t } = useTranslation();
  const [state, setState] = useState<ShellState>({ phase: "connecting" });
  const [round, setRound] = useState(0);
  const label = t("shell.label");
  useEffect(() => {
    if (!element.current) return undefined;
    const gone = new AbortController();
    let shell: Shell | null = null;
    const screen = openTerminal(element.current, () => shell?.resize(screen.size()));
    screen.terminal.textarea?.setAttribute("aria-label", label);
    const tell = (next: ShellState): void => {
      if (!gone.signal.aborted) setState(next);
    };
    setState({ phase: "connecting" });
    const onOpen = (opened: Shell): void => {
      shell = opened;
      tell({ phase: "open" });
      screen.terminal.focus();
    };
    converse(deviceId, { screen, signal: gone.signal, onOpen }).then(
      (exitCode) => tell({ phase: "over", exitCode }),
      (error: unknown) => tell({ phase: "broken", error }),
    );
    return () => {
      gone.abort();
      screen[Symbol.dispose]();
    };
  }, [element, deviceId, label, round]);
  return { state, again: () => setRound((before) => before + 1) };
}

interface Conversation {
  readonly screen: ScreenTerminal;
  readonly signal: AbortSignal;
  onOpen(shell: Shell): void;
}

/** Resolves with the shell's exit code; rejects with why it broke off. */
async function converse(
  deviceId: string,
  { screen, signal, onOpen }: Conversation,
): Promise<number> {
  const connection = await openPhoneLine(deviceId);
  const leave = (): void => connection.close();
  signal.addEventListener("abort", leave);
  try {
    if (signal.aborted) return 0;
    const { shell, exitCode } = await Shell.start(connection, {
      line: "",
      terminal: screen.size(),
      onOutput: (data) => (signal.aborted ? undefined : screen.show(data)),
    });
    let waiting = 0;
    const typing = screen.terminal.onData((text) => {
      if (waiting + text.length > maxWaitingChars) return;
      waiting += text.length;
      void shell.type(text).finally(() => {
        waiting -= text.length;
      });
    });
    onOpen(shell);
    const code = await exitCode.finally(() => typing.dispose());
    if (code === null) throw await connection.ended;
    return code;
  } finally {
    signal.removeEventListener("abort", leave);
    connection.close();
  }
}
