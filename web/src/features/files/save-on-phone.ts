import { pushFile } from "../../adb/files.ts";
import { openPhoneLine } from "../tools/phone-line.ts";

/** Where a file goes that is dropped on a phone, and where a reader looks for files first. */
export const downloadsFolder = "/sdcard/Download";

/** How far something is on its way, and whether it is still wanted. */
export interface Move {
  onShare(share: number): void;
  readonly signal: AbortSignal;
}

/** Uploads a file into the phone's downloads; rejects with what went wrong. */
export async function saveOnPhone(
  deviceId: string,
  file: File,
  { onShare, signal }: Move,
): Promise<void> {
  const connection = await openPhoneLine(deviceId);
  try {
    const onBytes = (bytes: number): void => onShare(bytes / file.size);
    const to = `${downloadsFolder}/${file.name}`;
    await pushFile(connection, { file, to }, { onBytes, signal });
  } finally {
    connection.close();
  }
}
