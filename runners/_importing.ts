// A thread's own note of whether it is just importing a module for its task types.
let importing = 0;
let isAtWork = () => true;

/** Imports a module for what it defines; it must not run a Lab meanwhile. */
export async function importForTypes(module: string): Promise<void> {
  importing++;
  try {
    await import(module);
  } finally {
    importing--;
  }
}

/** Whether a module is being imported for what it defines, or was, and now does what it should not. */
export function isImporting(): boolean {
  return importing > 0 || !isAtWork();
}

/** Says when this thread does what it is there for; all else that it does comes of imports. */
export function threadWorksOnly(when: () => boolean): void {
  isAtWork = when;
}
