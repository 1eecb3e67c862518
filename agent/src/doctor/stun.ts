/** A STUN binding request and its answer (RFC 8489 §5): whether a TURN or STUN server is there at all, without a password. */

const magicCookie = 0x2112a442;
const bindingRequest = 0x0001;
const bindingSuccess = 0x0101;
const xorMappedAddress = 0x0020;
const ipv4 = 0x01;

/** `transactionId`: 12 random bytes. */
export function bindingRequestHex(transactionId: Uint8Array): string {
  const packet = Buffer.alloc(20);
  packet.writeUInt16BE(bindingRequest, 0);
  packet.writeUInt32BE(magicCookie, 4);
  packet.set(transactionId.subarray(0, 12), 8);
  return packet.toString("hex");
}

/** The address the server saw us come from ("203.0.113.7:40000", or "an IPv6 address"); null when this does not answer that request. */
export function mappedAddress(replyHex: string, transactionId: Uint8Array): string | null {
  const packet = Buffer.from(replyHex, "hex");
  if (packet.length < 20 || packet.readUInt16BE(0) !== bindingSuccess) return null;
  if (packet.readUInt32BE(4) !== magicCookie) return null;
  if (!packet.subarray(8, 20).equals(Buffer.from(transactionId.subarray(0, 12)))) return null;
  for (let at = 20; at + 4 <= packet.length; ) {
    const length = packet.readUInt16BE(at + 2);
    if (packet.readUInt16BE(at) === xorMappedAddress && at + 12 <= packet.length) {
      if (packet.readUInt8(at + 5) !== ipv4) return "an IPv6 address";
      const port = packet.readUInt16BE(at + 6) ^ (magicCookie >>> 16);
      const address = (packet.readUInt32BE(at + 8) ^ magicCookie) >>> 0;
      const octets = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
      return `${octets.join(".")}:${port}`;
    }
    // Attributes are padded to four bytes.
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return "an address it does not tell";
}
