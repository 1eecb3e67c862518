/**
 * What an app or a network can know a phone by, from the random identity that its data volume carries. They are one and change together: a wipe removes
 * the volume, so serial number, MAC and (made by Android on the empty volume) android_id are all new. Pure.
 */
export interface Identity {
  readonly serial: string;
  readonly mac: string;
}

/** Of 16 hexadecimal digits. */
export function identityOf(random: string): Identity {
  const octets = random.slice(0, 10).match(/../g) ?? [];
  return {
    serial: random.toUpperCase(),
    // 02: locally administered, for one station (IEEE 802, bits of the first octet).
    mac: ["02", ...octets].join(":"),
  };
}
