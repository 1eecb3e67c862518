/**
 * Words of the adb transport protocol (AOSP packages/modules/adb/protocol.txt), for the host, the command line and the page alike: a message is six little-endian
 * words (command, two arguments, length, checksum, the command inverted), then the payload.
 */
export const adbCommands = {
  CNXN: 0x4e584e43,
  OPEN: 0x4e45504f,
  OKAY: 0x59414b4f,
  WRTE: 0x45545257,
  CLSE: 0x45534c43,
} as const;

/** What we speak. From this version on nobody computes checksums any more. */
export const adbVersion = 0x01000001;
export const adbHeaderBytes = 24;
/** The largest payload we take, and that any adb of today sends. */
export const maxPayloadBytes = 1024 * 1024;

/** In the banner of an end that takes several unanswered writes of one stream. adb itself ignores features that it does not know. */
export const windowFeature = "cloudphone_window";
export const windowWrites = 16;
export const windowedPayloadBytes = 64 * 1024;

/** Packets of a `shell,v2` stream (AOSP packages/modules/adb/shell_protocol.h): one byte of id, four of length (little-endian), then the data. */
export const shellPackets = {
  stdin: 0,
  stdout: 1,
  stderr: 2,
  exit: 3,
  closeStdin: 4,
  windowSize: 5,
} as const;

/** How an end of ours tells the window of a terminal. */
export const windowSizeOf = ({ rows, columns }: { rows: number; columns: number }): string =>
  `${rows}x${columns},0x0\0`;
