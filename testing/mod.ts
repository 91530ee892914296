/**
 * What third-party parts are held to: suites of tests that the library's own parts pass.
 *
 * @module
 */

export { type StorageContract, storageContract } from "./storage_contract.ts";
export { type CacheContract, cacheContract } from "./cache_contract.ts";
export { type RunnerContract, runnerContract } from "./runner_contract.ts";
export { type FaultContract, faultContract } from "./fault_contract.ts";
