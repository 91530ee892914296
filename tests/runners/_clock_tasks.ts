import { task } from "@labtech/lab";

/** Leaves a clock behind that tells no time; gives a text of so many letters. */
export const Spoiling = task(import.meta, {
  name: "Spoiling",
  cache: null,
  run({ letters }: { readonly n: number; readonly letters: number }) {
    performance.now = () => NaN;
    Date.now = () => NaN;
    return "x".repeat(letters);
  },
});
