import { ring, type Frame, unit } from "./frame.ts";
import { iconAt } from "./home.ts";
import { scrollBy, tapSettings } from "./pages.ts";
import { launch, type Point, type Scene } from "./scene.ts";

export interface Touch extends Point {
  readonly pointer: string;
  readonly action: "down" | "move" | "up";
}

interface Finger {
  readonly start: Point;
  at: Point;
  atMs: number;
  /** Pixels a millisecond, upwards. */
  speed: number;
  dragged: boolean;
}

const rippleMs = 350;
/** Speed lost each millisecond of a fling. */
const friction = 0.996;

/** Fingers on a phone's glass: taps, drags that scroll, flings that run out, a swipe up from the bottom that goes home. */
export class TouchScreen {
  readonly #fingers = new Map<string, Finger>();
  #ripples: (Point & { sinceMs: number })[] = [];
  #fling: { speed: number; atMs: number } | null = null;

  /** Something moves by itself and wants to be drawn again. */
  get moving(): boolean {
    return this.#ripples.length > 0 || this.#fling !== null;
  }

  get fingers(): number {
    return this.#fingers.size;
  }

  touch(scene: Scene, { pointer, action, x, y }: Touch): void {
    const nowMs = scene.now.getTime();
    if (action === "down") {
      this.#fling = null;
      this.#ripples = [...this.#ripples.slice(-9), { x, y, sinceMs: nowMs }];
      const finger = { start: { x, y }, at: { x, y }, atMs: nowMs, speed: 0, dragged: false };
      // Ten fingers, as on any phone.
      if (this.#fingers.size < 10) this.#fingers.set(pointer, finger);
      return;
    }
    const finger = this.#fingers.get(pointer);
    if (!finger) return;
    this.#move(scene, finger, { x, y });
    if (action === "move") return;
    this.#fingers.delete(pointer);
    if (!finger.dragged) tap(scene, { x, y });
    else if (this.#isHomeSwipe(scene, finger)) scene.phone.show({ kind: "home" });
    else if (Math.abs(finger.speed) > 0.1) this.#fling = { speed: finger.speed, atMs: nowMs };
  }

  /** A mouse's wheel, in notches upwards. */
  wheel(scene: Scene, notches: number): void {
    this.#fling = null;
    this.#scroll(scene, -notches * 24 * unit(scene));
  }

  /** Lets what moves by itself go on to this moment. */
  step(scene: Scene): void {
    const nowMs = scene.now.getTime();
    this.#ripples = this.#ripples.filter(({ sinceMs }) => nowMs - sinceMs < rippleMs);
    if (!this.#fling) return;
    const passedMs = Math.max(0, Math.min(100, nowMs - this.#fling.atMs));
    this.#scroll(scene, this.#fling.speed * passedMs);
    const speed = this.#fling.speed * friction ** passedMs;
    this.#fling = Math.abs(speed) < 0.05 ? null : { speed, atMs: nowMs };
  }

  draw(frame: Frame, scene: Scene): void {
    const nowMs = scene.now.getTime();
    const scale = unit(frame);
    for (const { x, y, sinceMs } of this.#ripples) {
      const radius = scale * (4 + (12 * (nowMs - sinceMs)) / rippleMs);
      ring(frame, { x, y, radius, width: scale * 2 }, [255, 200, 60]);
    }
  }

  #move(scene: Scene, finger: Finger, to: Point): void {
    const nowMs = scene.now.getTime();
    const up = finger.at.y - to.y;
    if (Math.hypot(to.x - finger.start.x, to.y - finger.start.y) > unit(scene) * 6)
      finger.dragged = true;
    if (finger.dragged && this.#fingers.size === 1) this.#scroll(scene, up);
    const passedMs = Math.max(1, nowMs - finger.atMs);
    finger.speed = passedMs > 100 ? 0 : 0.6 * (up / passedMs) + 0.4 * finger.speed;
    finger.at = to;
    finger.atMs = nowMs;
  }

  #scroll(scene: Scene, dy: number): void {
    const { phone } = scene;
    if (phone.screen.kind === "contacts" || phone.screen.kind === "settings")
      phone.screen = scrollBy(scene, phone.screen, dy);
  }

  #isHomeSwipe(scene: Scene, { start, at }: Finger): boolean {
    return start.y > scene.height - unit(scene) * 10 && start.y - at.y > scene.height / 8;
  }
}

/** A tap on an icon starts its app, on a switch turns it. */
export function tap(scene: Scene, point: Point): void {
  const { phone } = scene;
  if (!phone.booted) return;
  if (phone.screen.kind === "settings") tapSettings(scene, phone.screen, point);
  if (phone.screen.kind !== "home") return;
  const packageName = iconAt(scene, point);
  const opened = packageName === null ? null : launch(phone, packageName);
  if (opened) phone.show(opened);
}
