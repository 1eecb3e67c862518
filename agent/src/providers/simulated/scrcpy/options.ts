/** What the simulated server heeds of scrcpy 3.3.3's options; their defaults are the real server's. */
export interface ServerOptions {
  readonly scid: number | null;
  readonly video: boolean;
  readonly audio: boolean;
  readonly control: boolean;
  readonly tunnelForward: boolean;
  readonly maxSize: number;
  readonly maxFps: number;
  readonly videoBitRate: number;
  readonly clipboardAutosync: boolean;
  readonly cleanup: boolean;
  readonly downsizeOnError: boolean;
  readonly sendDummyByte: boolean;
  readonly sendDeviceMeta: boolean;
  readonly sendCodecMeta: boolean;
  readonly sendFrameMeta: boolean;
  readonly audioCodec: string;
}

export type ParsedOptions =
  | { readonly ok: true; readonly options: ServerOptions; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly error: string };

export const serverVersion = "3.3.3";

const known = new Map([
  ["scid", "-1"],
  ["video", "true"],
  ["audio", "true"],
  ["control", "true"],
  ["tunnel_forward", "false"],
  ["max_size", "0"],
  ["max_fps", "0"],
  ["video_bit_rate", "8000000"],
  ["clipboard_autosync", "true"],
  ["cleanup", "true"],
  ["downsize_on_error", "true"],
  ["send_dummy_byte", "true"],
  ["send_device_meta", "true"],
  ["send_codec_meta", "true"],
  ["send_frame_meta", "true"],
  ["audio_codec", "opus"],
  ["video_codec", "h264"],
]);

/** Understood by the real server, and without a meaning on a phone that is only drawn. */
const ignored = new Set(
  "log_level audio_source audio_dup audio_bit_rate audio_codec_options audio_encoder video_codec_options video_encoder video_source crop angle capture_orientation display_id new_display show_touches stay_awake screen_off_timeout power_off_on_close power_on display_ime_policy vd_destroy_content vd_system_decorations list_encoders list_displays list_cameras list_camera_sizes list_apps camera_id camera_size camera_facing camera_ar camera_fps camera_high_speed raw_stream".split(
    " ",
  ),
);

/** The server's arguments, the client's version first (scrcpy 3.3.3, Options.java). */
export function parseOptions([version, ...args]: readonly string[]): ParsedOptions {
  if (version === undefined) return { ok: false, error: "Missing client version" };
  if (version !== serverVersion)
    return {
      ok: false,
      error: `The server version (${serverVersion}) does not match the client (${version})`,
    };
  const values = new Map(known);
  const warnings: string[] = [];
  for (const arg of args) {
    const split = arg.indexOf("=");
    if (split === -1) return { ok: false, error: `Invalid key=value pair: "${arg}"` };
    const key = arg.slice(0, split);
    if (known.has(key)) values.set(key, arg.slice(split + 1));
    else if (!ignored.has(key)) warnings.push(`Unknown server option: ${key}`);
  }
  const flag = (key: string): boolean => values.get(key) === "true";
  const number = (key: string): number => Math.max(0, Number(values.get(key)) || 0);
  if (values.get("video_codec") !== "h264")
    return { ok: false, error: `Video codec ${values.get("video_codec")} not supported` };
  const scid = values.get("scid") ?? "-1";
  if (scid !== "-1" && !/^[0-9a-f]{1,8}$/i.test(scid))
    return { ok: false, error: `Invalid scid: ${scid}` };
  const options = {
    scid: scid === "-1" ? null : Number.parseInt(scid, 16),
    video: flag("video"),
    audio: flag("audio"),
    control: flag("control"),
    tunnelForward: flag("tunnel_forward"),
    // Rounded down to a multiple of eight, as encoders need it.
    maxSize: number("max_size") & ~7,
    maxFps: number("max_fps"),
    videoBitRate: number("video_bit_rate"),
    clipboardAutosync: flag("clipboard_autosync"),
    cleanup: flag("cleanup"),
    downsizeOnError: flag("downsize_on_error"),
    sendDummyByte: flag("send_dummy_byte"),
    sendDeviceMeta: flag("send_device_meta"),
    sendCodecMeta: flag("send_codec_meta"),
    sendFrameMeta: flag("send_frame_meta"),
    audioCodec: values.get("audio_codec") ?? "opus",
  };
  return { ok: true, options, warnings };
}

/** The abstract socket the server listens on. */
export const socketName = (scid: number | null): string =>
  scid === null ? "scrcpy" : `scrcpy_${scid.toString(16).padStart(8, "0")}`;

/** The video's size for a screen's: no side longer than `maxSize`, both multiples of eight (ScreenInfo / Size.java). */
export function videoSize(
  { width, height }: { width: number; height: number },
  maxSize: number,
): { width: number; height: number } {
  const longer = Math.max(width, height);
  const scale = maxSize > 0 && longer > maxSize ? maxSize / longer : 1;
  const side = (length: number): number => Math.max(16, Math.floor(length * scale) & ~7);
  return { width: side(width), height: side(height) };
}
