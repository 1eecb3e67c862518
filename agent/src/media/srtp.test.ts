import { describe, expect, it } from "vitest";
import { RtpHeader, SrtpSession } from "werift";
import { sealer, type SrtpKeys } from "./srtp.ts";

const masterKey = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const header = Buffer.from("8040f17b8041f8d35501a0b2", "hex");
const text = Buffer.from("Gallia est omnis divisa in partes tres");
const ssrc = 0x5501a0b2;

function sealed(keys: SrtpKeys, index: { seq: number; rollover: number }): Buffer {
  const room = Buffer.concat([Buffer.from("before"), header, Buffer.alloc(text.length + 16)]);
  const bytes = sealer(keys, ssrc)({ room, at: 6, headerBytes: header.length }, text, index);
  expect(room.subarray(0, 6).toString()).toBe("before");
  return room.subarray(6, 6 + bytes);
}

it("RFC 7714's own example comes out byte by byte", () => {
  const salt = Buffer.from("517569642070726f2071756f", "hex");
  const keys = { profile: "aead-aes-128-gcm", key: masterKey, salt, authKey: masterKey } as const;
  expect(sealed(keys, { seq: 0xf17b, rollover: 0 }).toString("hex")).toBe(
    "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce",
  );
});

describe.each([
  [1, "aes-128-cm-hmac-sha1-80", 14],
  [7, "aead-aes-128-gcm", 12],
] as const)("of profile %i", (profile, name, saltBytes) => {
  const salt = Buffer.alloc(saltBytes, 0x5a);
  const local = { localMasterKey: masterKey, localMasterSalt: salt };
  const session = new SrtpSession({
    keys: { ...local, remoteMasterKey: masterKey, remoteMasterSalt: salt },
    profile,
  });
  const { srtpSessionKey, srtpSessionSalt, srtpSessionAuthTag } = session.localContext;
  const keys = {
    profile: name,
    key: srtpSessionKey,
    salt: srtpSessionSalt,
    authKey: srtpSessionAuthTag,
  };

  it.each([0, 1, 0xffff_fffe])("a packet is what werift makes of it at rollover %i", (rollover) => {
    const theirs = session.localContext.cipher.encryptRtp(
      RtpHeader.deSerialize(header),
      text,
      rollover,
    );
    expect(sealed(keys, { seq: 0xf17b, rollover }).toString("hex")).toBe(theirs.toString("hex"));
  });

  it("a viewer reads it", () => {
    const packet = sealed(keys, { seq: 0xf17b, rollover: 0 });
    expect(session.decrypt(packet).subarray(header.length)).toEqual(text);
  });
});
