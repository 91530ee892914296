/** Errors of the operating system that tell of a server which cannot be reached. */
const SYSTEM = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH"],
  ...["ENETUNREACH", "ENETDOWN", "ENOTFOUND", "EAI_AGAIN"],
]);
/**
 * Classes of PostgreSQL's errors: no connection, no room for one more, ending or starting.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const SQL = /^(?:08...|53300|57P0[123])$/;
/**
 * What clients say, without a code, of a connection that broke: that of PostgreSQL; and that of Redis, of several
 * commands that were under way as one.
 */
const BROKEN =
  /^Connection terminated|^timeout exceeded when trying to connect|is not queryable|^Command aborted due to connection close/;

/**
 * Whether an error says that a broker cannot be reached at the moment, as while it is started again. The client of
 * Redis mostly waits for it by itself; that of PostgreSQL gives an error for each question.
 */
export function isAway(error: unknown): boolean {
  const { code, message } = Object(error);
  return SYSTEM.has(code) || (typeof code === "string" && SQL.test(code)) ||
    (typeof message === "string" && BROKEN.test(message));
}
