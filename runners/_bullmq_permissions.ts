import { type Broker, netOf } from "./_bullmq_broker.ts";

/** What speaking to a broker needs. */
export function permissionsOf(broker: Broker): Deno.PermissionOptionsObject {
  return { net: [netOf(broker)] };
}
