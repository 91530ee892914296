import { builtin } from "../builtin.ts";

/**
 * Types of file systems that lie on other machines, as Linux's statfs(2) numbers them: memory cannot be
 * shared through them, and the locks of one machine may not be known to another.
 */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xfe534d42, "SMB"],
  [0xff534d42, "CIFS"],
  [0x5346414f, "AFS"],
  [0x01021997, "9p"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x19830326, "BeeGFS"],
]);

/**
 * Gives the name of the network file system that a folder lies on; `undefined` where it lies on none that
 * is known, or the program may not ask.
 */
export function networkOf(folder: string): string | undefined {
  const isLinux = Deno.build.os === "linux";
  const granted = isLinux &&
    Deno.permissions.querySync({ name: "sys", kind: "statfs" }).state === "granted";
  if (!granted || Deno.permissions.querySync({ name: "read", path: folder }).state !== "granted") {
    return undefined;
  }
  const { type } = builtin<typeof import("node:fs")>("node:fs").statfsSync(folder);
  return NETWORK.get(type >>> 0);
}
