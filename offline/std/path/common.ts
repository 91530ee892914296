import { SEPARATOR } from "./constants.ts";

/** The directory, with its separator, that all paths have in common; the path itself if all are equal. */
export function common(paths: string[]): string {
  const [first = "", ...others] = paths;
  const parts = first.split(SEPARATOR);
  let end = parts.length;
  let tail = "";
  for (const other of others) {
    const compared = other.split(SEPARATOR);
    if (compared.length <= end) {
      end = compared.length;
      tail = "";
    }
    const differs = parts.slice(0, end).findIndex((part, i) => part !== compared[i]);
    if (differs < 0) continue;
    end = differs;
    tail = end === 0 ? "" : SEPARATOR;
  }
  return parts.slice(0, end).join(SEPARATOR) + tail;
}
