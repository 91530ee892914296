import { assertEquals, assertThrows } from "@std/assert";
import { FEATURES, parsePenguins } from "../penguins.ts";
import { digest, PENGUINS } from "../tasks/load_penguins.ts";

const csv = await Deno.readTextFile(PENGUINS);

Deno.test("the committed file is the one that its README describes", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", PENGUINS));
  const sha256 = await digest(new TextEncoder().encode(csv));
  assertEquals(readme.match(/\b[0-9a-f]{64}\b/)?.[0], sha256);
  assertEquals(csv.trim().split("\n").length, 1 + 344);
});

Deno.test("the birds with measurements are 151 Adelie, 68 Chinstrap and 123 Gentoo", () => {
  const birds = parsePenguins(csv);
  const counts = birds.species.map((_, i) => birds.labels.filter((label) => label === i).length);
  assertEquals(birds.species, ["Adelie", "Chinstrap", "Gentoo"]);
  assertEquals(counts, [151, 68, 123]);
  assertEquals(birds.leftOut, 2);
});

Deno.test("measurements are as published: their means over all birds", () => {
  const { rows } = parsePenguins(csv);
  const means = FEATURES.map((_, i) => {
    const sum = rows.reduce((total, row) => total + row[i]!, 0);
    return Math.round(sum / rows.length * 10) / 10;
  });
  assertEquals(means, [43.9, 17.2, 200.9, 4201.8]);
});

Deno.test("a cell that is neither number nor NA is refused with its line", () => {
  const broken = csv.replace("Adelie,Torgersen,39.5", "Adelie,Torgersen,long");
  assertThrows(
    () => parsePenguins(broken),
    Error,
    'Line 3: expected bill_length_mm to be a number or NA, got "long"',
  );
});

Deno.test("a missing column is refused by name", () => {
  const broken = csv.replace("body_mass_g", "mass");
  assertThrows(() => parsePenguins(broken), Error, 'no column "body_mass_g"');
});
