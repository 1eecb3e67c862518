declare module "@devicefarmer/adbkit-apkreader/lib/apkreader/parser/manifest.js" {
  const ManifestParser: new (bytes: Buffer) => { parse(): unknown };
  export default ManifestParser;
}
