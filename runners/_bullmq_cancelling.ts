import { type BrokerLink, EVENTS } from "./_bullmq_link.ts";

/** Told to all workers by a run that is stopped. */
const CANCEL = "lab:cancel";

/** Tells all workers that a run was stopped. `base` is what the names of all queues begin with. */
export async function cancel(link: BrokerLink, base: string, run: string): Promise<void> {
  await link.producer(base).publishEvent({ eventName: CANCEL, run }, EVENTS);
}

/** Is told of runs that were stopped. */
export function onCancel(link: BrokerLink, base: string, told: (run: string) => void): void {
  link.events(base).on(CANCEL, ({ run }) => {
    if (typeof run === "string") told(run);
  });
}
