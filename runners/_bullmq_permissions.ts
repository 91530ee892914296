import { type Broker, netOf } from "./_bullmq_broker.ts";

/** What BullMQ reads of the environment. */
const BULLMQ = ["NODE_ENV", "MSGPACKR_NATIVE_ACCELERATION_DISABLED"];
/** What the client of PostgreSQL reads, beside. */
const POSTGRES = [
  "PGAPPNAME",
  "PGBINARY",
  "PGCLIENT_ENCODING",
  "PGCONNECT_TIMEOUT",
  "PGOPTIONS",
  "PGPASSWORD",
  "PGREPLICATION",
  "PGSSLMODE",
  "PGSSLNEGOTIATION",
];

/** What speaking to a broker needs. The client of Redis lists all variables that there are. */
export function permissionsOf(broker: Broker): Deno.PermissionOptionsObject {
  return { net: [netOf(broker)], env: broker.kind === "redis" ? true : [...BULLMQ, ...POSTGRES] };
}
