/**
 * Names that no storage takes, each for a reason: they leave the place, mean something to a file
 * system, look like others, or are no strings.
 *
 * @module
 */

const ALLOWED = /[A-Za-z0-9_-]/;
const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
/** Every ASCII character that neither keys nor file names may have; dots have rules of their own. */
const FORBIDDEN = ASCII.filter((character) => !ALLOWED.test(character) && character !== ".");

const PATHS = [
  ...["", "/", "\\", "a/b", "a\\b", "./a", ".\\a", "a/", "a\\", "a//b", "~", "~/a", "/etc/passwd"],
  ...["../a", "..\\a", "a/..", "a/../b", "a\\..\\b", "../../../../etc/passwd", "....//a", "..;/a"],
  ...[
    "C:",
    "C:a",
    "C:\\a",
    "c:/a",
    "a:b",
    "a::$DATA",
    "\\\\server\\share",
    "\\\\?\\C:\\a",
    "\\\\.\\nul",
  ],
  ...[
    "file:///etc/passwd",
    "https://example.com/a",
    "//example.com/a",
    "?a",
    "a#b",
    "a?b=c",
    "a&b",
  ],
  ...[
    "%2e%2e",
    "%2e%2e%2fa",
    "..%2fa",
    "..%5ca",
    "%00",
    "a%00b",
    "%252e%252e",
    "%c0%ae%c0%ae",
    "a%2Fb",
  ],
  ...[
    "a\n",
    "a\r\n",
    "\na",
    "a\0",
    "a\0.txt",
    " a",
    "a ",
    "\ta",
    "-rf *",
    "$(id)",
    "`id`",
    "a;id",
    "a|b",
  ],
  ...[
    "${HOME}",
    "{a,b}",
    "[a]",
    "a*",
    "a'b",
    'a"b',
    "<a>",
    "a\x7f",
    "\x1b[31m",
    "a\\0b",
    "%s%n",
    "{{a}}",
  ],
];

const UNICODE = [
  ...[
    "é",
    "e\u0301",
    "ａ",
    "Ａ",
    "COM¹",
    "LPT²",
    "com³",
    "ﬁ",
    "ß",
    "İ",
    "ı",
    "\u212a",
    "ſ",
    "Ω",
    "日本",
    "😀",
  ],
  ...[
    "\ud800",
    "a\udfff",
    "\ufeffa",
    "a\u200d",
    "a\u200bb",
    "\u202ea",
    "a\u00a0b",
    "a\u2028b",
    "\u2024\u2024",
  ],
  ...[
    "a\u2215b",
    "a\uff0fb",
    "a\uff3cb",
    "a\u29f8b",
    "．．",
    "a\u0000b",
    "a\ufffdb",
    "\u0430",
    "а-b",
    "A\u030a",
  ],
];

const NO_STRINGS = [
  ...[
    undefined,
    null,
    true,
    false,
    0,
    1,
    NaN,
    10n,
    Symbol("a"),
    {},
    [],
    ["a"],
    new Date(0),
    () => "a",
  ],
  ...[{ toString: () => "a" }, new String("a"), new Uint8Array([97]), new URL("file:///a")],
];

const DOTTED = [
  ".",
  "..",
  "...",
  ".a",
  "a.",
  "a..b",
  "..a",
  "a..",
  ".gitignore",
  ".git",
  "a. ",
  "a./b",
];

const COMMON: readonly unknown[] = [
  ...PATHS,
  ...UNICODE,
  ...NO_STRINGS,
  ...FORBIDDEN.flatMap((character) => [`a${character}b`, `${character}a`, `a${character}`]),
];

/** Over 300 things that are no keys. */
export const HOSTILE_KEYS: readonly unknown[] = [
  ...COMMON,
  ...DOTTED,
  ...["a.b", "a.json", "metadata.json", "nul.txt", "con.", "x".repeat(201), "X".repeat(1e5)],
];

/** Over 300 things that are no file names. */
export const HOSTILE_FILE_NAMES: readonly unknown[] = [
  ...COMMON,
  ...DOTTED,
  ...[
    "x".repeat(101),
    `${"x".repeat(99)}.x`,
    "x.".repeat(50),
    "X".repeat(1e5),
    "nul.",
    "a.b.",
    "a.b..c",
  ],
];

/** Keys that are fine, and that careless storages confuse, lose or trip over. */
export const DELICATE_KEYS: readonly string[] = [
  ...[
    "case",
    "Case",
    "CASE",
    "cAsE",
    "casE",
    "case-",
    "case_",
    "-",
    "--",
    "_",
    "__",
    "-rf",
    "0",
    "00",
    "-0",
  ],
  ...[
    "con",
    "CON",
    "Con",
    "nul",
    "NUL",
    "aux",
    "prn",
    "com1",
    "COM1",
    "lpt9",
    "CON-1",
    "conin",
    "1e3",
    "1000",
  ],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "null",
    "undefined",
    "true",
    "NaN",
    "tmp",
  ],
  ...["metadata", "metadata-json", "SQUARE", "Square", "square", "a", "A", "ab", "aB", "Ab", "AB"],
  ...[
    "a".repeat(200),
    "A".repeat(200),
    `${"a".repeat(199)}A`,
    `A${"a".repeat(199)}`,
    "z".repeat(199),
  ],
];

/** File names that are fine, and that careless storages confuse, lose or trip over. */
export const DELICATE_FILE_NAMES: readonly string[] = [
  ...[
    "a.txt",
    "A.txt",
    "a.TXT",
    "A.TXT",
    "a",
    "A",
    "a.txt.tmp",
    "tmp",
    "data.tar.gz",
    "-",
    "-rf",
    "_",
    "0",
    "1",
  ],
  ...[
    "con",
    "NUL",
    "nul.txt",
    "com1.json",
    "__proto__",
    "constructor",
    "toString",
    "files",
    "key",
    "entry",
  ],
  ...[
    "x".repeat(100),
    "X".repeat(100),
    `${"x".repeat(95)}.json`,
    "metadata",
    "METADATA.json",
    "gitignore",
  ],
];
