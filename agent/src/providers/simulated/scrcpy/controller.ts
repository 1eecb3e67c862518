import { ByteReader } from "../../../byte-reader.ts";
import type { SimPhone } from "../phone.ts";
import type { ServiceIo } from "../service.ts";
import { pressKey, typeText } from "../ui/keys.ts";
import { launch, type Scene } from "../ui/scene.ts";
import { type ControlMessage, readControlMessage } from "./control-messages.ts";
import type { ServerOptions } from "./options.ts";

/** What the video shows now: touches that name another size are dropped. */
export interface VideoState {
  readonly size: { readonly width: number; readonly height: number };
  reset(): void;
}

const shiftOn = 1;
const actions = { 0: "down", 1: "up", 2: "move" } as const;

/** Obeys one control socket until it ends; throws what ends the whole server. */
export async function serveControl(
  io: ServiceIo,
  { phone, video, options }: { phone: SimPhone; video: VideoState; options: ServerOptions },
): Promise<void> {
  const reader = new ByteReader(io.input);
  using _clipboard = options.clipboardAutosync
    ? phone.onClipboard((text) => void io.write(clipboardMessage(text)))
    : null;
  for (;;) {
    const message = await readControlMessage(reader);
    if (!message) return;
    if (message.type === "get-clipboard") {
      // With autosync the client is told each change by itself, and this is not answered.
      // An empty clipboard has no text, and what has none is not told.
      if (!options.clipboardAutosync && phone.clipboard !== "")
        await io.write(clipboardMessage(phone.clipboard));
    } else if (message.type === "set-clipboard") {
      phone.setClipboard(message.text);
      if (message.paste) typeText(phone, message.text);
      if (message.sequence !== 0n) await io.write(acknowledgement(message.sequence));
    } else obey(message, phone, video);
  }
}

function obey(message: ControlMessage, phone: SimPhone, video: VideoState): void {
  switch (message.type) {
    case "key":
      if (message.action === 0)
        pressKey(phone, message.keycode, { shift: (message.meta & shiftOn) !== 0 });
      return;
    case "text":
      typeText(phone, message.text);
      return;
    case "touch":
    case "scroll":
      return point(message, phone, video);
    case "back-or-screen-on":
      if (message.action !== 0) return;
      if (phone.awake) pressKey(phone, 4);
      else phone.awake = true;
      return;
    case "display-power":
      phone.awake = message.on;
      return;
    case "rotate":
      phone.lockRotation(phone.rotation === 0 ? 1 : 0);
      return;
    case "start-app": {
      const screen = launch(phone, message.name.replace(/^[+?]+/, ""));
      if (screen) phone.show(screen);
      return;
    }
    case "reset-video":
      return video.reset();
    case "get-clipboard":
    case "set-clipboard":
    case "ignored":
      return;
  }
}

/** Touches and wheels, in the video's coordinates. */
function point(
  message: Extract<ControlMessage, { type: "touch" | "scroll" }>,
  phone: SimPhone,
  { size }: VideoState,
): void {
  if (message.width !== size.width || message.height !== size.height) return;
  const scene: Scene = { phone, ...phone.size, now: new Date() };
  const x = (message.x * scene.width) / size.width;
  const y = (message.y * scene.height) / size.height;
  if (message.type === "touch") {
    const action = actions[message.action as 0 | 1 | 2];
    if (action)
      phone.touchScreen.touch(scene, { pointer: String(message.pointerId), action, x, y });
    return;
  }
  phone.touchScreen.wheel(scene, message.vertical);
}

function clipboardMessage(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function acknowledgement(sequence: bigint): Buffer {
  const message = Buffer.alloc(9);
  message[0] = 1;
  message.writeBigUInt64BE(sequence, 1);
  return message;
}
