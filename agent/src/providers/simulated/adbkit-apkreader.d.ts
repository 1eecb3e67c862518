declare module "@devicefarmer/adbkit-apkreader" {
  const apkReader: {
    open(apk: Buffer | string): Promise<{ readManifest(): Promise<unknown> }>;
  };
  export default apkReader;
}
