/**
 * Runs sweeps on three hosts with networks of their own, while workers are killed, the broker is started again
 * and a host is cut off, and prints for each target the figure that was reached beside the one that is wanted:
 * `deno task soak:cluster`, some minutes each. It needs root and `ip` of iproute2 for the networks (without,
 * no host is cut off, and it says so), and the servers. Options as those of `deno task soak`.
 *
 * @module
 */

import { CLUSTER_ROWS } from "./soak/cluster.ts";
import { soak } from "./soak/soak_rows.ts";

if (import.meta.main) await soak(CLUSTER_ROWS);
