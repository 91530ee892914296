const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Writes a number of bytes for people, in powers of 1000: `640 kB`, `85 MB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  let value = bytes > 0 ? bytes : 0;
  let unit = 0;
  // Rounded before it is compared, lest 999.6 kB become "1000 kB".
  while (Math.round(value) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const text = unit > 2 && value < 9.95 ? value.toFixed(1) : String(Math.round(value));
  return `${text} ${UNITS[unit]}`;
}
