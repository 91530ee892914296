import { Lab, task } from "@labtech/lab";

export const Inner = task(import.meta, { name: "Inner", run: () => "from within" });

/** Runs a Lab of its own, which is its business. */
export const Nesting = task(import.meta, {
  name: "Nesting",
  async run() {
    await using lab = new Lab({ storage: null, runner: "serial", progress: false });
    return await lab.runTask(Inner());
  },
});
