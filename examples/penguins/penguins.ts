import { parse } from "csv-parse/sync";

/** The four measurements that the models look at, in this order. */
export const FEATURES = [
  "bill_length_mm",
  "bill_depth_mm",
  "flipper_length_mm",
  "body_mass_g",
] as const;

/** Birds as numbers: what a model is fitted on. */
export interface Birds {
  /** The names of the species, in alphabetical order. */
  readonly species: readonly string[];
  /** One row a bird, one column for each of {@link FEATURES}; in mm and g. */
  readonly rows: readonly (readonly number[])[];
  /** The species of each bird, as index into `species`. */
  readonly labels: readonly number[];
  /** How many birds were left out because a measurement of theirs is not known. */
  readonly leftOut: number;
}

/**
 * Reads the penguins' CSV.
 *
 * @throws {Error} When a column is missing, or a measurement is neither a number nor `NA`.
 */
export function parsePenguins(csv: string): Birds {
  const records: Record<string, string>[] = parse(csv, { columns: true });
  const known = records.flatMap((record, i) => {
    const row = FEATURES.map((feature) => measurement(record, feature, i + 2));
    const whole = row.filter((value) => value !== undefined);
    return whole.length === row.length ? [{ row: whole, species: cell(record, "species") }] : [];
  });
  const species = [...new Set(known.map((bird) => bird.species))].sort();
  return {
    species,
    rows: known.map((bird) => bird.row),
    labels: known.map((bird) => species.indexOf(bird.species)),
    leftOut: records.length - known.length,
  };
}

function cell(record: Record<string, string>, column: string): string {
  const text = record[column];
  if (text === undefined) {
    throw new Error(`The penguins' CSV has no column "${column}"`);
  }
  return text;
}

function measurement(
  record: Record<string, string>,
  column: string,
  line: number,
): number | undefined {
  const text = cell(record, column);
  if (text === "NA") return undefined;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new Error(`Line ${line}: expected ${column} to be a number or NA, got "${text}"`);
  }
  return value;
}
