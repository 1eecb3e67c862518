import type { Input } from "@cloudphone/shared/live";
import { shareOf, type Size } from "./geometry.ts";

export interface PointerTarget {
  /** The picture's size in pixels; null while there is none. */
  pictureSize(): Size | null;
  send(input: Input): void;
}

/** Lines of a wheel's notch, and pixels. */
const pixelsPerNotch = 100;

/** Fingers, mouse and wheel on the element that shows the picture. Moves are sent once for each frame of the page. Returns what undoes it. */
export function listenToPointers(element: HTMLElement, target: PointerTarget): () => void {
  const pointers = new Pointers(element, target);
  const ending = new AbortController();
  const options = { signal: ending.signal };
  element.addEventListener("pointerdown", (event) => pointers.down(event), options);
  element.addEventListener("pointermove", (event) => pointers.move(event), options);
  element.addEventListener("pointerup", (event) => pointers.up(event), options);
  element.addEventListener("pointercancel", (event) => pointers.up(event), options);
  element.addEventListener("contextmenu", (event) => event.preventDefault(), options);
  element.addEventListener("wheel", (event) => wheel(event, element, target), {
    ...options,
    passive: false,
  });
  return () => {
    ending.abort();
    pointers.stop();
  };
}

/** Which finger each pointer is, and the moves that wait for the page's next frame. */
class Pointers {
  readonly #element: HTMLElement;
  readonly #target: PointerTarget;
  readonly #fingers = new Map<number, number>();
  readonly #moves = new Map<number, Input>();
  #frame = 0;

  constructor(element: HTMLElement, target: PointerTarget) {
    this.#element = element;
    this.#target = target;
  }

  down(event: PointerEvent): void {
    if (event.pointerType === "mouse" && event.button !== 0)
      return pressButton(event, this.#target);
    event.preventDefault();
    const used = new Set(this.#fingers.values());
    const finger = Array.from({ length: 10 }, (_, index) => index).find(
      (index) => !used.has(index),
    );
    if (finger === undefined) return;
    this.#element.setPointerCapture(event.pointerId);
    this.#fingers.set(event.pointerId, finger);
    const input = this.#touch(event, "down", finger);
    if (input) this.#target.send(input);
  }

  move(event: PointerEvent): void {
    const finger = this.#fingers.get(event.pointerId);
    const input = finger === undefined ? null : this.#touch(event, "move", finger);
    if (finger === undefined || !input) return;
    this.#moves.set(finger, input);
    this.#frame ||= requestAnimationFrame(() => this.#flush());
  }

  up(event: PointerEvent): void {
    const finger = this.#fingers.get(event.pointerId);
    if (finger === undefined) return;
    this.#fingers.delete(event.pointerId);
    this.#flush();
    const input = this.#touch(event, "up", finger);
    if (input) this.#target.send(input);
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  #flush(): void {
    this.#frame = 0;
    for (const move of this.#moves.values()) this.#target.send(move);
    this.#moves.clear();
  }

  #touch(event: PointerEvent, action: "down" | "move" | "up", finger: number): Input | null {
    const place = placeOf(event, this.#element, this.#target);
    const pressure = event.pressure > 0 ? Math.min(1, event.pressure) : 1;
    return place && { type: "touch", action, finger, ...place, pressure };
  }
}

function placeOf(
  event: MouseEvent,
  element: HTMLElement,
  target: PointerTarget,
): { x: number; y: number } | null {
  const picture = target.pictureSize();
  if (!picture) return null;
  const box = element.getBoundingClientRect();
  return shareOf({ x: event.clientX - box.left, y: event.clientY - box.top }, box, picture);
}

/** A mouse's right button goes back, its middle one home, as scrcpy has it. */
function pressButton(event: PointerEvent, target: PointerTarget): void {
  event.preventDefault();
  if (event.button === 2) target.send({ type: "press", button: "back" });
  if (event.button === 1) target.send({ type: "press", button: "home" });
}

function wheel(event: WheelEvent, element: HTMLElement, target: PointerTarget): void {
  event.preventDefault();
  const place = placeOf(event, element, target);
  if (!place) return;
  const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? pixelsPerNotch : 3;
  const notches = (delta: number): number => Math.max(-16, Math.min(16, delta / unit));
  target.send({ type: "scroll", ...place, dx: notches(-event.deltaX), dy: notches(-event.deltaY) });
}
