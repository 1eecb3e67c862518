import { Fault } from "@cloudphone/shared/fault";

/** An IPv4 network as "10.87.0.0/16" is written. */
export interface Subnet {
  readonly base: number;
  /** Addresses that devices can have: not the network itself, its gateway (the first) or the broadcast address (the last). */
  readonly room: number;
}

export function parseSubnet(text: string): Subnet {
  const [address = "", bits = ""] = text.split("/");
  const base = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return { base, room: 2 ** (32 - Number(bits)) - 3 };
}

/**
 * Hands out the addresses that phones have on their network. Docker makes a MAC address from an address (02:42 and its four bytes), so that a machine that remembers
 * who had an address is never wrong: an address with a MAC of our own would, taken over by another phone, lead to nobody for half a minute. The identity says where
 * the search begins; each wipe thus brings another address and another MAC.
 */
export class Addresses {
  readonly #subnet: Subnet;
  readonly #held = new Set<string>();

  constructor(subnet: string) {
    this.#subnet = parseSubnet(subnet);
  }

  /** One that is not taken, held until it is let go. `no_capacity` when there is none. */
  hold(identity: string, taken: ReadonlySet<string>): Disposable & { readonly address: string } {
    const { base, room } = this.#subnet;
    const begin = Number.parseInt(identity.slice(0, 8), 16);
    for (let tries = 0; tries < room; tries++) {
      const address = format(base + 2 + ((begin + tries) % room));
      if (taken.has(address) || this.#held.has(address)) continue;
      this.#held.add(address);
      return { address, [Symbol.dispose]: () => this.#held.delete(address) };
    }
    throw new Fault(
      "no_capacity",
      "The phones' network has no address left; give it more with CLOUDPHONE_DOCKER_SUBNET.",
    );
  }
}

const format = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
