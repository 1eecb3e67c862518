import { pushFile } from "../../adb/files.ts";
import { openPhoneLine } from "../tools/phone-line.ts";

/** Where a file goes that is dropped on a phone, and where a reader looks for files first. */
export const downloadsFolder = "/sdcard/Download";

/** Uploads a file into the phone's downloads; rejects with what went wrong. */
export async function saveOnPhone(
  deviceId: string,
  file: File,
  onShare: (share: number) => void,
): Promise<void> {
  const connection = await openPhoneLine(deviceId);
  try {
    await pushFile(connection, { file, to: `${downloadsFolder}/${file.name}` }, (bytes) =>
      onShare(bytes / file.size),
    );
  } finally {
    connection.close();
  }
}
