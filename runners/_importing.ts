// A thread's own note of whether it is just importing a module for its task types.
let importing = 0;

/** Imports a module for what it defines; it must not run a Lab meanwhile. */
export async function importForTypes(module: string): Promise<void> {
  importing++;
  try {
    await import(module);
  } finally {
    importing--;
  }
}

/** Whether a module is being imported for what it defines. */
export function isImporting(): boolean {
  return importing > 0;
}
