import { FitAddon } from "@xterm/addon-fit";
import { type ITheme, Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const themes: Record<"light" | "dark", ITheme> = {
  light: {
    background: "#ffffff",
    foreground: "#1f2328",
    cursor: "#0958d9",
    cursorAccent: "#ffffff",
    selectionBackground: "#b6d4fe",
    yellow: "#7d4e00",
    brightYellow: "#6b4300",
    green: "#116329",
    brightGreen: "#1a7f37",
    white: "#59636e",
    brightWhite: "#444c56",
  },
  dark: { background: "#101114", foreground: "#e6e6e6", cursor: "#69b1ff" },
};

export interface ScreenTerminal extends Disposable {
  readonly terminal: Terminal;
  size(): { rows: number; columns: number };
  /** Resolves once it is on the screen. */
  show(data: Uint8Array): Promise<void>;
}

/** xterm in an element: as large as it, in the system's colours. Shift+Tab leaves it, since every other key is the phone's. */
export function openTerminal(element: HTMLElement, onResize: () => void): ScreenTerminal {
  const terminal = new Terminal({
    fontSize: 13,
    scrollback: 5000,
    cursorBlink: true,
    theme: themes[dark.matches ? "dark" : "light"],
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(element);
  terminal.attachCustomKeyEventHandler(({ key, shiftKey }) => !(key === "Tab" && shiftKey));
  const colour = ({ matches }: MediaQueryListEvent): void => {
    terminal.options.theme = themes[matches ? "dark" : "light"];
  };
  dark.addEventListener("change", colour);
  const watch = new ResizeObserver(() => {
    // Nothing to fit into while its tab is hidden.
    if (element.clientWidth > 0) fit.fit();
  });
  watch.observe(element);
  fit.fit();
  const resized = terminal.onResize(onResize);
  return {
    terminal,
    size: () => ({ rows: terminal.rows, columns: terminal.cols }),
    show: (data) => new Promise((resolve) => terminal.write(data, resolve)),
    [Symbol.dispose]() {
      resized.dispose();
      watch.disconnect();
      dark.removeEventListener("change", colour);
      terminal.dispose();
    },
  };
}
