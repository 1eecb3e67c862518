import { useSyncExternalStore } from "react";

export interface Viewport {
  readonly width: number;
  readonly height: number;
}

let viewport: Viewport = { width: window.innerWidth, height: window.innerHeight };

const onResize = (listener: () => void): (() => void) => {
  const look = (): void => {
    viewport = { width: window.innerWidth, height: window.innerHeight };
    listener();
  };
  window.addEventListener("resize", look);
  return () => window.removeEventListener("resize", look);
};

/** The size of what the reader sees of the page, in CSS pixels. */
export const useViewport = (): Viewport => useSyncExternalStore(onResize, () => viewport);
