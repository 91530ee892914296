import type { TaskTypeInfo } from "@labtech/lab";
import type { Runner, RunSetting } from "@labtech/lab/runners";
import { Seat } from "../../../runners/_seat.ts";
import { ThreadLink } from "../../../runners/_thread_link.ts";
import { WorkersSession } from "../../../runners/_workers_session.ts";

/** The runner of workers, on threads that can end themselves: see `keeping_worker.ts`. */
export class KeepingRunner implements Runner {
  readonly name = "keeping";

  permissions() {
    return {};
  }

  open(setting: RunSetting, types: Iterable<TaskTypeInfo>) {
    const group = { opensStorage: true, stops: false };
    const program = new URL("./keeping_worker.ts", import.meta.url);
    const session = new WorkersSession(setting, [...types], {
      groupOf: () => group,
      take: () => new Seat(new ThreadLink({ program }), group),
      giveBack: (seat) => seat.terminate(),
      checkSendable: structuredClone,
    });
    return Promise.resolve(session);
  }

  [Symbol.asyncDispose]() {
    return Promise.resolve();
  }
}
