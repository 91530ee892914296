import { isAutoVersion } from "../code_version/auto.ts";
import { neutralizeLine } from "../progress/neutralize.ts";

/** How much is shown of a version that follows the code: `auto:` and ten digits. */
const SHOWN = 15;

/** A code version for a person, safe to print: `none` where there is none, a digest by its beginning. */
export function versionText(version: string | null | undefined): string {
  if (version === null || version === undefined) return "none";
  return isAutoVersion(version) ? version.slice(0, SHOWN) : neutralizeLine(version);
}
