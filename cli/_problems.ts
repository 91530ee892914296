import type { Problems } from "../maintenance/stored_entries.ts";

/** Says what was left out; nothing when nothing was. */
export function problemText({ torn, foreign }: Problems): string {
  const parts = [
    torn > 0 ? `${torn} damaged` : "",
    foreign > 0 ? `${foreign} that something else made` : "",
  ].filter((part) => part !== "");
  const are = torn + foreign === 1 ? "entry is" : "entries are";
  return parts.length === 0
    ? ""
    : `Left out: ${parts.join(", ")} (${torn + foreign} ${are} not shown)`;
}
