/** Drivers that are made in code, each with a weakness that some real one has. */
import type { UnstorageDriver } from "../../storages/unstorage.ts";

/** How a driver in memory is weak. */
export interface Weakness {
  /** What becomes of bytes on their way in. */
  readonly taking?: (value: Uint8Array) => unknown;
  /** What a call throws or does first. */
  readonly before?: (call: string, key: string) => void;
  /** What it cannot. */
  readonly without?: readonly (keyof UnstorageDriver)[];
  /** What it is called. @default none */
  readonly name?: string;
}

/** A driver in memory, and what it holds. */
export interface WeakDriver {
  readonly driver: UnstorageDriver;
  readonly items: Map<string, unknown>;
}

/** Makes a driver in memory. */
export function weakDriver(weakness: Weakness = {}): WeakDriver {
  const { taking = (value) => value, before = () => {}, without = [], name } = weakness;
  const items = new Map<string, unknown>();
  const driver: UnstorageDriver = {
    name,
    hasItem: (key) => tell("hasItem", key, () => items.has(key)),
    getItem: (key) => tell("getItem", key, () => items.get(key) ?? null),
    getItemRaw: (key) => tell("getItemRaw", key, () => items.get(key) ?? null),
    setItem: (key, value) => tell("setItem", key, () => items.set(key, value)),
    setItemRaw: (key, value) => tell("setItemRaw", key, () => items.set(key, taking(value))),
    removeItem: (key) => tell("removeItem", key, () => items.delete(key)),
    getKeys: (base) => tell("getKeys", base, () => [...items.keys()]),
    dispose: () => items.clear(),
  };
  return {
    items,
    driver: Object.fromEntries(
      Object.entries(driver).filter(([key]) => !without.includes(key as keyof UnstorageDriver)),
    ) as unknown as UnstorageDriver,
  };

  function tell<T>(call: string, key: string, act: () => T): T {
    before(call, key);
    return act();
  }
}
