/** The version of this library, as in its `deno.json`. */
export const VERSION = "0.1.0";
