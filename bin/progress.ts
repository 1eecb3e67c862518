/** A bar on standard error while somebody looks; nothing otherwise. */
export function progressBar(): (bytes: number, totalBytes: number | null) => void {
  let drawn = -1;
  return (bytes, totalBytes) => {
    if (!process.stderr.isTTY || !totalBytes) return;
    const percent = Math.floor((bytes / totalBytes) * 100);
    if (percent === drawn) return;
    drawn = percent;
    const filled = "#".repeat(Math.round(percent * 0.3)).padEnd(30, ".");
    process.stderr.write(`\r[${filled}] ${percent} %${bytes >= totalBytes ? "\n" : ""}`);
  };
}
