import { assertEquals, assertFalse } from "@std/assert";
import { neutralize, neutralizeKeepingColor, neutralizeLine } from "../../progress/neutralize.ts";

Deno.test("escape sequences of tasks become visible text", () => {
  assertEquals(neutralize("a\x1b[2Jb"), "a␛[2Jb");
  assertEquals(neutralize("\x1b]0;title\x07"), "␛]0;title␇");
  // The clipboard (OSC 52), and a cursor movement whose introducer is a single C1 character.
  assertEquals(neutralize("\x1b]52;c;ZXZpbA==\x1b\\"), "␛]52;c;ZXZpbA==␛\\");
  assertEquals(neutralize("\x9b5A"), "\ufffd5A");
  assertEquals(neutralize("\x00\b\x7f\x85"), "␀␈␡\ufffd");
});

Deno.test("no control but tab and newline is left, whatever the text", () => {
  const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code)).join("");
  for (const text of [all, [...all].reverse().join(""), `\x1b${all}`]) {
    // deno-lint-ignore no-control-regex
    const control = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/;
    assertFalse(control.test(neutralize(text)));
    assertFalse(control.test(neutralizeKeepingColor(text)));
    assertFalse(/[\n\t]/.test(neutralizeLine(text)));
  }
});

Deno.test("colours of tasks go, those of the program stay", () => {
  assertEquals(neutralize("\x1b[1;38;5;9mred\x1b[0m"), "red");
  assertEquals(neutralizeKeepingColor("\x1b[31mred\x1b[0m\x1b[H"), "\x1b[31mred\x1b[0m␛[H");
});

Deno.test("a sequence cannot be smuggled in by hiding it in one that is removed", () => {
  assertEquals(neutralize("\x1b\x1b[0m[2J"), "␛[2J");
  assertEquals(neutralizeKeepingColor("\x1b\x1b[0m[2J"), "␛\x1b[0m[2J");
});

Deno.test("a carriage return is a line end, so that a line cannot overwrite itself", () => {
  assertEquals(neutralize("10%\r20%\r\n30%"), "10%\n20%\n30%");
});

Deno.test("what turns the direction of writing is shown as unknown", () => {
  assertEquals(neutralize("user\u202etxt.exe"), "user\ufffdtxt.exe");
});

Deno.test("other languages and emoji pass", () => {
  const text = "größe 日本語 עברית 👨‍👩‍👧 e\u0301";
  assertEquals(neutralizeLine(text), text);
});
