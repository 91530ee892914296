/**
 * Hosts with networks of their own: a namespace of Linux each, with an address of its own, at the end of a
 * virtual cable to a bridge, which is this machine's. That needs root, and `ip` of iproute2.
 *
 * @module
 */

import type { Hosts } from "./_hosts.ts";

const IP = "ip";
/** A network for benchmarks, which is nobody's: 198.18.0.0/15 (RFC 2544, appendix C.2.2). */
const NETWORK = "198.18";
const SUBNETS = 250;
const ROUTER = 254;

/** Hosts in namespaces, and the bridge between them. */
export class NamespaceHosts implements Hosts {
  readonly names: readonly string[];
  readonly address: string;
  readonly #bridge: string;
  readonly #made: string[][] = [];

  private constructor(count: number, subnet: number) {
    this.names = Array.from({ length: count }, (_, at) => `host-${at + 1}`);
    this.#bridge = `lab${subnet}`;
    this.address = addressIn(subnet, ROUTER);
  }

  /** Makes them. */
  static async open(count: number): Promise<NamespaceHosts> {
    const first = Deno.pid % SUBNETS;
    // Other programs may have hosts of this kind at the same time.
    for (let tries = 0;; tries++) {
      const subnet = (first + tries) % SUBNETS;
      const hosts = new NamespaceHosts(count, subnet);
      try {
        await hosts.#make(subnet);
        return hosts;
      } catch (error) {
        await hosts[Symbol.asyncDispose]();
        if (tries < SUBNETS && /exists/i.test(String(error))) continue;
        throw error;
      }
    }
  }

  command(host: string, program: string, args: readonly string[]): [string, string[]] {
    return [IP, ["netns", "exec", this.#namespace(host), program, ...args]];
  }

  async cut(host: string): Promise<void> {
    await ip("link", "set", this.#cable(host), "down");
  }

  async join(host: string): Promise<void> {
    await ip("link", "set", this.#cable(host), "up");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const undo of this.#made.splice(0).reverse()) await ip(...undo);
  }

  async #make(subnet: number): Promise<void> {
    const bridge = this.#bridge;
    await ip("link", "add", bridge, "type", "bridge");
    this.#made.push(["link", "delete", bridge]);
    await ip("address", "add", `${this.address}/24`, "dev", bridge);
    await ip("link", "set", bridge, "up");
    for (const [at, host] of this.names.entries()) {
      const [space, cable] = [this.#namespace(host), this.#cable(host)];
      await ip("netns", "add", space);
      this.#made.push(["netns", "delete", space]);
      await ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", space);
      // The other end would go with its namespace, but only when the last process in it has ended.
      this.#made.push(["link", "delete", cable]);
      await ip("link", "set", cable, "master", bridge, "up");
      await ip("-n", space, "address", "add", `${addressIn(subnet, at + 1)}/24`, "dev", "eth0");
      for (const device of ["lo", "eth0"]) await ip("-n", space, "link", "set", device, "up");
    }
  }

  #namespace(host: string): string {
    return `${this.#bridge}-${host}`;
  }

  /** The end of its cable that is at the bridge. */
  #cable(host: string): string {
    return `${this.#bridge}-${this.names.indexOf(host) + 1}`;
  }
}

function addressIn(subnet: number, host: number): string {
  return `${NETWORK}.${subnet}.${host}`;
}

async function ip(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(IP, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
  throw new Error(`ip ${args.join(" ")}: ${said}`);
}

async function reason(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "network namespaces are of Linux";
  if (Deno.permissions.querySync({ name: "run", command: IP }).state !== "granted") {
    return "it needs --allow-run";
  }
  try {
    await using _hosts = await NamespaceHosts.open(1);
    return undefined;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "there is no ip here" : (error as Error).message;
  }
}

/** Why there can be no such hosts here; `undefined` where there can. */
export const noNamespaces: string | undefined = await reason();
