/**
 * One of the runtime's own `node:` modules, loaded when it is first asked for: importing it at the top
 * would make every program wait for it at its start.
 */
export function builtin<T>(name: string): T {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): unknown };
  };
  return process.getBuiltinModule(name) as T;
}
