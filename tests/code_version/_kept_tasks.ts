import { task } from "@labtech/lab";

const half = 0.5;

export const Kept = task(import.meta, {
  name: "KeptCode",
  codeVersion: "auto",
  run: ({ x }: { x: number }) => x * half,
});

export const Manual = task(import.meta, { name: "KeptManual", codeVersion: "v1", run: () => 1 });
