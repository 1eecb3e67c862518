import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Fault } from "@cloudphone/shared/fault";
import ipaddr from "ipaddr.js";

/** Resolves a name to all of its addresses. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** Networks of the operator's own that may be sent to all the same: "10.1.2.0/24". */
export type AllowedNetworks = readonly string[];

export interface OutsideAddress {
  readonly url: URL;
  /** Where to connect: this address was checked, and no name is resolved again. */
  readonly address: string;
  readonly family: 4 | 6;
}

const resolveMs = 5000;

export const systemResolve: Resolve = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);

/**
 * The address behind a URL that somebody outside gave us to send to. Only https, and only public addresses, whatever spelling they come in: the URL parser makes dotted
 * ones of decimal, octal and hexadecimal IPv4, and an IPv6 address that holds an IPv4 one is judged by that. One inner address among
 * several is enough to refuse. Networks that the operator allows are excepted, with http as well. `bad_input` says what is wrong.
 */
export async function outsideAddress(
  text: string,
  { allowed, resolve = systemResolve }: { allowed: AllowedNetworks; resolve?: Resolve },
): Promise<OutsideAddress> {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === "")
    throw new Fault("bad_input", "Give a whole address, like https://example.com/hooks.");
  if (url.username !== "" || url.password !== "")
    throw new Fault("bad_input", "Leave user name and password out of the address.");
  const name = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(name) === 0 ? await resolved(name, resolve) : [name];
  const exempt = addresses.every((address) => isIn(address, allowed));
  if (!exempt && !addresses.every(isPublic))
    throw new Fault("bad_input", `${url.hostname} is not a public address; nothing is sent there.`);
  if (!exempt && url.protocol !== "https:")
    throw new Fault("bad_input", "Use https: what is sent must not be read on its way.");
  const [address = ""] = addresses;
  return { url, address, family: isIP(address) === 6 ? 6 : 4 };
}

async function resolved(name: string, resolve: Resolve): Promise<readonly string[]> {
  const unknown = (cause?: unknown) =>
    new Fault("bad_input", `The name ${name} could not be resolved.`, { cause });
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(unknown()), resolveMs);
  try {
    const addresses = await Promise.race([resolve(name), late.promise]);
    if (addresses.length === 0) throw unknown();
    return addresses;
  } catch (error) {
    throw error instanceof Fault ? error : unknown(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether an address is of the public Internet: not this machine's, a private, link-local, shared, reserved or multicast one, nor a way to wrap such a one. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== "unicast") return false;
  // Of IPv6 only what was ever given out (RFC 4291 section 2.4): ::127.0.0.1 and the like are nobody's, and some systems reach IPv4 by them.
  return parsed.kind() === "ipv4" || parsed.match(globalUnicast);
}

const globalUnicast = ipaddr.parseCIDR("2000::/3");

function isIn(address: string, networks: AllowedNetworks): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return networks.some((network) => {
    const [base, bits] = ipaddr.parseCIDR(network);
    return base.kind() === parsed.kind() && parsed.match(base, bits);
  });
}

export const isNetwork = (text: string): boolean => ipaddr.isValidCIDR(text);
