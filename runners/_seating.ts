import type { Job } from "./runner.ts";
import type { PendingJob, Seat, SeatGroup } from "./_seat.ts";

/** What seating works with. */
export interface SeatingSetting {
  /** How many workers may be at work at the same time. */
  readonly maxWorkers: number;
  /** Gives a worker of a kind that takes part in the run, if one can be had. */
  readonly start: (group: SeatGroup) => Seat | undefined;
  /** Hands a worker a job. */
  readonly give: (seat: Seat, pending: PendingJob) => void;
}

/** Which worker gets which job, and when. */
export class Seating {
  readonly #setting: SeatingSetting;
  readonly #seats: Seat[] = [];
  readonly #backlog: PendingJob[] = [];
  #isScheduled = false;
  #isClosed = false;

  constructor(setting: SeatingSetting) {
    this.#setting = setting;
  }

  /** The workers of the run. */
  get seats(): readonly Seat[] {
    return this.#seats;
  }

  /** How many jobs it is of use to have at once, just now. */
  get slots(): number {
    const { maxWorkers } = this.#setting;
    const started = this.#seats.slice(0, maxWorkers).reduce((sum, { window }) => sum + window, 0);
    return started + 2 * Math.max(0, maxWorkers - this.#seats.length);
  }

  /** Takes a job that waits for a worker. */
  add(pending: PendingJob): void {
    this.#backlog.push(pending);
    this.schedule();
  }

  /** Takes a job that a worker was to do, and that is the next one therefore. */
  addFirst(pending: PendingJob): void {
    this.#backlog.unshift(pending);
    this.schedule();
  }

  /** Takes out a job that waits, if it does. */
  remove(pending: PendingJob): void {
    const at = this.#backlog.indexOf(pending);
    if (at >= 0) this.#backlog.splice(at, 1);
  }

  /** Takes out all jobs that wait. */
  removeAll(): PendingJob[] {
    return this.#backlog.splice(0);
  }

  /** A worker takes no further part; gives whether it did. */
  leave(seat: Seat): boolean {
    const at = this.#seats.indexOf(seat);
    if (at >= 0) this.#seats.splice(at, 1);
    return at >= 0;
  }

  /** No worker takes any further part. */
  leaveAll(): Seat[] {
    return this.#seats.splice(0);
  }

  /** Hands out nothing any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Hands out what waits, when all that happens just now has happened. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (!this.#isClosed) this.#distribute();
    });
  }

  // In the order in which they came, so that no kind of worker keeps another from its turn.
  #distribute(): void {
    for (let at = 0; at < this.#backlog.length; at++) {
      const pending = this.#backlog[at]!;
      const seat = this.#seatFor(pending);
      if (seat === undefined) {
        this.#backlog.splice(0, at);
        return this.#send();
      }
      this.#setting.give(seat, pending);
    }
    this.#backlog.length = 0;
    this.#rebalance();
    this.#send();
  }

  #send(): void {
    for (const seat of this.#seats) seat.send();
  }

  // An idle worker first, that holds what the job needs if there is one; a new one before waiting in line.
  #seatFor({ job, group }: PendingJob): Seat | undefined {
    const { maxWorkers } = this.#setting;
    const isFull = this.#seats.filter(({ load }) => load > 0).length >= maxWorkers;
    let alike = 0;
    let best: Seat | undefined;
    for (const seat of this.#seats) {
      if (seat.group !== group) continue;
      alike++;
      if (seat.load >= seat.window || (isFull && seat.load === 0)) continue;
      if (best === undefined || isBetter(seat, best, job)) best = seat;
    }
    const isIdle = best !== undefined && best.load === 0;
    return isIdle || isFull || alike >= maxWorkers ? best : this.#startFor(group) ?? best;
  }

  #startFor(group: SeatGroup): Seat | undefined {
    const seat = this.#setting.start(group);
    if (seat !== undefined) this.#seats.push(seat);
    return seat;
  }

  // Half of the jobs that wait behind a long one go to a worker that has nothing to do.
  #rebalance(): void {
    for (const idle of this.#seats) {
      if (idle.load > 0) continue;
      const other = this.#seats.find(({ load, group }) => load > 1 && group === idle.group);
      other?.recall("share", Math.ceil((other.load - 1) / 2));
    }
  }
}

function isBetter(seat: Seat, best: Seat, job: Job): boolean {
  if ((seat.load === 0) !== (best.load === 0)) return seat.load === 0;
  const [ours, theirs] = [seat, best].map((each) =>
    job.dependencies.slice(0, 8).filter(({ task }) => each.holds(task.id)).length
  ) as [number, number];
  return ours !== theirs ? ours > theirs : seat.load < best.load;
}
