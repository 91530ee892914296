/**
 * Looking after what a storage holds: whether it is whole, and what of it may go. `docs/maintenance.md`
 * tells how; the commands `lab verify` and `lab gc` are made of it.
 *
 * @module
 */

export {
  type StorageProblem,
  type StorageReport,
  type VerifyOptions,
  type VerifyProgress,
  verifyStorage,
} from "./verify_storage.ts";
export {
  type CarryOutOptions,
  collectGarbage,
  type GarbageCount,
  type GarbageCriteria,
  type GarbageEntry,
  type GarbagePlan,
  type GarbageProgress,
} from "./collect_garbage.ts";
export type { TypeVersion } from "./outdated_versions.ts";
export type { Call, Leftover, LeftoverOptions, Storage } from "../storages/storage.ts";
export type { EntrySigning } from "../signing/entry_signing.ts";
