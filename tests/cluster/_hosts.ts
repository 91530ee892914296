/** Machines that workers run on, or what stands for them. */
export interface Hosts extends AsyncDisposable {
  /** What they are called. */
  readonly names: readonly string[];
  /** The address of this machine, at which all of them find its servers. */
  readonly address: string;
  /** A program and its arguments, as they are run on a host; the process is that of the program. */
  command(host: string, program: string, args: readonly string[]): [string, string[]];
  /** Cuts a host off from all others, as when a cable is pulled, until it is joined again. */
  cut?(host: string): Promise<void>;
  /** Ends a cut. */
  join?(host: string): Promise<void>;
}

/** Hosts that are all this machine: none of them can be cut off. */
export function sameHosts(count: number): Hosts {
  return {
    names: Array.from({ length: count }, (_, at) => `host-${at + 1}`),
    address: "127.0.0.1",
    command: (_, program, args) => [program, [...args]],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
